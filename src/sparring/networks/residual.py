"""Residual networks without normalisation, after R3GAN (Huang et al., 2024, arXiv 2501.05441).

The generator scales a learned base grid by a linear map of the latent; each stage but the first
then doubles the extent; the discriminator mirrors it. Blocks are inverted bottlenecks that start
as the identity (Fixup: Zhang et al., 2019). Points (F,) have no space: all layers are dense then.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.precision import precise
from sparring.core.ranges import Above, Count, Depth, Factor, Size
from sparring.core.schedule import Schedule
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    CONVOLUTIONS,
    activations,
    base_grid,
    crop,
    double,
    doublings_to,
    draw,
    gain,
    halve,
    limit,
    pad,
    positive,
    shuffle,
    space_of,
    unshuffle,
)

SLOPE = 0.2


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, *shape).

    Args:
        spec: What to make; 0 to 3 dimensions of space.
        width: Channels of the coarsest stage.
        stages: Stages, one for each extent; each but the first doubles it. If None, 3, and from
            65 cells a side on so many that the coarsest has at most 16.
        blocks: Residual blocks in a stage.
        halved: How many of the finest stages have half the channels of the stage before; None is
            0, or where the stages follow the spec, all above 3.
        expansion: Channels inside a block, as a multiple of those outside.
        groups_of: Channels in a group of the inner convolution; 0 for one dense convolution.
        patch: Extent of the patches that are one cell of the finest stage; 2 costs a quarter.
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
        width: Size = 64,
        stages: Depth | None = None,
        blocks: Depth = 2,
        halved: Depth | None = None,
        expansion: Factor = 2,
        groups_of: Count = 16,
        patch: Factor = 1,
        head: str | None = "linear",
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.space = space_of(spec.shape, least=0)
        self.head = Head(spec, head, softmax, temperature)
        dims, widths = len(self.space), _widths(width, stages, halved, self.space, patch)
        stages = len(widths)
        positive("blocks", blocks)
        self.patch = patch
        self.latent = ConditionedLatent(spec)
        self.scale = _layer(0, self.latent.size, width, bias=False)
        grid = base_grid(self.space, patch * 2 ** (stages - 1))
        self.basis = nn.Parameter(torch.randn(width, *grid))
        layers: list[nn.Module] = []
        for i, channels in enumerate(widths):
            layers += [_Up(dims, widths[i - 1], channels)] if i else []
            layers += _blocks(dims, channels, blocks, stages * blocks, expansion, groups_of)
        self.layers = nn.Sequential(*layers)
        self.last = _layer(dims, widths[-1], spec.shape[0] * patch**dims)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) in float32."""
        scale = self.scale(self.latent(latent, condition))
        ones = [1] * len(self.space)
        grid = scale.unflatten(1, (-1, *ones)) * self.basis.to(scale.dtype)
        patches = self.last(self.layers(grid))
        sample = shuffle(patches, self.patch) if self.patch > 1 else patches
        return self.head(crop(sample, self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, *shape) to a Verdict.

    Args:
        spec: What to judge; 0 to 3 dimensions of space.
        width: Channels of the coarsest stage.
        outputs: Logits for each sample.
        stages: Stages, one for each extent; each but the last halves it. None as above.
        blocks: Residual blocks in a stage.
        halved: How many of the finest stages have half the channels of the stage after; None is
            0, or where the stages follow the spec, all above 3.
        expansion: Channels inside a block, as a multiple of those outside.
        groups_of: Channels in a group of the inner convolution; 0 for one dense convolution.
        patch: Extent of the patches that are one cell of the finest stage; 2 costs a quarter.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        keep_features: Whether verdicts hold the activations of each block and halving.
        classify: Whether verdicts say of which label a sample is.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 64,
        outputs: Size = 1,
        stages: Depth | None = None,
        blocks: Depth = 2,
        halved: Depth | None = None,
        expansion: Factor = 2,
        groups_of: Count = 16,
        patch: Factor = 1,
        spectral_norm: bool = False,
        form: str = "projection",
        keep_features: bool = False,
        classify: bool = False,
    ) -> None:
        super().__init__()
        space, self.keep_features = space_of(spec.shape, least=0), keep_features
        dims, widths = len(space), _widths(width, stages, halved, space, patch)[::-1]
        stages = len(widths)
        positive("blocks", blocks)
        self.patch, factor = patch, patch * 2 ** (stages - 1)
        grid = base_grid(space, factor)
        self.padded = tuple(extent * factor for extent in grid)
        self.sample = ConditionedSample(spec, form, space)
        inputs = (spec.shape[0] + self.sample.size) * patch**dims
        self.first = _layer(dims, inputs, widths[0])
        layers: list[nn.Module] = []
        for i, channels in enumerate(widths):
            layers += [_Down(dims, widths[i - 1], channels)] if i else []
            layers += _blocks(dims, channels, blocks, stages * blocks, expansion, groups_of)
        self.layers = nn.Sequential(*layers)
        self.collapse = _Collapse(width, grid) if dims else nn.Identity()
        self.logits = Logits(spec, width, outputs, form, classify)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        shown = pad(self.sample(sample, condition), self.padded)
        patches = unshuffle(shown, self.patch) if self.patch > 1 else shown
        features = activations(self.layers, self.first(patches))
        kept = features if self.keep_features else ()
        return self.logits.verdict(self.collapse(features[-1]), condition, kept)


