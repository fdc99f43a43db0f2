"""The U-Net of pix2pix (Isola et al., 2017): a map is halved, doubled, and seen again on the way.

The layers that every picture-to-picture network is made of live here too: reading the map, borders
by reflection, normalisation, resize-convolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Below, Depth, Share, Size
from sparring.core.types import Condition, Spec
from sparring.networks.conditioning import describe, embedding, known
from sparring.networks.layers import (
    base_grid,
    bounded,
    choose,
    crop,
    dropped,
    initialise,
    positive,
    shuffle,
)

NORMS: dict[str, Callable[..., nn.Module] | None] = {
    "instance": nn.InstanceNorm2d,
    "batch": nn.BatchNorm2d,
    "none": None,
}
FROM_MAPS = Accepts(
    space=frozenset({2}), conditions=ALL.conditions, needs=frozenset({"map"}), blocks=False
)
"""What networks accept that make pictures from pictures."""
DEEPEST = 5
WIDEST = 8


class Generator(nn.Module):
    """Map (N, C', H, W), of any extent, to sample (N, C, H, W).

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
        InputError: no picture or no map, or a setting out of range.
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
            _Down(before, after, kind)
            for before, after, kind in zip([inputs, *widths], widths, norms, strict=False)
        )
        self.told = Told(spec, widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(
                grow(widths[i] * (1 if i == depth - 1 else 2), widths[i - 1]),
                normalised(norm, widths[i - 1]),
                *dropped(dropout if i >= depth - 3 else 0.0),
            )
            for i in reversed(range(1, depth))
        )
        self.last = grow(widths[0] * (1 if depth == 1 else 2), outputs)
        self.activate = nn.LeakyReLU(slope)
        initialise(self, "kaiming", slope)
        self.told.start()
        if residual:
            start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, H, W) in float32."""
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
            nn.init.normal_(self.latent.weight, 0.0, self.spec.latent**-0.5)
        if self.known is not None:
            self.known = embedding(self.spec, self.known.out_features)

    def forward(self, hidden: Tensor, latent: Tensor, condition: Condition) -> Tensor:
        """The hidden maps with what is told."""
        if self.latent is not None:
            hidden = hidden + self.latent(latent)[:, :, None, None]
        if self.known is not None:
            hidden = hidden + self.known(describe(self.spec, condition))[:, :, None, None]
        return hidden


class Reflected(nn.Module):
    """A convolution that sees the picture mirrored beyond its border."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(inputs, outputs, kernel, stride, dilation=dilation)
        self.border = (dilation * (kernel - 1) + 1 - stride + 1) // 2

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return self.convolve(mirrored(hidden, *[self.border] * 4))


class Repeat(nn.Module):
    """Repeats every cell twice each way, then convolves with kernel 3 (Odena et al., 2016)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(inputs, outputs, 3)

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        framed = F.pad(hidden, [1] * 4, mode="replicate")
        weight, bias = self.convolve.weight, self.convolve.bias
        if math.prod(hidden.shape[2:]) < 64:
            large = F.interpolate(framed, scale_factor=2, mode="nearest")
            return F.conv2d(large[:, :, 1:-1, 1:-1], weight, bias)
        # The same map at 4/9 of the products: repeating is a transposed convolution with ones,
        # and a repeated picture mirrors at its border just as the small one repeats there.
        return F.conv_transpose2d(framed, _folded(weight), bias, stride=2, padding=3)


class Norm(nn.Module):
    """Normalisation that leaves a single cell alone, which has no spread to divide by."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, C, H, W), normalised."""
        return hidden if math.prod(hidden.shape[2:]) == 1 else self.layer(hidden)


def normalised(kind: str, width: Size, affine: bool = True) -> nn.Module:
    """The norm layer of this kind, for `width` channels.

    Raises:
        InputError: no such kind.
    """
    layer = choose("norm", kind, NORMS)
    return nn.Identity() if layer is None else Norm(layer(width, affine=affine))


def channels_of(spec: Spec) -> tuple[int, int]:
    """Channels of the map and of the sample.

    Raises:
        InputError: the sample is no picture, or the condition has no map of a picture's form.
    """
    if len(spec.shape) != 3 or len(spec.map) != 3:
        raise InputError(
            "this network makes pictures (C, H, W) from maps (C, H, W), not "
            f"{spec.shape} from {spec.map}; choose a task whose condition is a map."
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
        nn.init.normal_(weight, 0.0, 0.005)


def given(condition: Condition) -> Tensor:
    """The condition's map (N, C, H, W).

    Raises:
        InputError: there is none.
    """
    if condition.map is None:
        raise InputError("this network was built for a map condition; give a map.")
    return condition.map


def mirrored(hidden: Tensor, left: int, right: int, top: int, bottom: int) -> Tensor:
    """The map framed by its mirror picture, or by its border where it is too small for that."""
    high, wide = hidden.shape[2:]
    fits = max(left, right) < wide and max(top, bottom) < high
    if not any((left, right, top, bottom)):
        return hidden
    return F.pad(hidden, [left, right, top, bottom], mode="reflect" if fits else "replicate")


def covered(shown: Tensor, factor: int) -> Tensor:
    """The map framed at its far ends up to multiples of `factor`; `crop` undoes it."""
    high, wide = shown.shape[2:]
    grid = base_grid((high, wide), factor)
    return mirrored(shown, 0, grid[1] * factor - wide, 0, grid[0] * factor - high)


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.convolve = Reflected(inputs, outputs, 4, 2)
        self.norm = normalised(norm, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.norm(self.convolve(hidden))


class _Transposed(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=3)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.convolve(F.pad(hidden, [1] * 4, mode="replicate"))


class _Spread(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = Reflected(inputs, outputs * 4)

    def forward(self, hidden: Tensor) -> Tensor:
        return shuffle(self.convolve(hidden))


def _folded(weight: Tensor) -> Tensor:
    """The transposed kernel (I, O, 4, 4) of "repeat, then convolve with (O, I, 3, 3)"."""
    kernel = weight.flip(2, 3).transpose(0, 1)
    wide = F.pad(kernel, [0, 1]) + F.pad(kernel, [1, 0])
    return F.pad(wide, [0, 0, 0, 1]) + F.pad(wide, [0, 0, 1, 0])


def _deepest(space: tuple[int, ...]) -> int:
    """Halvings that leave at least 2 cells each way; 1 at least."""
    return min(DEEPEST, max(1, int(math.log2(min(space))) - 1))
