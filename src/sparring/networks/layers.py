"""What every architecture is made of: layers for any number of dimensions, grids, initial weights.

Dimensions are those of space: 0 for points (F,), 1 for sound, 2 for pictures, 3 for volumes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from sparring.core.errors import InputError, unknown
from sparring.core.precision import precise

Choice = TypeVar("Choice")

CONVOLUTIONS: tuple[type[Any], ...] = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED: tuple[type[Any], ...] = (
    nn.Linear,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
BASE = 16
"""Cells a side of the coarsest grid, at most, where a network's depth follows the samples' extent:
a dense layer to a larger one would hold most of the weights."""
WIDEST = 16
"""Times its finest width that such a network's coarsest layers have, at most."""
BATCH_NORMS: tuple[type[Any], ...] = (
    nn.BatchNorm1d,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
)


def choose(kind: str, name: str, options: Mapping[str, Choice]) -> Choice:
    """The option of that name.

    Raises:
        InputError: there is none; the nearest one is suggested.
    """
    if name not in options:
        raise unknown(kind, str(name), options)
    return options[name]


def positive(name: str, *values: int) -> None:
    """Check numbers of channels, layers or groups.

    Raises:
        InputError: none is given, or one is no whole number above 0.
    """
    if not values or any(not isinstance(value, int) or value < 1 for value in values):
        raise InputError(f"{name} must be whole numbers above 0, not {values!r}.")


def widths_of(widths: tuple[int, ...] | int) -> tuple[int, ...]:
    """Checked layer widths; one number stands for one layer."""
    each = (widths,) if isinstance(widths, int) else tuple(widths)
    positive("widths", *each)
    return each


def space_of(shape: tuple[int, ...], least: int = 1) -> tuple[int, ...]:
    """The extent of a sample (C, *space) in space, () for points.

    Raises:
        InputError: fewer than `least` dimensions, or more than 3.
    """
    if not least <= len(shape) - 1 <= 3:
        raise InputError(
            f"this network cannot make samples of shape {tuple(shape)}; "
            "use sparring.networks.dense for it."
        )
    return tuple(shape[1:])


