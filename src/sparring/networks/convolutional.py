"""Small convolutional networks without normalisation: few, dense convolutions, for speed.

Channels double as the extent halves, so every layer is a large matrix product. Points (F,) have
no space: all layers are dense then.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.ranges import Above, Depth, Share, Size
from sparring.core.schedule import Schedule
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    activations,
    base_grid,
    channels_of,
    choose,
    crop,
    growing,
    initialise,
    keeping,
    limit,
    pad,
    positive,
    shrinking,
    shuffle,
    space_of,
    unshuffle,
)


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, C, *space): dense, then doublings, then one convolution.

    The base grid has `width * 2^doublings` channels, the last hidden layer `width`. Where the
    doublings follow the spec, no layer has more than 16 times `width`.

    Args:
        spec: What to make; 0 to 3 dimensions of space.
        width: Channels of the finest hidden layer.
        doublings: How often the extent doubles; if None, twice, and from 65 cells a side on so
            often that the base grid has at most 16.
        up: How it doubles: "nearest" (repeat, then convolve), "shuffle" (convolve to 2^d times
            the channels, then spread them over space) or "transposed" (kernel 4, stride 2).
        depth: Further convolutions after each doubling.
        slope: Of the leaky ReLU; 0 for ReLU.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.
        softmax: How blocks of that head are filled; see `heads.Head`.
        temperature: Of the softmax; a number or a schedule.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        doublings: Depth | None = None,
        up: str = "transposed",
        depth: Depth = 0,
        slope: Share = 0.2,
        head: str | None = None,
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        positive("width", width)
        self.space = space_of(spec.shape, least=0)
        self.head = Head(spec, head, softmax, temperature)
        dims = len(self.space)
        ways = {"nearest": _Repeat, "shuffle": _Spread, "transposed": growing}
        doubling = choose("up", up, ways) if dims else keeping
        widths = channels_of(width, self.space, doublings)
        doublings = len(widths) - 1
        self.grid = (widths[-1], *base_grid(self.space, 2**doublings))
        self.latent = ConditionedLatent(spec)
        self.dense = nn.Linear(self.latent.size, math.prod(self.grid))
        layers: list[nn.Module] = [nn.LeakyReLU(slope)]
        for i in reversed(range(doublings)):
            layers += [doubling(dims, widths[i + 1], widths[i]), nn.LeakyReLU(slope)]
            layers += _further(dims, widths[i], depth, slope)
        self.layers = nn.Sequential(*layers, keeping(dims, width, spec.shape[0]))
        initialise(self.dense, "kaiming", slope)
        initialise(self.layers, "kaiming", slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        grid = self.dense(self.latent(latent, condition)).unflatten(1, self.grid)
        return self.head(crop(self.layers(grid), self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, C, *space) to a Verdict: convolutions that halve the extent, then dense.

    Args:
        spec: What to judge; 0 to 3 dimensions of space.
        width: Channels of the finest hidden layer; they double at each halving.
        outputs: Logits for each sample.
        halvings: How often the extent halves; if None, as the generator's doublings.
        down: How it halves: "stride" (kernel 4, stride 2) or "shuffle" (gather 2^d cells as
            channels, then convolve).
        depth: Further convolutions after each halving.
        slope: Of the leaky ReLU; 0 for ReLU.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        keep_features: Whether verdicts hold the activations of each layer.
        classify: Whether verdicts say of which label a sample is.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        outputs: Size = 1,
        halvings: Depth | None = None,
        down: str = "stride",
        depth: Depth = 0,
        slope: Share = 0.2,
        spectral_norm: bool = False,
        form: str = "projection",
        keep_features: bool = False,
        classify: bool = False,
    ) -> None:
        super().__init__()
        positive("width", width)
        positive("halvings", 1 if halvings is None else halvings)
        space, self.keep_features = space_of(spec.shape, least=0), keep_features
        ways = {"stride": shrinking, "shuffle": _Gather}
        halving = choose("down", down, ways) if space else keeping
        widths = channels_of(width, space, halvings)[:-1]
        factor = 2 ** len(widths)
        grid = base_grid(space, factor)
        self.padded = tuple(extent * factor for extent in grid)
        self.sample = ConditionedSample(spec, form, space)
        layers, inputs = [], spec.shape[0] + self.sample.size
        for channels in widths:
            outer = [halving(len(space), inputs, channels), nn.LeakyReLU(slope)]
            further = _further(len(space), channels, depth, slope)
            layers.append(nn.Sequential(*outer, *further))
            inputs = channels
        self.layers = nn.Sequential(*layers)
        self.logits = Logits(spec, inputs * math.prod(grid), outputs, form, classify)
        initialise(self.layers, "kaiming", slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        shown = pad(self.sample(sample, condition), self.padded)
        features = activations(self.layers, shown)
        kept = features if self.keep_features else ()
        return self.logits.verdict(features[-1].flatten(1), condition, kept)


class _Repeat(nn.Module):
    """Repeat every cell, then convolve at the full extent."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = keeping(dims, inputs, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.convolve(F.interpolate(hidden, scale_factor=2, mode="nearest"))


class _Spread(nn.Module):
    """Convolve at the small extent, where it is one large product, then spread the channels."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = keeping(dims, inputs, outputs * 2**dims)

    def forward(self, hidden: Tensor) -> Tensor:
        return shuffle(self.convolve(hidden))


class _Gather(nn.Module):
    """Cells to channels, then convolve: no narrow first layer."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = keeping(dims, inputs * 2**dims, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.convolve(unshuffle(hidden))


def _further(dims: int, width: int, depth: int, slope: float) -> list[nn.Module]:
    return [
        layer for _ in range(depth) for layer in (keeping(dims, width, width), nn.LeakyReLU(slope))
    ]