class _Block(nn.Module):
    """x + narrow(act(mix(act(widen(x))))), an inverted bottleneck that starts as the identity."""

    def __init__(self, dims: int, width: int, total: int, expansion: int, groups_of: int) -> None:
        super().__init__()
        inner = width * expansion
        # Fixup with 3 layers in a branch: the variance of `total` branches stays bounded.
        scale = gain(SLOPE) * total**-0.25
        self.widen = _layer(dims, width, inner, scale=scale)
        self.mix = _layer(dims, inner, inner, 3, groups=_groups(inner, groups_of), scale=scale)
        self.narrow = _layer(dims, inner, width, bias=False, scale=0.0)

    def forward(self, hidden: Tensor) -> Tensor:
        mixed = self.mix(F.leaky_relu(self.widen(hidden), SLOPE))
        return hidden + self.narrow(F.leaky_relu(mixed, SLOPE))


class _Up(nn.Module):
    """Change the channels, then double the extent: the cheap order."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dims = dims
        self.change = _change(dims, inputs, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        changed = self.change(hidden)
        return double(changed) if self.dims else changed


class _Down(nn.Module):
    """Halve the extent, then change the channels: the cheap order."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dims = dims
        self.change = _change(dims, inputs, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.change(halve(hidden) if self.dims else hidden)


class _Collapse(nn.Module):
    """(N, C, *grid) to (N, C): a depthwise convolution as large as the grid."""

    def __init__(self, width: int, grid: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, *grid) / math.sqrt(math.prod(grid)))

    def forward(self, hidden: Tensor) -> Tensor:
        return (precise(hidden) * self.weight).sum(dim=tuple(range(2, hidden.dim())))


def _change(dims: int, inputs: int, outputs: int) -> nn.Module:
    return nn.Identity() if inputs == outputs else _layer(dims, inputs, outputs, bias=False)


def _blocks(
    dims: int, width: int, count: int, total: int, expansion: int, groups_of: int
) -> list[nn.Module]:
    return [_Block(dims, width, total, expansion, groups_of) for _ in range(count)]


def _layer(
    dims: int,
    inputs: int,
    outputs: int,
    kernel: int = 1,
    bias: bool = True,
    groups: int = 1,
    scale: float = 1.0,
) -> nn.Module:
    """A linear layer or convolution whose outputs start with variance scale^2, bias 0."""
    size = (kernel, 1, kernel // 2, 1, groups) if dims else ()
    layer = CONVOLUTIONS[dims](inputs, outputs, *size, bias=bias)
    draw(layer.weight, scale / math.sqrt(layer.weight[0].numel()))
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def _widths(
    width: int, stages: int | None, halved: int | None, space: tuple[int, ...], patch: int
) -> list[int]:
    """Channels of each stage, coarsest first."""
    positive("patch", patch)
    if stages is None:
        stages = doublings_to(base_grid(space, patch)) + 1
        halved = stages - 3 if halved is None else halved
    halved = halved or 0
    positive("stages", stages)
    if not 0 <= halved < stages:
        raise InputError(f"halved must lie in 0 to {stages - 1}, not {halved!r}.")
    widths = [width] * (stages - halved) + [width // 2 ** (i + 1) for i in range(halved)]
    positive("width", *widths)
    return widths


def _groups(width: int, groups_of: int) -> int:
    if groups_of < 0 or (0 < groups_of < width and width % groups_of):
        raise InputError(
            f"groups_of must be 0 or divide width x expansion, {width}; {groups_of!r} does not."
        )
    return max(width // groups_of, 1) if groups_of else 1
