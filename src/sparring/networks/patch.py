"""The patch discriminator of pix2pix (Isola et al., 2017): one logit for each patch of a sample.

With several scales it is that of pix2pixHD (Wang et al., 2018, section 3.2).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.ranges import Depth, Factor, Size
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import describe, embedding, known
from sparring.networks.layers import activations, choose, draw, initialise, limit, positive
from sparring.networks.unet import Reflected, channels_of, everywhere, given, normalised

SLOPE = 0.2
WIDEST = 8


class Discriminator(nn.Module):
    """Sample (N, C, *space) and map to a Verdict with a logit for each patch, all scales' in a row.

    The logits of coarser scales are repeated to the grid of the finest, so that in a mean over
    logits each scale counts alike, whatever the loss. Labels and vectors are told by projection
    (Miyato & Koyama, 2018, eq. 3), in every patch.

    Args:
        spec: What to judge, and the map it was made from.
        width: Channels of the first layer; they double with each, up to 8 times this.
        layers: Halvings; fewer where a scale is too small for them.
        scales: How often the sample is judged, each time at half the extent.
        norm: "none" or "instance", in all but the first layer.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: "concat" to see the map beside the sample, "none" to see the sample alone.
        keep_features: Whether verdicts hold the activations of each layer of each scale.
        outputs: Logits for each patch.

    Raises:
        InputError: no space, no map for "concat", or a setting out of range.
    """

    accepts: ClassVar[Accepts] = dataclasses.replace(ALL, space=frozenset({1, 2, 3}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        layers: Depth = 3,
        scales: Factor = 1,
        norm: str = "none",
        spectral_norm: bool = False,
        form: str = "concat",
        keep_features: bool = True,
        outputs: Size = 1,
    ) -> None:
        super().__init__()
        for name, value in {"width": width, "layers": layers, "scales": scales}.items():
            positive(name, value)
        self.joined = choose("form", form, {"concat": True, "none": False})
        choose("norm", norm, {"none": None, "instance": None})
        self.keep_features = keep_features
        inputs = sum(channels_of(spec)) if self.joined else _channels(spec)
        # A scale must keep 4 cells each way for its last convolutions to have something to see.
        extents = [min(spec.shape[1:]) / 2**i for i in range(scales)]
        if extents[-1] < 2:
            raise InputError(f"scales={scales} leaves less than 2 cells of samples {spec.shape}.")
        depths = [min(layers, max(1, int(math.log2(extent / 4)))) for extent in extents]
        self.scales = nn.ModuleList(
            _Scale(spec, inputs, width, depth, norm, outputs) for depth in depths
        )
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, K) in float32, and the features where they are kept."""
        shown = sample
        if self.joined:
            shown = torch.cat([sample, fitted(given(condition), sample).to(sample.dtype)], dim=1)
        verdicts: list[tuple[Tensor, tuple[Tensor, ...]]] = []
        for i, scale in enumerate(self.scales):
            shown = _halved(shown) if i else shown
            verdicts.append(scale(shown, condition))
        finest = verdicts[0][0].shape[2:]
        logits = [_repeated(found, finest).flatten(1) for found, _ in verdicts]
        kept = tuple(feature for _, features in verdicts for feature in features)
        return Verdict(torch.cat(logits, dim=1), kept if self.keep_features else ())


class _Scale(nn.Module):
    """One patch discriminator: halvings, a convolution at the same extent, logits."""

    def __init__(
        self, spec: Spec, inputs: int, width: int, depth: int, norm: str, outputs: int
    ) -> None:
        super().__init__()
        dims = len(spec.shape) - 1
        layers: list[nn.Module] = []
        for i in range(depth + 1):
            after = width * min(2**i, WIDEST)
            kernel, stride = (4, 2) if i < depth else (3, 1)
            convolve = Reflected(inputs, after, kernel, stride, dims=dims)
            normal = normalised(norm if i else "none", after, dims)
            layers.append(nn.Sequential(convolve, normal, nn.LeakyReLU(SLOPE)))
            inputs = after
        self.layers = nn.Sequential(*layers)
        self.spec = spec
        self.logits = Reflected(inputs, outputs, dims=dims)
        initialise(self, "kaiming", SLOPE)
        draw(self.logits.convolve.weight, (3**dims * inputs) ** -0.5)
        self.embed = embedding(spec, inputs, 1.0 / inputs) if known(spec) else None

    def forward(self, shown: Tensor, condition: Condition) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits (N, outputs, h, w) in float32 and the features of every layer."""
        features = activations(self.layers, shown)
        with full_precision(shown):
            last = precise(features[-1])
            logits: Tensor = self.logits(last)
            if self.embed is not None:
                told = everywhere(self.embed(describe(self.spec, condition)), last)
                logits = logits + (last * told).sum(1, keepdim=True)
        return logits, features


def fitted(shown: Tensor, like: Tensor) -> Tensor:
    """The map at the extent of `like`: one-hot layouts stay one-hot, pictures are interpolated."""
    space = like.shape[2:]
    if shown.shape[2:] == space:
        return shown
    if _one_hot(shown):
        return F.interpolate(shown, size=space, mode="nearest")
    if len(space) != 2:  # There is no antialiasing of others; repeated numbers need none.
        return F.interpolate(shown, size=space, mode=("linear", "", "trilinear")[len(space) - 1])
    return F.interpolate(shown, size=space, mode="bilinear", align_corners=False, antialias=True)


def _one_hot(shown: Tensor) -> bool:
    """Whether every cell holds one 1 and else 0; a map without values is taken for a picture."""
    if shown.is_meta:
        return False
    return bool(((shown == 0) | (shown == 1)).all()) and bool((shown.sum(1) == 1).all())


def _channels(spec: Spec) -> int:
    if len(spec.shape) not in (2, 3, 4):
        raise InputError(
            "this network judges sound (C, L), pictures (C, H, W) or volumes (C, D, H, W), not "
            f"{spec.shape}."
        )
    return spec.shape[0]


def _halved(shown: Tensor) -> Tensor:
    """Means over 2 cells each way; what is left over at a far end stays."""
    pool: Callable[..., Tensor] = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[shown.dim() - 3]
    return pool(shown, 2, ceil_mode=True)


def _repeated(logits: Tensor, space: torch.Size) -> Tensor:
    """Logits on a finer grid, by nearest neighbour."""
    return logits if logits.shape[2:] == space else F.interpolate(logits, size=space)
