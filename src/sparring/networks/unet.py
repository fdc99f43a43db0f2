"""The U-Net of pix2pix (Isola et al., 2017): a map is halved, doubled, and seen again on the way.

The layers that every network from maps is made of live here too: reading the map, borders by
reflection, normalisation, resize-convolution. Maps have one to three dimensions of space: sound,
pictures, volumes; each layer is told how many by `dims`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Below, Depth, Share, Size
from sparring.core.types import Condition, Spec
from sparring.networks.conditioning import describe, embedding, known
from sparring.networks.layers import (
    BATCH_NORMS,
    CONVOLUTIONS,
    TRANSPOSED,
    base_grid,
    bounded,
    choose,
    crop,
    draw,
    dropped,
    initialise,
    positive,
    shuffle,
)

INSTANCE_NORMS: tuple[type[Any], ...] = (
    nn.InstanceNorm1d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)
NORMS: dict[str, Sequence[Callable[..., nn.Module]] | None] = {
    "instance": INSTANCE_NORMS,
    "batch": BATCH_NORMS,
    "none": None,
}
"""Layers by how many dimensions space has."""
FROM_MAPS = Accepts(
    space=frozenset({1, 2, 3}), conditions=ALL.conditions, needs=frozenset({"map"}), blocks=False
)
"""What networks accept that make samples from maps."""
FROM_PICTURES = dataclasses.replace(FROM_MAPS, space=frozenset({2}))
"""What those of them accept that know pictures alone."""
CONVOLVE: tuple[Callable[..., Tensor], ...] = (F.linear, F.conv1d, F.conv2d, F.conv3d)
SPREAD: tuple[Callable[..., Tensor], ...] = (
    F.linear,
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
)
DEEPEST = 5
WIDEST = 8


class Generator(nn.Module):
    """Map (N, C', *space), of any extent, to sample (N, C, *space).

    A latent, label or vector is added at the bottleneck, between norm and activation: appended
    before a norm, a number that is the same everywhere would be normalised away.

    Args:
        spec: What to make, and the map it is made from.
        width: Channels of the finest layer; they double at each halving, up to 8 times this.
        depth: Halvings; None for as many as leave 2 cells, at most 5.
        norm: "instance", "batch" or "none".
        dropout: Share of activations left out in the three coarsest doublings.
        up: "nearest" (repeat, then convolve), "transposed" (kernel 4, stride 2) or "shuffle"
            (convolve to 4 times the channels, then spread them over space).
        slope: Of the leaky ReLU.
        head: "tanh", "leaky" or "linear"; the spec's own if None.
        residual: Whether the map's first C channels are added before the head, as for repair.

    Raises:
        InputError: no space or no map, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = FROM_MAPS

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        depth: Depth | None = None,
        norm: str = "instance",
        dropout: Below = 0.0,
        up: str = "nearest",
        slope: Share = 0.2,
        head: str | None = None,
        residual: bool = False,
    ) -> None:
        super().__init__()
        inputs, outputs = channels_of(spec)
        dims = len(spec.map) - 1
        check_residual(spec, residual)
        positive("width", width)
        depth = _deepest(spec.map[1:]) if depth is None else depth
        positive("depth", depth)
        self.head, self.residual, self.factor = head or spec.head, residual, 2**depth
        grow = choose("up", up, {"nearest": Repeat, "transposed": _Transposed, "shuffle": _Spread})
        widths = [min(width * 2**i, width * WIDEST) for i in range(depth)]
        # A norm of the bottleneck would see a handful of cells, and of the map only contrasts.
        norms = ["none", *[norm] * (depth - 2), "none"][:depth]
        self.down = nn.ModuleList(
            _Down(before, after, kind, dims)
            for before, after, kind in zip([inputs, *widths], widths, norms, strict=False)
        )
        self.told = Told(spec, widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(
                grow(widths[i] * (1 if i == depth - 1 else 2), widths[i - 1], dims),
                normalised(norm, widths[i - 1], dims),
                *dropped(dropout if i >= depth - 3 else 0.0),
            )
            for i in reversed(range(1, depth))
        )
        self.last = grow(widths[0] * (1 if depth == 1 else 2), outputs, dims)
        self.activate = nn.LeakyReLU(slope)
        initialise(self, "kaiming", slope)
        self.told.start()
        if residual:
            start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        shown = given(condition)
        hidden, seen = covered(shown, self.factor), []
        for down in self.down:
            seen.append(hidden)
            hidden = down(self.activate(hidden) if len(seen) > 1 else hidden)
        hidden = self.told(hidden, latent, condition)
        for up, skipped in zip(self.up, reversed(seen[1:]), strict=True):
            hidden = torch.cat([up(self.activate(hidden)), skipped], dim=1)
        made = crop(self.last(self.activate(hidden)), tuple(shown.shape[2:]))
        return bounded(made + shown[:, : made.shape[1]] if self.residual else made, self.head)


