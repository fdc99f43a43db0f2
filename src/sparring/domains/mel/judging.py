"""Spectrograms are judged as the sounds that they stand for, and band by band."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

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
    found = of_sounds(domain.sound, data)
    heard = {name: partial(_heard, domain, build) for name, build in found.extractors.items()}

    return replace(
        found,
        extractors=heard,
        alone={name: partial(_told, domain, tell) for name, tell in found.alone.items()},
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


def _told(domain: Mel, tell: Alone, spectrograms: Tensor) -> Tensor:
    return tell(_sounds(domain, spectrograms))


def _sounds(domain: Mel, spectrograms: Tensor) -> Tensor:
    return domain.sound.encode(domain.decode(spectrograms))


def _heard(domain: Mel, build: Callable[[], Extractor]) -> Extractor:
    found = build()
    return replace(found, read=lambda samples: found.read(_sounds(domain, samples)))
