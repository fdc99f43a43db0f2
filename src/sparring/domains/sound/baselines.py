"""Baselines: what can be done for a sound without any learning, so that learning must beat it.

Most map a condition's map and the samples' shape to samples; those that make sounds from nothing
take training samples (N, C, samples) and their labels (N,).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.core import spectra
from sparring.core.streams import stream
from sparring.domains.sound.mending import identity
from sparring.metrics.judging import Baseline

STEPS = 60
"""Of Griffin and Lim's algorithm."""


def matched_spectrum(targets: Tensor) -> Baseline:
    """Every frequency as loud, on average, as it is in the targets (M, C, samples)."""
    aim = _loudness(targets)

    def match(given: Tensor, shape: tuple[int, ...]) -> Tensor:
        sound = identity(given, shape)
        found = spectra.stft(sound)
        gain = aim / _loudness(sound).clamp_min(1e-8)
        return _as_long(spectra.istft(found * gain[:, None]), sound).clamp(-1, 1)

    return match


def _loudness(sounds: Tensor) -> Tensor:
    """(bins,) root mean square over all frames of sounds (N, C, samples)."""
    power = [spectra.stft_magnitude(part).square().mean((1, 3)).sum(0) for part in sounds.split(64)]
    return (torch.stack(power).sum(0) / len(sounds)).sqrt()


def griffin_lim(rate: int) -> Baseline:
    """Waveforms that have the given log-mel spectrograms (N, 80, frames), by 60 iterations."""

    def invert(given: Tensor, shape: tuple[int, ...]) -> Tensor:
        mels = 10 ** spectra.from_unit(given.float())
        waves = spectra.griffin_lim(spectra.magnitude_of(mels, rate), STEPS)
        return waves[:, None].expand(-1, *shape).clamp(-1, 1)

    return invert


def filtered_noise(samples: Tensor, labels: Tensor, wanted: Tensor, seed: int = 0) -> Tensor:
    """Noise with the mean power spectrum of its label's training samples, as long as these.

    `wanted` (M,) are labels; (M, C, samples) in [-1, 1] come out.
    """
    draw = stream("filtered noise", seed)
    made = torch.empty(len(wanted), *samples.shape[1:])
    for label in wanted.unique().tolist():
        known = samples[labels == label]
        size = torch.fft.rfft(known).abs().square().mean(0).sqrt()
        rows = wanted == label
        noise = torch.randn(int(rows.sum()), *samples.shape[1:], generator=draw)
        flat = torch.fft.rfft(noise) / samples.shape[-1] ** 0.5
        made[rows] = torch.fft.irfft(flat * size, samples.shape[-1])
    return made.clamp(-1, 1)


def halves(samples: Tensor, labels: Tensor, wanted: Tensor, seed: int = 0) -> Tensor:
    """The first half of a training sample and the second of another one of the same label."""
    draw = stream("halves", seed)
    middle = samples.shape[-1] // 2
    made = torch.empty(len(wanted), *samples.shape[1:])
    for place, label in enumerate(wanted.tolist()):
        known = (labels == label).nonzero()[:, 0]
        first, second = known[torch.randperm(len(known), generator=draw)[:2]].tolist()
        made[place] = torch.cat([samples[first, :, :middle], samples[second, :, middle:]], -1)
    return made


def _as_long(waves: Tensor, sound: Tensor) -> Tensor:
    """Waveforms of whole frames made as long as the sound, by its own end."""
    return torch.cat([waves, sound[..., waves.shape[-1] :]], -1)
