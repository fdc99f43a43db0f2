"""Deep convolutional networks (Radford, Metz & Chintala, 2016), for any extent in space.

The defaults make 28 x 28 pictures: dense to 7 x 7 x 256, then transposed convolutions to 128, 64
and the sample's channels, against convolutions of 64 and 128 channels with dropout. The paper's
form at 64 x 64 is `widths=(512, 256, 128, 64), doublings=4, kernel=4, slope=0.0, init="normal"`
against `widths=(64, 128, 256, 512), kernel=4, norm="batch", dropout=0.0, init="normal"`.
"""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Above, Below, Depth, Factor, Share, Size, Sizes
from sparring.core.schedule import Schedule
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    BATCH_NORMS,
    CONVOLUTIONS,
    TRANSPOSED,
    activations,
    base_grid,
    choose,
    crop,
    doublings_to,
    dropped,
    initialise,
    limit,
    pad,
    space_of,
    widths_of,
)

NORMS = {"batch": True, "none": False}
NARROWEST = 8
"""Channels that layers keep, however fine their extent."""


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, C, *space): a dense layer, then transposed convolutions.

    Args:
        spec: What to make; 1 to 3 dimensions of space.
        widths: Channels at the base grid and after each but the last convolution.
        doublings: How many of the last convolutions double the extent; if None, two, and from 65
            cells a side on so many more that the base grid has at most 16, each of the further
            ones with half the channels of the one before.
        kernel: Width of the convolutions' kernels.
        norm: "batch" for BatchNorm before each activation, "none" for none.
        slope: Of the leaky ReLU; 0 for ReLU.
        init: See `layers.initialise`.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.
        softmax: How blocks of that head are filled; see `heads.Head`.
        temperature: Of the softmax; a number or a schedule.

    Raises:
        InputError: points, which have no space, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1, 2, 3}))

    def __init__(
        self,
        spec: Spec,
        widths: Sizes = (256, 128, 64),
        doublings: Depth | None = None,
        kernel: Factor = 5,
        norm: str = "batch",
        slope: Share = 0.3,
        init: str = "glorot",
        head: str | None = None,
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.space = space_of(spec.shape)
        self.head = Head(spec, head, softmax, temperature)
        widths = widths_of(widths)
        if doublings is None:
            doublings = doublings_to(self.space)
            widths = (*widths, *_finer(widths[-1], doublings - 2))
        if not 0 <= doublings <= len(widths):
            raise InputError(f"doublings must lie in 0 to {len(widths)}, one a width at most.")
        self.grid = (widths[0], *base_grid(self.space, 2**doublings))
        self.latent = ConditionedLatent(spec)
        self.dense = nn.Linear(self.latent.size, math.prod(self.grid))
        normed = choose("norm", norm, NORMS)
        strides = [2 if i >= len(widths) - doublings else 1 for i in range(len(widths))]
        layers = [*_active(len(self.space), widths[0], normed, slope)]
        for inputs, outputs, stride in zip(widths, widths[1:], strides, strict=False):
            layers += [_transposed(len(self.space), inputs, outputs, kernel, stride, not normed)]
            layers += _active(len(self.space), outputs, normed, slope)
        last = _transposed(len(self.space), widths[-1], spec.shape[0], kernel, strides[-1], True)
        self.layers = nn.Sequential(*layers, last)
        initialise(self.dense, init, slope)
        initialise(self.layers, init, slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        grid = self.dense(self.latent(latent, condition)).unflatten(1, self.grid)
        return self.head(crop(self.layers(grid), self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, C, *space) to a Verdict: convolutions that each halve the extent, then dense.

    Args:
        spec: What to judge; 1 to 3 dimensions of space.
        widths: Channels of each convolution.
        outputs: Logits for each sample.
        kernel: Width of the convolutions' kernels.
        norm: "batch" for BatchNorm in all but the first layer, "none" for none.
        slope: Of the leaky ReLU; 0 for ReLU.
        dropout: Share of activations left out in training.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        init: See `layers.initialise`.
        keep_features: Whether verdicts hold the activations of each layer.
        classify: Whether verdicts say of which label a sample is.
        halved: Convolutions before these, each with half the channels of the one after; if None,
            none, and from 65 cells a side on as many as the generator has more doublings.

    Raises:
        InputError: points, which have no space, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1, 2, 3}))

    def __init__(
        self,
        spec: Spec,
        widths: Sizes = (64, 128),
        outputs: Size = 1,
        kernel: Factor = 5,
        norm: str = "none",
        slope: Share = 0.3,
        dropout: Below = 0.3,
        spectral_norm: bool = False,
        form: str = "concat",
        init: str = "glorot",
        keep_features: bool = False,
        classify: bool = False,
        halved: Depth | None = None,
    ) -> None:
        super().__init__()
        space, widths = space_of(spec.shape), widths_of(widths)
        finer = _finer(widths[0], doublings_to(space) - 2 if halved is None else halved)
        widths = (*finer[::-1], *widths)
        self.keep_features = keep_features
        self.sample = ConditionedSample(spec, form, space)
        grid = base_grid(space, 2 ** len(widths))
        self.padded = tuple(extent * 2 ** len(widths) for extent in grid)
        normed = choose("norm", norm, NORMS)
        layers = []
        inputs = spec.shape[0] + self.sample.size
        for i, width in enumerate(widths):
            norms = normed and i > 0
            halving = _halving(len(space), inputs, width, kernel, not norms)
            active = _active(len(space), width, norms, slope)
            layers.append(nn.Sequential(halving, *active, *dropped(dropout)))
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.logits = Logits(spec, inputs * math.prod(grid), outputs, form, classify)
        initialise(self.layers, init, slope)
        initialise(self.logits.linear, init, slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        shown = pad(self.sample(sample, condition), self.padded)
        features = activations(self.layers, shown)
        kept = features if self.keep_features else ()
        return self.logits.verdict(features[-1].flatten(1), condition, kept)


def _finer(width: int, count: int) -> tuple[int, ...]:
    """Channels of so many layers of finer and finer extent beyond one of this width."""
    return tuple(max(width >> i, min(width, NARROWEST)) for i in range(1, count + 1))


def _active(dims: int, width: int, normed: bool, slope: float) -> list[nn.Module]:
    return [*([BATCH_NORMS[dims](width)] if normed else []), nn.LeakyReLU(slope)]


def _halving(dims: int, inputs: int, outputs: int, kernel: int, bias: bool) -> nn.Module:
    """A convolution that halves an even extent exactly, whatever the kernel."""
    return CONVOLUTIONS[dims](inputs, outputs, kernel, 2, (kernel - 1) // 2, bias=bias)


def _transposed(
    dims: int, inputs: int, outputs: int, kernel: int, stride: int, bias: bool
) -> nn.Module:
    """A transposed convolution that multiplies the extent by `stride` exactly."""
    # An even kernel cannot keep an extent, so the next odd one does where nothing is doubled.
    kernel = kernel | 1 if stride == 1 else kernel
    padding = (kernel - 1) // 2
    extra = stride - kernel + 2 * padding
    return TRANSPOSED[dims](inputs, outputs, kernel, stride, padding, extra, bias=bias)
