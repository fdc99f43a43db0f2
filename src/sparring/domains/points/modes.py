"""Modes: how many clusters of a toy mixture a generator has found."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sparring.core.errors import InputError


class Modes(NamedTuple):
    """Modes of a mixture that samples reach."""

    covered: int
    """Modes with enough samples within 3 standard deviations."""
    total: int
    share: float
    """Share of all samples within 3 standard deviations of some mode."""
    counts: Tensor
    """(modes,) such samples by mode."""


def modes_covered(samples: Tensor, centres: Tensor, std: float, at_least: int = 1) -> Modes:
    """Count the modes that samples (N, F) reach, for a mixture of Gaussians.

    A mode is covered where at least `at_least` samples have it as the nearest centre (K, F) and
    lie within 3 standard deviations of it (Srivastava et al. 2017, section 4.1).

    Raises:
        InputError: wrong shapes, no samples, or NaN among them.
    """
    if samples.ndim != 2 or centres.ndim != 2 or samples.shape[1] != centres.shape[1]:
        shapes = f"{tuple(samples.shape)} and {tuple(centres.shape)}"
        raise InputError(f"samples and centres must be (N, F) and (K, F), not {shapes}.")
    if len(samples) == 0 or bool(samples.isnan().any()):
        raise InputError("there are no samples, or NaN among them; nothing can be counted.")
    distances, nearest = torch.cdist(samples.double(), centres.double()).min(1)
    near = distances <= 3 * std
    counts = nearest[near].bincount(minlength=len(centres))
    covered = int((counts >= at_least).sum())
    return Modes(covered, len(centres), float(near.double().mean()), counts)
