"""Residual blocks between a map and a sample as large or some times as large (Lim et al., 2017)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Depth, Factor, Size
from sparring.core.types import Condition, Spec
from sparring.networks.layers import bounded, crop, initialise, positive, shuffle, unshuffle
from sparring.networks.unet import FROM_PICTURES, Reflected, covered, given, start_small


class Generator(nn.Module):
    """(latent, map (N, C, h, w)) to sample (N, C, s h, s w), for any h x w; no normalisation.

    Residual blocks (EDSR) work at the small extent, or at a fraction of it: with `fold` each block
    of so many cells a side becomes one cell of as many more channels (Zhang et al., 2018, FFDNet).
    Their result is spread over the large extent and added to the map, enlarged bicubically.
    Spreading can leave a mesh of single cells, which averages over 2 x 2 of them do not let
    through (Sugawara et al., 2018). The latent is not read.

    Args:
        spec: What to make, and of which map: their extents give the scale s.
        width: Channels of the blocks.
        blocks: Residual blocks.
        fold: Cells of the map, each way, in one cell of the blocks.
        averaged: Whether what was spread is averaged over 2 x 2 cells.

    Raises:
        InputError: a sample that is no whole multiple of its map, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = dataclasses.replace(FROM_PICTURES, conditions=frozenset({"map"}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 48,
        blocks: Depth = 6,
        fold: Factor = 1,
        averaged: bool = False,
    ) -> None:
        super().__init__()
        for name, value in {"width": width, "blocks": blocks, "fold": fold}.items():
            positive(name, value)
        self.scale, self.fold, self.head = _scale(spec), fold, "linear"
        self.channels, self.averaged = spec.shape[0], averaged
        self.first = Reflected(spec.map_channels * fold**2, width)
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        self.spread = Reflected(width, max(1, width // 2) * (self.scale * fold) ** 2)
        self.last = Reflected(max(1, width // 2), self.channels)
        initialise(self, "kaiming", 0.2)
        start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, s h, s w) in float32."""
        shown = given(condition)
        hidden = self.first(unshuffle(covered(shown, self.fold), self.fold))
        hidden = shuffle(self.spread(self.blocks(hidden)), self.scale * self.fold)
        hidden = F.leaky_relu(hidden, 0.2)
        if self.averaged:
            hidden = F.avg_pool2d(F.pad(hidden, (0, 1, 0, 1), "replicate"), 2, 1)
        # Enlarged in float32, and outside the network's own layers: it is already right.
        large = shown[:, : self.channels].float()
        large = F.interpolate(large, scale_factor=self.scale, mode="bicubic")
        detail = crop(self.last(hidden), tuple(large.shape[2:]))
        return bounded(large + detail.float(), self.head)


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Reflected(width, width), Reflected(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + 0.2 * self.second(F.leaky_relu(self.first(hidden), 0.2))


def _scale(spec: Spec) -> int:
    ratios = [large / small for large, small in zip(spec.shape[1:], spec.map[1:], strict=False)]
    if not ratios or len(set(ratios)) > 1 or ratios[0] != int(ratios[0]):
        raise InputError(
            f"samples of shape {spec.shape} are no whole multiple of their maps of {spec.map}."
        )
    return int(ratios[0])
