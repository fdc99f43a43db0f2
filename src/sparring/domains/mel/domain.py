"""Log-mel spectrograms of waveforms: what a network sees where a waveform is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.errors import InputError
from sparring.domains.sound.domain import Sound, waves
from sparring.domains.sound.recordings import WRITABLE

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.core.types import Block
    from sparring.domains.sound.files import SoundFiles
    from sparring.metrics.judging import Judging

HOP = 256
"""Samples a frame, as in `core.spectra`."""


@dataclass(frozen=True)
class Mel:
    """Spectrograms (channels, 80, length / 256) of waveforms, in about [-1, 1].

    Stored items are waveforms, int16, as `Sound` stores them.

    Raises:
        InputError: a length of no whole frames, more than two channels.
    """

    length: int
    rate: int = 16_000
    channels: int = 1

    suffixes: ClassVar[tuple[str, ...]] = WRITABLE
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Sound(self.length, self.rate, self.channels)
        if self.length % HOP or self.length < 2 * HOP:
            raise InputError(f"spectrograms need whole frames of {HOP} samples, not {self.length}.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, mel bands and frames."""
        return self.channels, 80, self.length // HOP

    @property
    def head(self) -> str:
        """Samples have no bounds: a loud sound may lie above 1."""
        return "linear"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All numbers are of one kind."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Stored waveforms (N, C, L) to log-mel spectrograms (N, C, 80, L / 256)."""
        from sparring.core import spectra

        return spectra.to_unit(spectra.log_mel(self.sound.encode(stored), self.rate))

    def decode(self, samples: Tensor) -> Tensor:
        """Spectrograms (N, C, 80, frames) to waveforms (N, C, 256 frames), int16."""
        from sparring.domains.mel.voice import waveforms

        return waves(waveforms(samples.detach().float(), self.rate))

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one waveform (C, L), or one spectrogram (C, 80, frames) made into one."""
        self.sound.write(self._stored(stored[None])[0], path)

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a grid of samples (N, C, 80, frames): waveform above spectrogram."""
        self.sound.preview(self._stored(samples), path, columns)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """Players of samples (N, C, 80, frames), below what they look like."""
        return self.sound.embed(self._stored(samples), columns)

    @property
    def reading(self) -> dict[str, Any]:
        """As sounds."""
        return self.sound.reading

    def judging(self, data: str) -> Judging:
        """As sounds."""
        from sparring.domains.mel.judging import of_spectrograms

        return of_spectrograms(self, data)

    @property
    def files(self) -> SoundFiles:
        """As sounds."""
        return self.sound.files

    def _stored(self, values: Tensor) -> Tensor:
        """Stored waveforms of what may be stored or encoded."""
        return self.decode(values) if values.is_floating_point() else values

    @property
    def sound(self) -> Sound:
        """The sample space of the waveforms themselves."""
        return Sound(self.length, self.rate, self.channels)
