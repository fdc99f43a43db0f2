"""Sound as its spectra: short-time Fourier transforms, mel bands, and back by Griffin and Lim.

The settings are one for all that hears or makes sound here: windows of 1,024 samples (Hann), 256
apart, and 80 mel bands in Slaney's scale from 0 to half the rate, each of equal area. A waveform is
reflected by (window - hop) / 2 at both ends, so that its frames are exactly length / hop.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.core.precision import full_precision

WINDOW = 1024
HOP = 256
BANDS = 80
FLOOR = 1e-5
"""Mel magnitudes below it are silence."""
_LINEAR = 200 / 3
"""Slaney's scale: hertz a mel below 1,000 Hz; above, 27 mels are a factor of 6.4."""


def stft(waves: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """Waveforms (..., length) to complex spectra (..., window / 2 + 1, length // hop).

    `length` must be more than (window - hop) / 2.
    """
    margin = (window - hop) // 2
    with full_precision(waves):
        flat = F.pad(waves.reshape(-1, waves.shape[-1]).float(), (margin, margin), "reflect")
        shape = torch.hann_window(window, device=waves.device)
        spectra = torch.stft(flat, window, hop, window=shape, center=False, return_complex=True)
    return spectra.reshape(*waves.shape[:-1], *spectra.shape[-2:])


def istft(spectra: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """Complex spectra (..., window / 2 + 1, frames) to waveforms (..., frames * hop).

    The least-squares inverse of `stft`: windowed frames are added and divided by the windows' sum.
    The window is a whole number of hops.
    """
    shape = torch.hann_window(window, device=spectra.device)
    weights = _added(shape.square().expand(1, spectra.shape[-1], -1), hop).clamp_min(1e-8)
    return _inner(_overlapped(spectra, shape, hop) / weights, spectra, window, hop)


def overlap_add(spectra: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """As `istft`, but the windowed frames are added as they are.

    Hann windows half of one apart add up to 1: a bin whose phase goes on is a pure tone, where
    the least-squares inverse takes a lone bin for a tone that beats with the frames.
    """
    shape = torch.hann_window(window, device=spectra.device)
    return _inner(_overlapped(spectra, shape, hop), spectra, window, hop)


def _overlapped(spectra: Tensor, shape: Tensor, hop: int) -> Tensor:
    """Complex spectra (..., bins, frames) to windowed waves, added up: (N, samples)."""
    rows = spectra.reshape(-1, *spectra.shape[-2:]).transpose(1, 2)
    return _added(torch.fft.irfft(rows, len(shape)) * shape, hop)


def _inner(total: Tensor, spectra: Tensor, window: int, hop: int) -> Tensor:
    """What lies in the middle: (..., frames * hop)."""
    margin, samples = (window - hop) // 2, spectra.shape[-1] * hop
    # The first dimension is what is left over, so that a traced graph takes any batch.
    lead = (-1, *spectra.shape[1:-2])[: len(spectra.shape) - 2]
    return total[:, margin : margin + samples].reshape(*lead, samples)


def _added(pieces: Tensor, hop: int) -> Tensor:
    """Overlapping pieces (N, frames, window), `hop` apart, to their sum (N, samples)."""
    # As whole hops side by side; `fold` takes four times as long on a CPU.
    parts = pieces.unflatten(2, (-1, hop)).unbind(2)
    late = len(parts) - 1
    total = F.pad(parts[0], (0, 0, 0, late))
    for hops, part in enumerate(parts[1:], start=1):
        total = total + F.pad(part, (0, 0, hops, late - hops))
    return total.flatten(1)


def stft_magnitude(waves: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """Waveforms (..., length) to magnitudes (..., window / 2 + 1, length // hop)."""
    return stft(waves, window, hop).abs()


@functools.cache
def filterbank(rate: int, window: int = WINDOW, bands: int = BANDS) -> Tensor:
    """Triangles of equal area, (bands, window / 2 + 1), evenly spaced in Slaney's mels."""
    top = _mels(rate / 2)
    # Kept for later, perhaps in training, whatever device a dry run is on.
    with torch.inference_mode(False), torch.device("cpu"):
        edges = torch.tensor([_hertz(top * i / (bands + 1)) for i in range(bands + 2)])
        bins = torch.linspace(0, rate / 2, window // 2 + 1)
        low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        rising = (bins - low) / (middle - low)
        falling = (high - bins) / (high - middle)
        return torch.minimum(rising, falling).clamp_min(0) * 2 / (high - low)


def _mels(hertz: float) -> float:
    if hertz < 1000:
        return hertz / _LINEAR
    return 1000 / _LINEAR + 27 * math.log(hertz / 1000, 6.4)


def _hertz(mels: float) -> float:
    below = 1000 / _LINEAR
    return mels * _LINEAR if mels < below else 1000 * 6.4 ** ((mels - below) / 27)


def mel(waves: Tensor, rate: int) -> Tensor:
    """Waveforms (..., length) to mel magnitudes (..., 80, length // 256)."""
    magnitudes = stft_magnitude(waves)
    with full_precision(waves):
        return filterbank(rate).to(waves.device) @ magnitudes


def log_mel(waves: Tensor, rate: int) -> Tensor:
    """Waveforms (..., length) to log10 of mel magnitudes, at least -5: (..., 80, length // 256)."""
    return mel(waves, rate).clamp_min(FLOOR).log10()


def to_unit(log_mels: Tensor) -> Tensor:
    """log10 of mel magnitudes to about [-1, 1]: silence (-5) is -1, a loud tone (1) is 1."""
    return (log_mels + 2) / 3


def from_unit(unit: Tensor) -> Tensor:
    """Back from `to_unit`."""
    return unit * 3 - 2


def magnitude_of(mels: Tensor, rate: int, steps: int = 30) -> Tensor:
    """Mel magnitudes (..., 80, frames) to spectral magnitudes (..., 513, frames), none below 0.

    Least squares by the multiplicative steps of Lee and Seung, from the bands smeared over bins.
    """
    bank = filterbank(rate).to(mels.device)
    with full_precision(mels):
        aim = bank.T @ mels.float()
        magnitudes = aim / (bank.T @ bank).sum(1, keepdim=True).clamp_min(1e-12)
        for _ in range(steps):
            magnitudes = magnitudes * aim / (bank.T @ (bank @ magnitudes)).clamp_min(1e-12)
    return magnitudes


def griffin_lim(magnitudes: Tensor, steps: int = 32, momentum: float = 0.99) -> Tensor:
    """Magnitudes (..., 513, frames) to waveforms (..., frames * 256) that have them nearly.

    The fast algorithm (Perraudin, Balazs and Sondergaard, 2013) from phases that are always the
    same, so that a spectrogram has one sound.
    """
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(magnitudes.shape[-2:], generator=generator).to(magnitudes.device)
    angles = torch.polar(torch.ones_like(first), 2 * math.pi * first).expand(magnitudes.shape)
    before = torch.zeros_like(angles)
    for _ in range(steps):
        rebuilt = stft(istft(magnitudes * angles))
        ahead = rebuilt + momentum * (rebuilt - before)
        angles, before = ahead / ahead.abs().clamp_min(1e-12), rebuilt
    return istft(magnitudes * angles)
