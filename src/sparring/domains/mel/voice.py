"""How a spectrogram becomes sound."""

from __future__ import annotations

from torch import Tensor

from sparring.core import spectra


def waveforms(samples: Tensor, rate: int) -> Tensor:
    """Log-mel spectrograms (N, C, 80, frames) in [-1, 1] to waveforms (N, C, 256 frames)."""
    return by_phases(samples, rate)


def by_phases(samples: Tensor, rate: int) -> Tensor:
    """By Griffin and Lim's algorithm, which learnt nothing."""
    mels = 10 ** spectra.from_unit(samples).clamp(-5, 3)
    return spectra.griffin_lim(spectra.magnitude_of(mels, rate)).clamp(-1, 1)
