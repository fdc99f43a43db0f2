"""Vocode: the waveform of a mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core import spectra
from sparring.core.errors import InputError
from sparring.core.ranges import Amount, Size
from sparring.core.spectra import BANDS, HOP, WINDOW, from_unit, log_mel, to_unit
from sparring.core.types import Batch, Condition, Items
from sparring.domains.sound.baselines import griffin_lim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging, Score


@dataclass(frozen=True)
class Vocode:
    """The map is the log-mel spectrogram of the sound itself, (80 C, length / 256), 1-D.

    `rate` is that of the sound, in samples a second; each sound of a batch is made quieter by up
    to `quieter` dB, so that a vocoder learns every loudness.
    """

    rate: Size = 16_000
    quieter: Amount = 12.0

    conditions = frozenset({"map"})
    abilities = frozenset({"translate"})
    sources = "none"

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """(80 C, length / 256).

        Raises:
            InputError: no sound, or a length that is no multiple of 256, or too short.
        """
        if len(sample) != 2 or sample[1] % HOP or sample[1] < WINDOW:
            raise InputError(
                f"a vocoder learns from sound (C, length) whose length is a multiple of {HOP} and "
                f"at least {WINDOW}, not from samples {sample}."
            )
        return (BANDS * sample[0], sample[1] // HOP)

    def prepare(self, items: Items) -> Batch:
        """Encoded sounds (N, C, length) to a batch of them, some quieter, with their mels."""
        real = items["sample"]
        drawn = torch.rand(len(real), 1, 1).to(real.device)
        real = real * 10 ** (-self.quieter / 20 * drawn)
        return Batch(real, Condition(map=self.mels(real)))

    def known(self, items: Items) -> Condition:
        """The mels of a sound that is to be made anew."""
        return Condition(map=self.mels(items["source"]))

    def mels(self, waves: Tensor) -> Tensor:
        """Log-mel spectrograms (N, 80 C, frames) of sounds (N, C, length), in about [-1, 1]."""
        return to_unit(log_mel(waves, self.rate)).flatten(1, 2)

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add."""
        return fake

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """Those of the sounds' domain."""
        return judging.measures

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """Griffin and Lim's algorithm, of mono."""
        return {"griffin-lim": griffin_lim(self.rate)} if source.shape[0] == 1 else {}

    def shown(self, condition: Condition) -> Tensor:
        """The sound that Griffin and Lim's algorithm makes of the mels, (N, C, length)."""
        assert condition.map is not None
        mels = 10 ** from_unit(condition.map.unflatten(1, (-1, BANDS)))
        return spectra.griffin_lim(spectra.magnitude_of(mels, self.rate)).clamp(-1, 1)
