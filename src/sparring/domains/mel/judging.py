"""Spectrograms are judged as the sounds that they stand for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sparring.domains.mel.domain import Mel
from sparring.domains.sound.judging import of_sounds
from sparring.metrics.judging import Judging

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.judging import Baseline


def of_spectrograms(domain: Mel, data: str) -> Judging:
    """The extractors of sounds, which hear what a spectrogram sounds like."""
    found = of_sounds(domain._sound, data)
    heard = {name: partial(_heard, domain, build) for name, build in found.extractors.items()}
    return replace(found, extractors=heard, baselines=_unlearnt, mending={})


def _unlearnt(source: Domain, targets: Callable[[], Tensor]) -> dict[str, Baseline]:
    """Only a spectrogram can stand for the one that is to be made of it."""
    from sparring.domains.mel import baselines

    if not isinstance(source, Mel):
        return {}
    return {"identity": baselines.identity, "bands": baselines.bands(targets())}


def _heard(domain: Mel, build: Callable[[], Extractor]) -> Extractor:
    found = build()
    sound = domain._sound
    return replace(found, read=lambda samples: found.read(sound.encode(domain.decode(samples))))
