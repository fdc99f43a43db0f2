"""How well label maps agree: mean intersection over union, with its interval."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.metrics import intervals


def confusion(found: Tensor, true: Tensor, classes: int) -> Tensor:
    """Pixels of each true class read as each class, (N, K, K) float64, of labels (N, ...)."""
    pairs = (true.long() * classes + found.long()).flatten(1)
    counts = torch.zeros(len(pairs), classes * classes, dtype=torch.float64)
    counts.scatter_add_(1, pairs, torch.ones_like(pairs, dtype=torch.float64))
    return counts.unflatten(1, (classes, classes))


def miou(confusions: Tensor) -> intervals.Interval:
    """Mean over classes of intersection / union, in [0, 1], of all pictures' confusions (N, K, K).

    The usual one of Cityscapes and ADE20K: counts are added up before they are divided, and
    classes that occur nowhere are left out. The interval is a jackknife over groups of pictures.
    """
    whole = confusions.sum(0)
    without = [whole - group.sum(0) for group in confusions.tensor_split(intervals.GROUPS)]
    return intervals.jackknife(_of(whole), [_of(rest) for rest in without], most=1.0)


def _of(counts: Tensor) -> float:
    shared = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - shared
    return float((shared[union > 0] / union[union > 0]).mean())
