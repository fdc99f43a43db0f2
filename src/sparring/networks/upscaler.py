"""Super-resolution: from a small map to a sample some times as large (Lim et al., 2017, EDSR)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.errors import InputError
from sparring.networks.layers import bounded, initialise, positive, shuffle
from sparring.networks.unet import Reflected, given, start_small
from sparring.types import Condition, Spec


class Generator(nn.Module):
    """(latent, map (N, C, h, w)) to sample (N, C, s h, s w), for any h x w; no normalisation.

    Residual blocks work at the small extent; their result is spread over the large one and added
    to the map, enlarged bicubically. The latent is not read.

    Args:
        spec: What to make, and of which map: their extents give the scale s.
        width: Channels of the blocks.
        blocks: Residual blocks.

    Raises:
        InputError: a sample that is no whole multiple of its map, or a setting out of range.
    """

    def __init__(self, spec: Spec, width: int = 48, blocks: int = 6) -> None:
        super().__init__()
        positive("width", width, blocks)
        self.scale, self.head = _scale(spec), "linear"
        self.first = Reflected(spec.map_channels, width)
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        self.spread = Reflected(width, width * self.scale**2 // 2)
        self.last = Reflected(width // 2, spec.shape[0])
        initialise(self, "kaiming", 0.2)
        start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, s h, s w) in float32."""
        shown = given(condition)
        hidden = self.first(shown)
        hidden = shuffle(self.spread(self.blocks(hidden)), self.scale)
        detail = self.last(F.leaky_relu(hidden, 0.2))
        # Enlarged in float32, and outside the network's own layers: it is already right.
        large = F.interpolate(shown.float(), scale_factor=self.scale, mode="bicubic")
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
