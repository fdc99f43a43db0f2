"""How near each output is to its true partner: one value per sound, (N,) float64.

Sounds are (N, C, samples) in [-1, 1]. What cannot be said of one is NaN.
"""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import torch
from torch import Tensor

from sparring.core import spectra
from sparring.core.errors import InputError

RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))
"""Windows and hops of `stft`."""
QUIET = 1e-5
"""Magnitudes below it are silence."""
TINY = 1e-10
WIDE, NARROW = 16_000, 8_000
"""The rates that PESQ is defined at."""
EQUAL = 60.0
"""The most that `si_sdr` says, and the least below 0."""


def mel(fake: Tensor, real: Tensor, rate: int) -> Tensor:
    """Mean absolute difference of mel bands in decibels; 0 is best.

    Raises:
        InputError: not sounds, or of differing shapes.
    """
    _check(fake, real)
    return _apart(*(spectra.log_mel(x.float(), rate) for x in (fake, real)))


def of_spectrograms(fake: Tensor, real: Tensor) -> Tensor:
    """As `mel`, of log-mel spectrograms (N, C, 80, frames) in about [-1, 1]."""
    return _apart(*(spectra.from_unit(x.float()).clamp_min(-5.0) for x in (fake, real)))


def _apart(fake: Tensor, real: Tensor) -> Tensor:
    return 20 * (fake - real).abs().flatten(1).double().mean(1)


def stft(fake: Tensor, real: Tensor) -> Tensor:
    """Spectral convergence plus distance of log magnitudes, over three resolutions; 0 is best.

    Yamamoto et al. 2020, eq. 5 to 7: the Frobenius norm of the difference against that of the
    truth, plus the mean absolute difference of natural logarithms.

    Raises:
        InputError: not sounds, of differing shapes, or shorter than a window.
    """
    _check(fake, real)
    found = []
    for window, hop in RESOLUTIONS:
        x, y = (
            spectra.stft_magnitude(v.float(), window, hop).flatten(1).double().clamp_min(QUIET)
            for v in (fake, real)
        )
        found.append((x - y).norm(dim=1) / y.norm(dim=1) + (x.log() - y.log()).abs().mean(1))
    return torch.stack(found).mean(0)


def si_sdr(fake: Tensor, real: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio in dB, within [-60, 60] (Le Roux et al. 2019).

    Raises:
        InputError: not sounds, or of differing shapes.
    """
    _check(fake, real)
    x, y = (v.double().flatten(1) for v in (fake, real))
    scaled = (x * y).sum(1, keepdim=True) / y.square().sum(1, keepdim=True).clamp_min(TINY) * y
    ratio = scaled.square().sum(1) / (x - scaled).square().sum(1).clamp_min(TINY)
    return (10 * ratio.clamp_min(TINY).log10()).clamp(-EQUAL, EQUAL)


def stoi(fake: Tensor, real: Tensor, rate: int) -> Tensor:
    """Short-time objective intelligibility (Taal et al. 2011), in [0, 1]; 1 is best.

    NaN of sounds with less than a third of a second above -40 dB.

    Raises:
        InputError: not sounds, of differing shapes, or pystoi is not installed.
    """
    _check(fake, real)
    if not installed("pystoi"):
        raise InputError("stoi needs pystoi: pip install 'sparring[speech]'.")
    import pystoi

    def one(x: Any, y: Any) -> float:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            value = float(pystoi.stoi(y, x, rate))
        return float("nan") if any("Not enough STFT" in str(w.message) for w in said) else value

    return _each(one, fake, real)


def pesq(fake: Tensor, real: Tensor, rate: int) -> Tensor:
    """Perceptual evaluation of speech quality (ITU-T P.862.2; P.862 at 8 kHz), up to 4.6.

    NaN where it finds no speech. Other rates than 8 and 16 kHz are resampled to 16.

    Raises:
        InputError: not sounds, of differing shapes, or pesq is not installed.
    """
    _check(fake, real)
    if not installed("pesq"):
        raise InputError("pesq needs the package pesq: pip install pesq.")
    import pesq as library

    from sparring.domains.sound.recordings import resampled

    wanted = rate if rate in (WIDE, NARROW) else WIDE

    def one(x: Any, y: Any) -> float:
        made, true = (resampled(v[:, None], rate, wanted)[:, 0] for v in (x, y))
        if not (made.any() and true.any()):
            return float("nan")
        try:
            return float(library.pesq(wanted, true, made, "nb" if wanted == NARROW else "wb"))
        except library.PesqError:
            return float("nan")

    return _each(one, fake, real)


def installed(package: str) -> bool:
    """Whether a package is there; it is not imported."""
    return importlib.util.find_spec(package) is not None


def _each(one: Any, fake: Tensor, real: Tensor) -> Tensor:
    """A function of two waveforms (samples,), for the mean of all channels of each pair."""
    pairs = zip(fake.double().mean(1).numpy(), real.double().mean(1).numpy(), strict=True)
    return torch.tensor([one(x, y) for x, y in pairs], dtype=torch.float64)


def _check(fake: Tensor, real: Tensor) -> None:
    shape = tuple(fake.shape)
    if fake.shape != real.shape:
        raise InputError(f"outputs {shape} and truths {tuple(real.shape)} must be of one shape.")
    if fake.ndim != 3:
        raise InputError(f"this score needs sounds (N, C, samples), not {shape}.")
