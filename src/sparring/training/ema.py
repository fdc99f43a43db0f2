"""EMA: the slow average of a network's weights that the trained model keeps."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def update_average(averaged: nn.Module, network: nn.Module, batch: int, half_life: float) -> None:
    """Move the average towards the network by one step of `batch` images.

    After `half_life` images an old weight counts half (Karras et al. 2018, 2020); buffers,
    such as running statistics, are copied. A half-life of 0 copies everything.
    """
    keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
    slow: list[Tensor] = list(averaged.parameters())
    fast: list[Tensor] = list(network.parameters())
    torch._foreach_lerp_(slow, fast, 1.0 - keep)
    for old, new in zip(averaged.buffers(), network.buffers(), strict=True):
        old.copy_(new)
