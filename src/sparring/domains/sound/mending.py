"""What can be done for broken sound without any learning, so that learning must beat it.

Each maps a condition's map (N, C', length) and the samples' shape (C, length) to waveforms
(N, C, length) in [-1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.core.spectra import istft, stft
from sparring.metrics.judging import Baseline

WINDOW, HOP = 512, 128
QUIETEST = 0.1
"""Share of the frames, each frequency's quietest ones, that are taken for noise alone."""
OVER, LEAST = 2.0, 0.1
"""How many times the noise is taken away, and the share of each magnitude that stays."""


def known() -> dict[str, dict[str, Baseline]]:
    """What can be done about broken sound, by what happened to it."""
    return {
        "damaged": {"identity": identity, "subtraction": subtraction},
        "missing": {"silence": identity, "line": line},
    }


def identity(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What was given, without its mask."""
    return given[:, : shape[0]].clamp(-1, 1)


def subtraction(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Spectral subtraction (Boll, 1979): magnitudes less those of the noise, phases kept."""
    waves = identity(given, shape)
    length = waves.shape[-1]
    spectra = stft(torch.nn.functional.pad(waves, (0, -length % HOP)), WINDOW, HOP)
    loud = spectra.abs()
    few = max(1, round(QUIETEST * loud.shape[-1]))
    noise = loud.sort(-1).values[..., :few].mean(-1, keepdim=True)
    left = torch.maximum(loud - OVER * noise, LEAST * loud) / loud.clamp_min(1e-9)
    return istft(spectra * left, WINDOW, HOP)[..., :length].clamp(-1, 1)


def line(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Each gap crossed by a straight line from its last known sample to the next."""
    import numpy as np

    waves, gone = identity(given, shape), (given[:, -1] > 0).numpy()
    places = np.arange(waves.shape[-1])
    filled = [
        [np.interp(places, places[~mask], channel[~mask]) for channel in wave]
        for wave, mask in zip(waves.numpy(), gone, strict=True)
    ]
    return torch.from_numpy(np.array(filled)).float()
