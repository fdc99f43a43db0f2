"""Nearest training neighbours: what a generated sample may have been copied from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.streams import stream
from sparring.metrics.distances import nearest


class Copying(NamedTuple):
    """How much nearer to the training set fakes lie than to held-out data."""

    closer: float
    """Share of fakes whose nearest real is a training one; 0.5 where nothing is copied."""
    ratio: float
    """Median of nearest-training over nearest-held-out distance; 1 where nothing is copied."""


def copying(fake: Tensor, train: Tensor, held_out: Tensor, seed: int = 0) -> Copying:
    """Compare the nearest neighbours of fakes (N, F) in the training and the held-out set.

    The larger set is cut at random to the smaller one's size: more candidates are nearer by
    chance alone (compare Meehan et al. 2020, section 4).

    Raises:
        InputError: an empty set, differing widths, or numbers that are not finite.
    """
    size = min(len(train), len(held_out))
    if size == 0 or len(fake) == 0:
        raise InputError("copying needs fakes, training and held-out features; one is empty.")
    chosen = [
        features[torch.randperm(len(features), generator=stream("copying", seed, name))[:size]]
        for name, features in (("train", train), ("held out", held_out))
    ]
    to_train, to_held_out = (nearest(fake, features)[1][:, 0] for features in chosen)
    tie = (to_train == to_held_out).double() / 2
    closer = float(((to_train < to_held_out).double() + tie).mean())
    ratios = (to_train / to_held_out.clamp(min=torch.finfo(torch.float64).tiny)).nan_to_num(1.0)
    return Copying(closer, float(ratios.median()))


__all__ = ["Copying", "copying", "nearest"]
