"""How a spectrogram becomes sound: by the shipped vocoder, or by phases alone."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core import spectra
from sparring.core.types import Condition, Spec
from sparring.networks.shipped import shipped

if TYPE_CHECKING:
    from sparring.networks.vocoder import Generator

WEIGHTS = Path(__file__).parent / "weights" / "vocoder.safetensors"
RATE = 16_000
"""Samples a second of the sound that the vocoder learned; spectra of other rates look otherwise."""
LOUDEST = 5 / 3
"""The loudest mel that is taken, 60 dB above what is 1 in a sample."""
FRAMES = 1024
"""Frames made at once; a longer spectrogram is made in pieces."""


@torch.no_grad()
def waveforms(samples: Tensor, rate: int) -> Tensor:
    """Log-mel spectrograms (N, C, 80, frames) in [-1, 1] to waveforms (N, C, 256 frames)."""
    heard = samples.clamp(-1.0, LOUDEST)
    if torch.onnx.is_in_onnx_export() and rate == RATE:
        return at_once(heard)
    make = by_vocoder if rate == RATE else by_phases
    return torch.stack([make(sample, rate) for sample in heard])


def at_once(samples: Tensor) -> Tensor:
    """All of them whole by the shipped vocoder: a graph counts neither samples nor pieces."""
    made: Tensor = vocoder()(samples.new_zeros(1, 0), Condition(map=samples.flatten(1, 2)))
    return made


def by_phases(sample: Tensor, rate: int) -> Tensor:
    """One of them by Griffin and Lim's algorithm, which learnt nothing."""
    mels = 10 ** spectra.from_unit(sample)
    return spectra.griffin_lim(spectra.magnitude_of(mels, rate)).clamp(-1, 1)


def by_vocoder(sample: Tensor, rate: int = RATE) -> Tensor:
    """One of them by the shipped vocoder, in pieces that know enough of their neighbours."""
    network = vocoder().to(sample.device)
    frames, reach = sample.shape[-1], network.reach
    pieces = []
    for start in range(0, frames, FRAMES):
        left, end = max(0, start - reach), min(start + FRAMES, frames)
        known = Condition(map=sample[..., left : end + reach])
        made = network(sample.new_zeros(len(sample), 0), known)[:, 0]
        pieces.append(made[:, spectra.HOP * (start - left) : spectra.HOP * (end - left)])
    return torch.cat(pieces, dim=1)


@functools.cache
def vocoder() -> Generator:
    """The shipped vocoder, mono, of any number of frames.

    Raises:
        InputError: its weights are missing or damaged.
    """
    from sparring.networks.vocoder import Generator

    frames = 64
    spec = Spec((1, spectra.HOP * frames), latent=0, map=(spectra.BANDS, frames))
    return shipped("vocoder", WEIGHTS, lambda weights: Generator(spec, rate=RATE))[0]