class Told(nn.Module):
    """Adds latent, label, vector and tokens to hidden maps, the same in every cell."""

    def __init__(self, spec: Spec, width: int) -> None:
        super().__init__()
        self.spec = spec
        self.latent = nn.Linear(spec.latent, width, bias=False) if spec.latent else None
        self.known = embedding(spec, width) if known(spec) else None

    def start(self) -> None:
        """Set the weights so that what is added has variance 1."""
        if self.latent is not None:
            draw(self.latent.weight, self.spec.latent**-0.5)
        if self.known is not None:
            self.known = embedding(self.spec, self.known.out_features)

    def forward(self, hidden: Tensor, latent: Tensor, condition: Condition) -> Tensor:
        """The hidden maps with what is told."""
        if self.latent is not None:
            hidden = hidden + everywhere(self.latent(latent), hidden)
        if self.known is not None:
            hidden = hidden + everywhere(self.known(describe(self.spec, condition)), hidden)
        return hidden


def everywhere(told: Tensor, hidden: Tensor) -> Tensor:
    """Numbers (N, C) in a form that is the same in every cell of (N, C, *space)."""
    return told.reshape(*told.shape, *[1] * (hidden.dim() - 2))


class Reflected(nn.Module):
    """A convolution that sees the map mirrored beyond its border."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        dims: int = 2,
    ) -> None:
        super().__init__()
        self.convolve = CONVOLUTIONS[dims](inputs, outputs, kernel, stride, dilation=dilation)
        self.borders = [(dilation * (kernel - 1) + 1 - stride + 1) // 2] * (2 * dims)

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, inputs, *space) to (N, outputs, *(space / stride))."""
        made: Tensor = self.convolve(mirrored(hidden, self.borders))
        return made


class Repeat(nn.Module):
    """Repeats every cell twice each way, then convolves with kernel 3 (Odena et al., 2016)."""

    def __init__(self, inputs: int, outputs: int, dims: int = 2) -> None:
        super().__init__()
        self.dims, self.convolve = dims, CONVOLUTIONS[dims](inputs, outputs, 3)

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, inputs, *space) to (N, outputs, *(2 * space))."""
        framed = F.pad(hidden, [1, 1] * self.dims, mode="replicate")
        weight, bias = self.convolve.weight, self.convolve.bias
        if math.prod(hidden.shape[2:]) < 64:
            large = F.interpolate(framed, scale_factor=2, mode="nearest")
            inner: Any = (..., *[slice(1, -1)] * self.dims)
            return CONVOLVE[self.dims](large[inner], weight, bias)
        # The same map at (2/3)^dims of the products: repeating is a transposed convolution with
        # ones, and a repeated map mirrors at its border just as the small one repeats there.
        return SPREAD[self.dims](framed, _folded(weight), bias, stride=2, padding=3)


class Norm(nn.Module):
    """Normalisation that leaves a single cell alone, which has no spread to divide by."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, C, *space), normalised."""
        return hidden if math.prod(hidden.shape[2:]) == 1 else self.layer(hidden)


def normalised(kind: str, width: Size, dims: int = 2) -> nn.Module:
    """The norm layer of this kind, for `width` channels and `dims` dimensions of space.

    Raises:
        InputError: no such kind.
    """
    layers = choose("norm", kind, NORMS)
    return nn.Identity() if layers is None else Norm(layers[dims](width, affine=True))


