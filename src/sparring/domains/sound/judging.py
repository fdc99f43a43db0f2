"""What sounds are judged by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sparring.core import spectra
from sparring.domains.sound import mending
from sparring.metrics.extractor import Extractor, of_function
from sparring.metrics.judging import Judging

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.domains.sound.domain import Sound


def of_sounds(domain: Sound, data: str) -> Judging:
    """The mean and the spread over time of each mel band."""
    return Judging(extractors={"bands": partial(bands, domain.rate)}, mending=mending.known())


def bands(rate: int) -> Extractor:
    """No network at all: how loud each mel band is, and how much that changes, (N, 160)."""
    return of_function("bands", partial(_bands, rate), "none")


def _bands(rate: int, samples: Tensor) -> Tensor:
    import torch

    levels = spectra.to_unit(spectra.log_mel(samples.float().mean(1), rate))
    return torch.cat([levels.mean(-1), levels.std(-1)], 1)