def base_grid(space: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """The smallest grid that covers `space` once every extent is multiplied by `factor`."""
    # Without negative numbers: a traced graph's division rounds them towards zero.
    return tuple((extent + factor - 1) // factor for extent in space)


def doublings_to(space: tuple[int, ...], least: int = 2) -> int:
    """How often a grid of at most BASE cells a side doubles on its way to `space`."""
    return max([least, *(math.ceil(math.log2(max(extent / BASE, 1.0))) for extent in space)])


def channels_of(width: int, space: tuple[int, ...], doublings: int | None) -> list[int]:
    """Channels from the finest hidden layer to the base grid."""
    if doublings is not None:
        return [width * 2**i for i in range(doublings + 1)]
    return [width * min(2**i, WIDEST) for i in range(doublings_to(space) + 1)]


def growing(dims: int, inputs: int, outputs: int) -> nn.Module:
    """A transposed convolution to twice the extent, kernel 4."""
    return TRANSPOSED[dims](inputs, outputs, 4, 2, 1)


def shrinking(dims: int, inputs: int, outputs: int) -> nn.Module:
    """A convolution to half the extent, kernel 4."""
    return CONVOLUTIONS[dims](inputs, outputs, 4, 2, 1)


def keeping(dims: int, inputs: int, outputs: int) -> nn.Module:
    """A convolution that keeps the extent, kernel 3; for points a dense layer."""
    if not dims:
        return nn.Linear(inputs, outputs)
    return CONVOLUTIONS[dims](inputs, outputs, 3, padding=1)


def pad(sample: Tensor, space: tuple[int, ...]) -> Tensor:
    """Zeros at the far ends of (N, C, *smaller) up to (N, C, *space); `crop` undoes it."""
    missing = [large - small for large, small in zip(space, sample.shape[2:], strict=True)]
    if not any(missing):
        return sample
    return F.pad(sample, [side for extra in reversed(missing) for side in (0, extra)])


def crop(sample: Tensor, space: tuple[int, ...]) -> Tensor:
    """The near corner (N, C, *space) of (N, C, *larger)."""
    for axis, extent in enumerate(space, start=2):
        sample = sample.narrow(axis, 0, extent)
    return sample


def double(sample: Tensor) -> Tensor:
    """Twice the extent, linearly interpolated.

    This is upsampling with the kernel [1, 3, 3, 1] / 4, border values repeated.
    """
    mode = ("", "linear", "bilinear", "trilinear")[sample.dim() - 2]
    return F.interpolate(sample, scale_factor=2, mode=mode, align_corners=False)


def halve(sample: Tensor) -> Tensor:
    """Half the extent by the mean of each 2 x 2 cell."""
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[sample.dim() - 3]
    return pool(sample, 2)


def shuffle(sample: Tensor, factor: int = 2) -> Tensor:
    """Channels to space: (N, C * f^d, *space) to (N, C, *(f * space)) (Shi et al., 2016)."""
    dims = sample.dim() - 2
    parts = sample.unflatten(1, (-1, *[factor] * dims))
    order = [axis for d in range(dims) for axis in (dims + 2 + d, d + 2)]
    space = [factor * extent for extent in sample.shape[2:]]
    return parts.permute(0, 1, *order).reshape(sample.shape[0], -1, *space)


def unshuffle(sample: Tensor, factor: int = 2) -> Tensor:
    """Space to channels: (N, C, *(f * space)) to (N, C * f^d, *space), undone by `shuffle`."""
    dims = sample.dim() - 2
    cells = [part for extent in sample.shape[2:] for part in (extent // factor, factor)]
    parts = sample.reshape(*sample.shape[:2], *cells)
    order = [*range(3, 3 + 2 * dims, 2), *range(2, 2 + 2 * dims, 2)]
    return parts.permute(0, 1, *order).flatten(1, 1 + dims)


def waves(values: Tensor, octaves: int, scale: float = 1.0) -> Tensor:
    """(N, F) with their sines and cosines at doubling frequencies, (N, F * (1 + 2 * octaves)).

    These are Fourier features (Tancik et al., 2020), each octave at half the amplitude of the one
    before, so that all are equally steep and none drowns the coarse position.
    """
    if not octaves:
        return values
    values = scale * values
    frequencies = math.pi * 2.0 ** torch.arange(octaves, device=values.device)
    angles = (values[:, :, None] * frequencies).flatten(1)
    amplitudes = (math.pi / frequencies).repeat(values.shape[1])
    return torch.cat([values, amplitudes * angles.sin(), amplitudes * angles.cos()], dim=1)


def bounded(sample: Tensor, head: str) -> Tensor:
    """The sample in float32, in [-1, 1] where `head` is "tanh" or "opacity".

    "leaky" is tanh(x) + x / 20: nearly as bounded, and nowhere flat. "clipped" leaves what lies
    in [-1, 1] as it is, and a tenth of what lies beyond: white stays white where nothing is added.
    """
    # In float32 because bfloat16 rounds everything above 0.998 to 1, where tanh has no slope.
    sample = precise(sample)
    leaks = {"tanh": 0.0, "opacity": 0.0, "leaky": 0.05, "clipped": 0.1, "linear": 1.0}
    leak = choose("head", head, leaks)
    if leak == 1.0:
        return sample
    if head == "clipped":
        return torch.lerp(sample.clamp(-1.0, 1.0), sample, leak)
    return torch.tanh(sample) + leak * sample if leak else torch.tanh(sample)


def initialise(layers: nn.Module, how: str, slope: float = 0.2) -> None:
    """Set the weights of all linear and convolutional layers; biases become 0.

    `how` is "torch" (left alone), "normal" (N(0, 0.02), and N(1, 0.02) for the scales of
    BatchNorm; Radford et al., 2016), "glorot" (Glorot & Bengio, 2010, Keras' default) or
    "kaiming" (He et al., 2015, for leaky ReLU of this slope).

    Raises:
        InputError: no such way.
    """
    choose("init", how, dict.fromkeys(("torch", "normal", "glorot", "kaiming")))
    for layer in layers.modules() if how != "torch" else ():
        if isinstance(layer, CONVOLUTIONS + TRANSPOSED):
            _set_weight(layer, how, slope)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, BATCH_NORMS) and how == "normal":
            draw(layer.weight, 0.02, mean=1.0)


def _set_weight(layer: Any, how: str, slope: float) -> None:
    if how == "normal":
        draw(layer.weight, 0.02)
    elif how == "glorot":
        nn.init.xavier_uniform_(layer.weight)
    else:
        draw(layer.weight, gain(slope) / math.sqrt(_inputs(layer)))


def draw(weight: Tensor, spread: float, mean: float = 0.0) -> None:
    """Fill a weight with normal numbers of this standard deviation."""
    # On the meta device there is nothing to fill, and torch would read its compiler for that.
    if not weight.is_meta:
        nn.init.normal_(weight, mean, spread)


def _inputs(layer: Any) -> float:
    """How many numbers one output of the layer sums."""
    if isinstance(layer, TRANSPOSED[1:]):
        return layer.weight[:, 0].numel() / math.prod(layer.stride)
    return layer.weight[0].numel()


def gain(slope: float) -> float:
    """What keeps the variance through a leaky ReLU of this slope (He et al., 2015, eq. 15)."""
    return math.sqrt(2.0 / (1.0 + slope**2))


def dropped(share: float) -> list[nn.Module]:
    """Dropout of this share of the activations; no layer at all for 0, which costs nothing."""
    return [nn.Dropout(share)] if share else []


def activations(layers: nn.Sequential, hidden: Tensor) -> tuple[Tensor, ...]:
    """What each layer of the chain puts out, the last one's output last."""
    kept = []
    for layer in layers:
        hidden = layer(hidden)
        kept.append(hidden)
    return tuple(kept)


def limit(network: nn.Module) -> None:
    """Divide every weight by its largest singular value (Miyato et al., 2018, eq. 8)."""
    for layer in list(network.modules()):
        weight = dict(layer.named_parameters(recurse=False)).get("weight")
        if weight is not None and weight.dim() > 1:
            with torch.no_grad():
                # Zeros, as Fixup starts with, have no direction that could be scaled to 1.
                weight.copy_(torch.where(weight.any(), weight, torch.randn_like(weight)))
            parametrizations.spectral_norm(layer)
