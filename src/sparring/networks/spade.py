"""GauGAN: a layout shapes every layer by spatially-adaptive normalisation (Park et al., 2019)."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Depth, Size
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks import convolutional
from sparring.networks.layers import bounded, choose, crop, initialise, limit, positive
from sparring.networks.unet import FROM_PICTURES, Norm, Reflected, Told, channels_of, covered, given

NORMS = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}
SLOPE = 0.2
WIDEST = 8


class Generator(nn.Module):
    """Layout (N, C', H, W), of any extent, and latent (N, latent) to sample (N, C, H, W).

    The smallest grid holds the resized layout, convolved, and the latent, label and vector in
    every cell; residual blocks follow, each modulated by the layout, a doubling between two.
    Pictures made from one layout differ by the latent; without one (latent 0) there is only one.
    Resizing takes means.

    Args:
        spec: What to make, and the map it is made from.
        width: Channels of the finest block; they double at each coarser one, up to 8 times this.
        doublings: How often the extent doubles; None for as many as leave 4 cells, at most 4.
        hidden: Channels of the layers that read the layout.
        spectral_norm: Whether every weight is divided by its largest singular value.
        norm: "instance" or "batch", of what is then modulated.
        head: "tanh", "leaky" or "linear"; the spec's own if None.

    Raises:
        InputError: no picture or no map, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = FROM_PICTURES

    def __init__(
        self,
        spec: Spec,
        width: Size = 24,
        doublings: Depth | None = None,
        hidden: Size = 32,
        spectral_norm: bool = True,
        norm: str = "instance",
        head: str | None = None,
    ) -> None:
        super().__init__()
        inputs, outputs = channels_of(spec)
        doublings = _fitting(spec) if doublings is None else doublings
        for name, value in {"width": width, "hidden": hidden, "doublings": doublings}.items():
            positive(name, value)
        choose("norm", norm, NORMS)
        if spec.map[1:] != spec.shape[1:]:
            raise InputError(f"the layout {spec.map} must have the extent of samples {spec.shape}.")
        self.head, self.doublings = head or spec.head, doublings
        widths = [width * min(2**i, WIDEST) for i in reversed(range(doublings + 1))]
        self.first = Reflected(inputs, widths[0])
        self.blocks = nn.ModuleList(
            _Block(before, after, inputs, hidden, norm)
            for before, after in zip([widths[0], *widths], widths, strict=False)
        )
        self.last = Reflected(widths[-1], outputs)
        initialise(self, "kaiming", SLOPE)
        if spectral_norm:
            limit(self)
        # Not limited: its weights set how far a latent of variance 1 moves the picture.
        self.told = Told(spec, widths[0])
        self.told.start()

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, H, W) in float32."""
        shown = given(condition)
        # Means of a one-hot layout: the shares of its classes in a cell. No class is overlooked.
        layouts = [covered(shown, 2**self.doublings)]
        for _ in range(self.doublings):
            layouts.append(F.avg_pool2d(layouts[-1], 2))
        hidden = self.told(self.first(layouts[-1]), latent, condition)
        for i, (block, layout) in enumerate(zip(self.blocks, reversed(layouts), strict=True)):
            hidden = F.interpolate(hidden, scale_factor=2, mode="nearest") if i else hidden
            hidden = block(hidden, layout)
        made = self.last(F.leaky_relu(hidden, SLOPE))
        return bounded(crop(made, tuple(shown.shape[2:])), self.head)


class Encoder(nn.Module):
    """Sample (N, C, H, W) to a Verdict with logits (N, 2 latent), a style; the map is not read.

    Args:
        spec: What to read.
        width: Channels of the finest layer; they double at each halving.
        outputs: Logits for each sample; 2 latent if None: means, then logarithms of variances.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({2}), conditions=ALL.conditions)

    def __init__(self, spec: Spec, width: Size = 32, outputs: Size | None = None) -> None:
        super().__init__()
        plain = dataclasses.replace(spec, map=(), classes=0, vector=0, tokens=())
        count = 2 * spec.latent if outputs is None else outputs
        positive("outputs", count)
        self.reader = convolutional.Discriminator(plain, width, count, _fitting(spec))

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, 2 latent) in float32."""
        return self.reader(sample, Condition())


def _fitting(spec: Spec) -> int:
    """Doublings that leave at least 4 cells each way: 1 at least, 4 at most."""
    return min(4, max(1, int(math.log2(min(spec.shape[1:]) / 4))))


class _Modulated(nn.Module):
    """gamma(layout) x norm(hidden) + beta(layout), cell by cell (Park et al., 2019, eq. 1).

    gamma is written as 1 + what is learned, so that a new layer is the norm alone.
    """

    def __init__(self, width: int, inputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.norm = Norm(NORMS[norm](width, affine=False))
        self.read = Reflected(inputs, hidden)
        self.shape = Reflected(hidden, 2 * width)

    def forward(self, hidden: Tensor, layout: Tensor) -> Tensor:
        gamma, beta = self.shape(self.read(layout).relu()).chunk(2, dim=1)
        return self.norm(hidden) * (1 + gamma) + beta


class _Block(nn.Module):
    """A residual block of two modulated convolutions; a third one where channels change."""

    def __init__(self, before: int, after: int, inputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        middle = min(before, after)
        self.norms = nn.ModuleList(
            _Modulated(width, inputs, hidden, norm) for width in (before, middle)
        )
        self.first, self.second = Reflected(before, middle), Reflected(middle, after)
        self.change = None if before == after else nn.Conv2d(before, after, 1, bias=False)

    def forward(self, hidden: Tensor, layout: Tensor) -> Tensor:
        inner = self.first(F.leaky_relu(self.norms[0](hidden, layout), SLOPE))
        inner = self.second(F.leaky_relu(self.norms[1](inner, layout), SLOPE))
        return inner + (hidden if self.change is None else self.change(hidden))
