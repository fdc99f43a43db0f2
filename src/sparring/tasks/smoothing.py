"""What a hole would look like if its surroundings went on smoothly."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from sparring.networks.layers import crop

LEVELS, ROUNDS = 7, 4
"""Halvings, which reach across holes of 128 pixels, and averagings at each extent."""


def filled(pictures: Tensor, missing: Tensor, levels: int = LEVELS) -> Tensor:
    """Pictures (N, C, H, W) whose missing cells (N, 1, H, W; 1 = missing) are smooth; float32.

    At half the extent, where holes are half as wide, they are filled first (Gortler et al., 1996,
    pull and push); that result, enlarged, is then averaged with what surrounds it. The rest of what
    is missing at the smallest extent is the mean of what is known, or 0.
    """
    known = 1.0 - missing.float()
    pictures = pictures.float() * known
    weight = F.avg_pool2d(known, 2, ceil_mode=True)
    small = F.avg_pool2d(pictures, 2, ceil_mode=True) / weight.clamp_min(1e-6)
    unseen = (weight == 0).float()
    low = filled(small, unseen, levels - 1) if levels else _levelled(small, unseen)
    large = F.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False)
    guess = crop(large, tuple(pictures.shape[2:]))
    for _ in range(ROUNDS):
        whole = F.pad(pictures + guess * missing, [1] * 4, "replicate")
        guess = F.avg_pool2d(whole, 3, 1)
    return pictures + guess * missing


def _levelled(pictures: Tensor, missing: Tensor) -> Tensor:
    """Pictures, 0 where missing, with the mean of what is known there."""
    count = (1.0 - missing).sum((2, 3), keepdim=True).clamp_min(1.0)
    return pictures + pictures.sum((2, 3), keepdim=True) / count * missing
