"""Sounds for the eye: each a waveform above its mel spectrogram."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sparring.core import spectra
from sparring.core.errors import InputError

WIDTH, WAVE, GAP = 128, 40, 6
"""Pixels of a cell's width, of the waveform's height, between cells."""
WIDEST = 8
"""Times its width that the cell of a single long sound may have."""
BACK, LINE = (255, 255, 255), (46, 74, 125)


def save(samples: Tensor, rate: int, path: Path, columns: int | None = None) -> None:
    """Write a grid of sounds (N, C, L) in [-1, 1], left to right.

    Raises:
        InputError: there is none.
    """
    if not len(samples):
        raise InputError(f"there is no sample to draw in {path}.")
    Image.fromarray(grid([cell(sample, rate) for sample in samples.float().cpu()], columns)).save(
        path
    )


def grid(cells: list[np.ndarray], columns: int | None = None) -> np.ndarray:
    """One picture (H, W, 3) of cells of equal size on white, near-square unless told."""
    height, width, _ = cells[0].shape
    columns = min(columns or math.ceil(math.sqrt(len(cells) * height / width)), len(cells))
    rows = math.ceil(len(cells) / columns)
    size = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3)
    whole = np.full(size, 255, np.uint8)
    for index, one in enumerate(cells):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        whole[top : top + height, left : left + width] = one
    return whole


def cell(sample: Tensor, rate: int) -> np.ndarray:
    """A sound (C, L) as a picture (H, W, 3); longer ones are wider, up to a limit."""
    mono = sample.mean(0)
    width = WIDTH * min(max(round(len(mono) / rate), 1), WIDEST)
    return np.concatenate([waveform(mono.numpy(), width), spectrogram(mono, rate, width)])


def waveform(mono: np.ndarray, width: int) -> np.ndarray:
    """From the lowest to the highest sample under each pixel, (WAVE, width, 3)."""
    edges = np.linspace(0, len(mono), width + 1).astype(int)
    middle = (WAVE - 1) / 2
    rows = np.arange(WAVE)[:, None]
    parts = [mono[a : max(b, a + 1)] for a, b in itertools.pairwise(edges)]
    low = np.array([part.min() for part in parts])
    high = np.array([part.max() for part in parts])
    above = np.round(middle * (1 - high.clip(-1, 1)))
    below = np.round(middle * (1 - low.clip(-1, 1)))
    inked = (rows >= above) & (rows <= below)
    return np.where(inked[..., None], np.array(LINE, np.uint8), np.array(BACK, np.uint8))


def spectrogram(mono: Tensor, rate: int, width: int) -> np.ndarray:
    """The log-mel spectrogram, low tones at the bottom, (80, width, 3)."""
    import matplotlib

    padded = torch.nn.functional.pad(mono, (0, max(0, 2 * spectra.HOP - len(mono))))
    levels = (spectra.to_unit(spectra.log_mel(padded, rate)) + 1) / 2
    drawn = torch.nn.functional.interpolate(levels[None, None], (spectra.BANDS, width))[0, 0]
    shades = matplotlib.colormaps["magma"](drawn.clamp(0, 1).flip(0).numpy())
    return (shades[..., :3] * 255).round().astype(np.uint8)
