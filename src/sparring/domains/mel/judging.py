"""Spectrograms are judged as the sounds that they stand for, and band by band."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from sparring.domains.sound import fidelity
from sparring.domains.sound.judging import likened, of_sounds
from sparring.metrics.judging import Alone, Baseline, Judging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.domains.mel.domain import Mel
    from sparring.metrics.extractor import Extractor


def of_spectrograms(domain: Mel, data: str) -> Judging:
    """The extractors and scores of sounds, which hear what a spectrogram sounds like.

    Partners are compared band by band: no waveform is known of either.
    """
    found, ear = of_sounds(domain.sound, data), _Ear(domain)
    heard = {name: partial(_heard, ear, build) for name, build in found.extractors.items()}
    return replace(
        found,
        extractors=heard,
        alone={name: partial(_told, ear, tell) for name, tell in found.alone.items()},
        measures={"mel": likened(fidelity.of_spectrograms)},
        baselines=_unlearnt,
        mending={},
    )


def _unlearnt(source: Domain, targets: Callable[[], Tensor]) -> Mapping[str, Baseline]:
    """Only a spectrogram can stand for the one that is to be made of it."""
    from sparring.domains.mel.domain import Mel

    if not isinstance(source, Mel):
        return {}
    from sparring.domains.mel import baselines

    return {"identity": baselines.identity, "bands": baselines.bands(targets())}


class _Ear:
    """Makes sounds of spectrograms; the last ones are kept, as several listen to them in turn."""

    def __init__(self, domain: Mel) -> None:
        self.domain = domain
        self.last: tuple[Tensor, Tensor] | None = None

    def __call__(self, spectrograms: Tensor) -> Tensor:
        """Encoded sounds (N, C, L)."""
        last = self.last
        if last is not None and last[0].device == spectrograms.device:
            if torch.equal(last[0], spectrograms):
                return last[1]
        sounds = self.domain.sound.encode(self.domain.decode(spectrograms))
        self.last = spectrograms.clone(), sounds
        return sounds


def _told(ear: _Ear, tell: Alone, spectrograms: Tensor) -> Tensor:
    return tell(ear(spectrograms))


def _heard(ear: _Ear, build: Callable[[], Extractor]) -> Extractor:
    found = build()
    return replace(found, read=lambda samples: found.read(ear(samples)))
