"""WaveGAN's pair (Donahue, McAuley & Puckette, 2019): long kernels and strides of 4, for sound.

The paper's form is `up="transposed"`, `widest=16` and a width of 64. Transposed convolutions leave
the picture of a constant at a quarter of the rate, and at its multiples: a hum that a generator
must learn to cancel. Here upsampling is smooth by default, at the same cost: a fixed filter is
folded into the kernel, so that no such picture is there to begin with.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.ranges import Above, Depth, Factor, Share, Size
from sparring.core.schedule import Schedule
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    BASE,
    activations,
    base_grid,
    choose,
    crop,
    initialise,
    limit,
    pad,
    positive,
    space_of,
)

STRIDE = 4
FILTERS = {
    "transposed": (1.0,),
    "nearest": (1.0,) * STRIDE,
    "linear": (1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0),
}
"""What a sample becomes between two of the coarser rate, before it is convolved."""


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, C, length): dense, then convolutions to 4 times the length.

    Any length goes: what the last convolution makes beyond it is cut off.

    Args:
        spec: What to make; 1 dimension of space.
        width: Channels of the finest hidden layer; they double at each coarser one.
        widest: Times `width` that a layer has at most.
        kernel: Width of the convolutions' kernels.
        up: How the length grows: "nearest" or "linear" (upsample, then convolve), or "transposed".
        quadruplings: How often; if None, so often that the coarsest layer has 16 cells at most.
        slope: Of the leaky ReLU; 0 for ReLU.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.
        softmax: How blocks of that head are filled; see `heads.Head`.
        temperature: Of the softmax; a number or a schedule.

    Raises:
        InputError: another number of dimensions, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        widest: Factor = 8,
        kernel: Factor = 25,
        up: str = "linear",
        quadruplings: Depth | None = None,
        slope: Share = 0.0,
        head: str | None = None,
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.space = _line(spec)
        self.head = Head(spec, head, softmax, temperature)
        widths = _widths(width, widest, self.space, quadruplings)
        self.grid = (widths[-1], *base_grid(self.space, STRIDE ** len(widths)))
        self.latent = ConditionedLatent(spec)
        self.dense = nn.Linear(self.latent.size, math.prod(self.grid))
        layers: list[nn.Module] = [nn.LeakyReLU(slope)]
        for inputs, outputs in zip(widths[::-1], widths[-2::-1], strict=False):
            layers += [_Longer(inputs, outputs, kernel, up), nn.LeakyReLU(slope)]
        self.layers = nn.Sequential(*layers)
        self.last = _Longer(width, spec.shape[0], kernel, up)
        for module in (self.dense, self.layers, self.last):
            initialise(module, "kaiming", slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, length) in float32."""
        grid = self.dense(self.latent(latent, condition)).unflatten(1, self.grid)
        hidden = self.layers(grid)
        with full_precision(hidden):  # bfloat16 rounds to 8 bits, which is heard
            made = self.last(precise(hidden))
        return self.head(crop(made, self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, C, length) to a Verdict: convolutions of stride 4, then dense.

    Args:
        spec: What to judge; 1 dimension of space.
        width: Channels of the finest layer; they double at each coarser one.
        widest: Times `width` that a layer has at most.
        outputs: Logits for each sample.
        kernel: Width of the convolutions' kernels.
        shuffle: Cells by which the phase shuffle moves a layer's activations at most.
        quarterings: How often the length shrinks; if None, as the generator's quadruplings.
        slope: Of the leaky ReLU; 0 for ReLU.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        keep_features: Whether verdicts hold the activations of each layer.
        classify: Whether verdicts say of which label a sample is.

    Raises:
        InputError: another number of dimensions, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        widest: Factor = 8,
        outputs: Size = 1,
        kernel: Factor = 25,
        shuffle: Depth = 2,
        quarterings: Depth | None = None,
        slope: Share = 0.2,
        spectral_norm: bool = False,
        form: str = "projection",
        keep_features: bool = False,
        classify: bool = False,
    ) -> None:
        super().__init__()
        space, self.keep_features = _line(spec), keep_features
        widths = _widths(width, widest, space, quarterings)
        grid = base_grid(space, STRIDE ** len(widths))
        self.padded = (grid[0] * STRIDE ** len(widths),)
        self.sample = ConditionedSample(spec, form, space)
        layers, inputs = [], spec.shape[0] + self.sample.size
        for i, outputs_here in enumerate(widths):
            moved = [PhaseShuffle(shuffle)] if i else []
            layers.append(nn.Sequential(*moved, _shorter(inputs, outputs_here, kernel, slope)))
            inputs = outputs_here
        self.layers = nn.Sequential(*layers)
        self.logits = Logits(spec, inputs * grid[0], outputs, form, classify)
        initialise(self.layers, "kaiming", slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        shown = pad(self.sample(sample, condition), self.padded)
        features = activations(self.layers, shown)
        kept = features if self.keep_features else ()
        return self.logits.verdict(features[-1].flatten(1), condition, kept)


class PhaseShuffle(nn.Module):
    """Moves each sample (C, length) by up to so many cells either way, in training.

    The cells that are missing at one end are mirrored about the last one there. A discriminator
    so cannot know fakes by the phase of what upsampling leaves in them.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, C, length), moved."""
        length = hidden.shape[-1]
        most = min(self.most, length - 1)
        if not (self.training and most):
            return hidden
        ends = hidden[..., 1 : most + 1].flip(-1), hidden[..., -most - 1 : -1].flip(-1)
        padded = torch.cat([ends[0], hidden, ends[1]], dim=-1)
        # Drawn on the CPU: a few numbers, and the same ones whatever the device.
        begins = torch.randint(2 * most + 1, (len(hidden),), device="cpu")
        # All that move alike at once: the gradient of an indexed copy is many times slower.
        order = begins.argsort()
        alike = begins.bincount(minlength=2 * most + 1).tolist()
        groups = padded.index_select(0, order.to(hidden.device)).split(alike)
        moved = [rows.narrow(-1, begin, length) for begin, rows in enumerate(groups)]
        return torch.cat(moved).index_select(0, order.argsort().to(hidden.device))


class _Longer(nn.Module):
    """Upsample to 4 times the length and convolve, in one transposed convolution."""

    smooth: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, up: str) -> None:
        super().__init__()
        smooth = torch.tensor(choose("up", up, FILTERS))
        total = kernel + len(smooth) - 1
        self.extra = max(STRIDE - total, total % 2)
        self.padding = (total - STRIDE + self.extra) // 2
        self.convolve = nn.ConvTranspose1d(inputs, outputs, kernel, STRIDE)
        # Of unit energy, so that initial weights need not know of it.
        self.register_buffer("smooth", smooth / smooth.norm(), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        layer, many = self.convolve, len(self.smooth)
        weight = layer.weight
        if many > 1:
            each = weight.flatten(0, 1)[:, None]
            weight = F.conv1d(each, self.smooth[None, None], padding=many - 1)
            weight = weight.unflatten(0, layer.weight.shape[:2]).squeeze(2)
        return F.conv_transpose1d(hidden, weight, layer.bias, STRIDE, self.padding, self.extra)


def _line(spec: Spec) -> tuple[int, ...]:
    """The extent (length,).

    Raises:
        InputError: other than 1 dimension of space.
    """
    space = space_of(spec.shape)
    if len(space) != 1:
        raise InputError(f"this network works in 1 dimension of space, not on samples {spec.shape}")
    return space


def _widths(width: int, widest: int, space: tuple[int, ...], times: int | None) -> list[int]:
    """Channels from the finest hidden layer to the coarsest."""
    positive("width", width)
    if times is None:
        times = max(1, math.ceil(math.log(space[0] / BASE, STRIDE)))
    positive("layers", times)
    return [width * min(2**i, widest) for i in range(times)]


def _shorter(inputs: int, outputs: int, kernel: int, slope: float) -> nn.Module:
    padding = max(0, (kernel - STRIDE + 1) // 2)
    convolve = nn.Conv1d(inputs, outputs, kernel, STRIDE, padding)
    return nn.Sequential(convolve, nn.LeakyReLU(slope))
