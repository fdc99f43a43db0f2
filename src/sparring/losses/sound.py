"""What a generator of sound pays beside its adversarial loss: functions that return a Term."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sparring.core.ranges import Every, Size
from sparring.core.schedule import scheduled
from sparring.core.spectra import log_mel, stft_magnitude
from sparring.core.types import Round, Term
from sparring.losses.pictures import Weight

QUIET = 1e-4
"""Magnitudes below it count as silence, whose logarithm would be all that is heard."""


def mel(weight: Weight = 15.0, every: Every = 1, rate: Size = 16_000) -> Term:
    """The distance E |log10 mel of fake - that of real| (HiFi-GAN: Kong et al., 2020, eq. 4).

    With the natural logarithm the paper weighs it 45, for the sum over its 8 discriminators; here
    the adversarial loss is their mean.

    Args:
        weight: Of the term.
        every: Steps between two of them.
        rate: Samples of sound a second.
    """

    def measure(played: Round) -> Tensor:
        return (log_mel(played.fake, rate) - log_mel(played.real, rate)).abs().mean()

    return Term("mel", "generator", measure, scheduled(weight), every)


def stft(
    weight: Weight = 2.0, every: Every = 1, windows: Sequence[Size] = (512, 1024, 2048)
) -> Term:
    """Distance of magnitudes, mean over resolutions (Yamamoto et al., 2020, eq. 5 to 7).

    Of each: ||real - fake|| / ||real||, and E |log real - log fake|.
    """

    def measure(played: Round) -> Tensor:
        distances = [magnitude_distance(played.real, played.fake, size) for size in windows]
        return torch.stack(distances).mean()

    return Term("stft", "generator", measure, scheduled(weight), every)


def magnitude_distance(real: Tensor, fake: Tensor, window: int) -> Tensor:
    """Relative and logarithmic distance of magnitudes at one resolution, mean over waveforms."""
    one, other = (stft_magnitude(wave, window, window // 4) for wave in (real, fake))
    # A piece of silence has no norm to compare with.
    apart = (one - other).norm(dim=(-2, -1)) / one.norm(dim=(-2, -1)).clamp_min(1.0)
    logs = one.clamp_min(QUIET).log() - other.clamp_min(QUIET).log()
    return apart.mean() + logs.abs().mean()
