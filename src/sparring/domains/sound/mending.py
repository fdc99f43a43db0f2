"""What can be done for broken sound without any learning, so that learning must beat it.

Each maps a condition's map (N, C', length) and the samples' shape (C, length) to waveforms
(N, C, length) in [-1, 1].
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from sparring.core.spectra import istft, stft
from sparring.metrics.judging import Baseline

WINDOW, HOP = 512, 128
QUIETEST = 0.1
"""Share of the frames, each frequency's quietest ones, that are taken for noise alone."""
OVER, LEAST = 2.0, 0.1
"""How many times the noise is taken away, and the share of each magnitude that stays."""
TINY = 1e-12
AT_PEAK = 1e-3
"""The share of the peak within which a sample is at it: one step of 16 bits at a peak of 3 %."""
CONTEXT, ORDER = 2048, 512
"""Samples beside a gap that are gone by, and how many of them each sample is predicted from."""


def known() -> dict[str, dict[str, Baseline]]:
    """What can be done about broken sound, by what happened to it."""
    return {
        "damaged": {"identity": identity, "subtraction": subtraction},
        "clipped": {"identity": identity, "cubic": cubic},
        "missing": {"silence": identity, "line": line, "autoregression": autoregression},
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


def cut_off(waves: Tensor) -> Tensor:
    """Which samples of clipped waveforms (N, C, length) are not what they were: those at the peak.

    Where nothing was clipped, that is hardly more than one sample.
    """
    size = waves.abs()
    return size >= size.amax((1, 2), keepdim=True) * (1 - AT_PEAK)


def cubic(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Each cut-off peak by the cubic that goes on with the slopes on both sides of it."""
    import numpy as np

    waves = identity(given, shape)
    peaks, made = cut_off(waves).numpy(), waves.clone().numpy()
    places = np.arange(waves.shape[-1])
    for wave, over in zip(
        made.reshape(-1, len(places)), peaks.reshape(-1, len(places)), strict=True
    ):
        known = places[~over]
        if len(known) < 4:
            continue
        right = np.searchsorted(known, places[over]).clip(2, len(known) - 2)
        a, b = known[right - 1], known[right]
        before, after = wave[a] - wave[a - 1], wave[np.minimum(b + 1, places[-1])] - wave[b]
        wide, t = b - a, (places[over] - a) / (b - a)
        wave[over] = (
            (1 + 2 * t) * (1 - t) ** 2 * wave[a]
            + t * (1 - t) ** 2 * wide * before
            + t**2 * (3 - 2 * t) * wave[b]
            - t**2 * (1 - t) * wide * after
        )
    return torch.from_numpy(made).clamp(-1, 1)


def autoregression(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Each gap as both of its sides go on, faded into each other (Kauppinen and Roth, 2002)."""
    waves, gone = identity(given, shape), given[:, -1] > 0
    for wave, missing in zip(waves, gone.tolist(), strict=True):
        for start, end in _runs(missing):
            beside = [
                wave[:, max(start - CONTEXT, 0) : start],
                wave[:, end : end + CONTEXT].flip(1),
            ]
            on = [_extrapolated(known, end - start) for known in beside]
            fade = torch.cos(torch.linspace(0, torch.pi / 2, end - start)).square()
            fade = fade if start else torch.zeros(())
            fade = fade if end < len(missing) else torch.ones(())
            wave[:, start:end] = on[0] * fade + on[1].flip(1) * (1 - fade)
    return waves.clamp(-1, 1)


def _runs(missing: list[bool]) -> list[tuple[int, int]]:
    """Where runs of what is missing begin and end."""
    found, start = [], 0
    for gone, group in itertools.groupby(missing):
        end = start + len(list(group))
        found += [(start, end)] if gone else []
        start = end
    return found


def _extrapolated(known: Tensor, count: int) -> Tensor:
    """So many more samples of each channel (C, n), every one predicted from those before it."""
    import numpy as np

    made = np.zeros((len(known), count))
    for row, samples in zip(made, known.double().numpy(), strict=True):
        weights = _burg(samples, min(ORDER, len(samples) // 2))
        order = len(weights)
        wave = np.concatenate([samples[len(samples) - order :], row])
        for place in range(order, order + count) if order else ():
            wave[place] = weights @ wave[place - order : place]
        row[:] = wave[order:]
    return torch.from_numpy(made).float()


def _burg(samples: Any, order: int) -> Any:
    """Weights of the samples before the next one, oldest first, by Burg's method."""
    import numpy as np

    forward, backward, filter = samples[1:], samples[:-1], np.ones(1)
    for _ in range(order):
        power = forward @ forward + backward @ backward
        reflected = -2 * (forward @ backward) / max(power, TINY)
        filter = np.append(filter, 0.0)
        filter = filter + reflected * filter[::-1]
        forward, backward = (
            (forward + reflected * backward)[1:],
            (backward + reflected * forward)[:-1],
        )
    return -filter[:0:-1]