def channels_of(spec: Spec) -> tuple[int, int]:
    """Channels of the map and of the sample.

    Raises:
        InputError: samples have no space, or the condition has no map of as many dimensions.
    """
    if len(spec.shape) not in (2, 3, 4) or len(spec.map) != len(spec.shape):
        raise InputError(
            "this network makes sound (C, L), pictures (C, H, W) or volumes (C, D, H, W) from maps "
            f"of as many dimensions, not {spec.shape} from {spec.map}; choose a task whose "
            "condition is a map."
        )
    return spec.map[0], spec.shape[0]


def check_residual(spec: Spec, residual: bool) -> None:
    """Check that the map's first channels can be added to the sample.

    Raises:
        InputError: the map has fewer channels than the sample, or another extent.
    """
    if residual and (spec.map[0] < spec.shape[0] or spec.map[1:] != spec.shape[1:]):
        raise InputError(
            f"residual adds the map to the sample, but {spec.map} does not cover {spec.shape}; "
            "give --no-residual."
        )


def start_small(layer: nn.Module) -> None:
    """Let a residual generator begin as next to nothing: it changes little of what it is given."""
    for weight in layer.parameters():
        draw(weight, 0.005)


def given(condition: Condition) -> Tensor:
    """The condition's map (N, C, *space).

    Raises:
        InputError: there is none.
    """
    if condition.map is None:
        raise InputError("this network was built for a map condition; give a map.")
    return condition.map


def mirrored(hidden: Tensor, borders: Sequence[int]) -> Tensor:
    """The map framed by its mirror image, or by its border where it is too small for that.

    Borders are cells before and behind, the last dimension's first.
    """
    if not any(borders):
        return hidden
    space = hidden.shape[2:]
    widest = (max(borders[i : i + 2]) for i in range(0, len(borders), 2))
    fits = all(border < extent for border, extent in zip(widest, reversed(space), strict=True))
    return F.pad(hidden, list(borders), mode="reflect" if fits else "replicate")


def covered(shown: Tensor, factor: int) -> Tensor:
    """The map framed at its far ends up to multiples of `factor`; `crop` undoes it."""
    space = tuple(shown.shape[2:])
    grid = base_grid(space, factor)
    missing = [cells * factor - extent for cells, extent in zip(grid, space, strict=True)]
    return mirrored(shown, [cells for extra in reversed(missing) for cells in (0, extra)])


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int, norm: str, dims: int) -> None:
        super().__init__()
        self.convolve = Reflected(inputs, outputs, 4, 2, dims=dims)
        self.norm = normalised(norm, outputs, dims)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.norm(self.convolve(hidden))


class _Transposed(nn.Module):
    def __init__(self, inputs: int, outputs: int, dims: int) -> None:
        super().__init__()
        self.borders = [1, 1] * dims
        self.convolve = TRANSPOSED[dims](inputs, outputs, 4, 2, padding=3)

    def forward(self, hidden: Tensor) -> Tensor:
        made: Tensor = self.convolve(F.pad(hidden, self.borders, mode="replicate"))
        return made


class _Spread(nn.Module):
    def __init__(self, inputs: int, outputs: int, dims: int) -> None:
        super().__init__()
        self.convolve = Reflected(inputs, outputs * 2**dims, dims=dims)

    def forward(self, hidden: Tensor) -> Tensor:
        return shuffle(self.convolve(hidden))


def _folded(weight: Tensor) -> Tensor:
    """The transposed kernel (I, O, 4, ...) of "repeat, then convolve with (O, I, 3, ...)"."""
    axes = range(2, weight.dim())
    kernel = weight.flip(*axes).transpose(0, 1)
    for axis in reversed(axes):
        later = [0, 0] * (weight.dim() - 1 - axis)
        kernel = F.pad(kernel, [*later, 0, 1]) + F.pad(kernel, [*later, 1, 0])
    return kernel


def _deepest(space: tuple[int, ...]) -> int:
    """Halvings that leave at least 2 cells each way; 1 at least."""
    return min(DEEPEST, max(1, int(math.log2(min(space))) - 1))
