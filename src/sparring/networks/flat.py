"""A picture in few colours: regions of the source, each with one colour of its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.precision import full_precision, precise
from sparring.networks.layers import draw, initialise
from sparring.networks.unet import Reflected, mirrored

SHARP = 10.0
"""What regions' logits are multiplied by, so that borders are crisp from early on."""
SMOOTH = 2
"""How often these logits are averaged over 3 cells each way: specks are no regions."""
KEPT = -2.0
"""The logit of a region's new colour at the start: most of it is the source's own."""


class Flat(nn.Module):
    """Paints each of `colours` regions of a picture in one colour, between the source's and a new.

    Every cell belongs to the regions by a softmax. A region's colour lies between the mean of the
    source's over its cells, as in k-means (Achanta et al., 2012, with learned regions in place of
    distances), and one read from the mean of its features; so texture within a region cannot
    pass, and a picture has few colours by its making.

    Args:
        channels: of the source and of the picture.
        features: channels of what the regions' new colours are read from.
        colours: regions, at most.
        factor: by how much the space of the features is smaller.
        dims: dimensions of space.
    """

    def __init__(
        self, channels: int, features: int, colours: int, factor: int, dims: int = 2
    ) -> None:
        super().__init__()
        self.factor, self.dims = factor, dims
        self.pool: Callable[..., Tensor] = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[dims - 1]
        self.near = Reflected(channels, colours, dims=dims)
        self.read = nn.Linear(features + channels, 2 * channels)
        initialise(self.near, "kaiming")
        draw(self.read.weight, (features + channels) ** -0.5)
        nn.init.zeros_(self.read.bias)

    def forward(self, logits: Tensor, source: Tensor, features: Tensor) -> Tensor:
        """Pictures (N, C, *space) in [-1, 1], float32.

        Of regions' logits (N, colours, *space), sources (N, C, *space) and features.
        """
        with full_precision(source):
            shown = precise(source)
            drawn = precise(logits) + self.near(shown)
            for _ in range(SMOOTH):
                drawn = self.pool(mirrored(drawn, [1, 1] * self.dims), 3, 1)
            share = (SHARP * drawn).softmax(1)
            coarse = self.pool(share, self.factor)
            own = _means(shown, share)
            told = torch.cat([own, _means(precise(features), coarse)], dim=2)
            new, more = self.read(told).chunk(2, dim=2)
            colour = own.lerp(new.tanh(), (more + KEPT).sigmoid())
            picture = colour.transpose(1, 2) @ share.flatten(2)
        return picture.unflatten(2, source.shape[2:])


def _means(values: Tensor, share: Tensor) -> Tensor:
    """Means of values (N, C, *space) over each region (N, K, *space), (N, K, C)."""
    weight = share.flatten(2)
    return (weight @ values.flatten(2).transpose(1, 2)) / (weight.sum(2, keepdim=True) + 1e-6)
