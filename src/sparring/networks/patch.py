"""Discriminators that judge patches, not wholes (PatchGAN: Isola et al., 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.networks.conditioning import map_of
from sparring.networks.layers import activations, choose, halve, initialise, limit, positive
from sparring.networks.unet import Norm
from sparring.types import Condition, Spec, Verdict

LEAST = 4
"""Cells of the smaller side below which a grid is not halved any more."""


class Discriminator(nn.Module):
    """Sample (N, C, H, W), beside its map, to one logit for each patch.

    With several scales (Wang et al., 2018, pix2pixHD) further judges see the pair at half the
    extent; their logits are repeated to the finest grid, so that each scale weighs alike.

    Args:
        spec: What to judge.
        width: Channels after the first halving; they double at each further one.
        halvings: How often the extent halves; 3 see patches of about 60 px.
        scales: Judges, each at half the extent of the one before.
        norm: "none" or "instance".
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: "concat" shows the condition's map beside the sample, "none" does not.
        keep_features: Whether verdicts hold the activations of each layer, for feature matching.

    Raises:
        InputError: a setting out of range.
    """

    def __init__(
        self,
        spec: Spec,
        width: int = 32,
        halvings: int = 3,
        scales: int = 1,
        norm: str = "none",
        spectral_norm: bool = False,
        form: str = "concat",
        slope: float = 0.2,
        keep_features: bool = True,
    ) -> None:
        super().__init__()
        positive("width", width, halvings, scales)
        self.shown = choose("form", form, {"concat": True, "none": False}) and bool(spec.map)
        self.keep_features = keep_features
        inputs = spec.shape[0] + (spec.map_channels if self.shown else 0)
        extent = min(spec.shape[1:])
        self.judges = nn.ModuleList(
            _judge(inputs, width, _fitting(extent // 2**scale, halvings), norm, slope)
            for scale in range(scales)
        )
        initialise(self, "kaiming", slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, K) in float32, K patches of each scale in turn, and the features."""
        seen = self._beside_map(sample, condition) if self.shown else sample
        grids, features = [], []
        for index, judge in enumerate(self.judges):
            seen = halve(seen) if index else seen
            *inner, logits = activations(judge, seen)  # type: ignore[arg-type]
            grids.append(logits.float())
            features += inner
        finest = tuple(grids[0].shape[2:])
        alike = [grids[0], *(F.interpolate(grid, finest) for grid in grids[1:])]
        logits = torch.cat([grid.flatten(1) for grid in alike], dim=1)
        return Verdict(logits, tuple(features) if self.keep_features else ())

    def _beside_map(self, sample: Tensor, condition: Condition) -> Tensor:
        given = map_of(condition)
        if given.shape[2:] != sample.shape[2:]:
            given = F.interpolate(given, tuple(sample.shape[2:]))
        return torch.cat([given.to(sample.dtype), sample], dim=1)


def _judge(inputs: int, width: int, halvings: int, norm: str, slope: float) -> nn.Sequential:
    layers = []
    for i in range(halvings):
        outputs = width * 2**i
        convolve = nn.Conv2d(inputs, outputs, 4, 2, 1)
        layers.append(_layer(convolve, norm if i else "none", slope))
        inputs = outputs
    layers.append(_layer(nn.Conv2d(inputs, inputs, 3, 1, 1), norm, slope))
    return nn.Sequential(*layers, nn.Conv2d(inputs, 1, 3, 1, 1))


def _layer(convolve: nn.Conv2d, norm: str, slope: float) -> nn.Sequential:
    return nn.Sequential(convolve, Norm(norm, convolve.out_channels), nn.LeakyReLU(slope))


def _fitting(extent: int, halvings: int) -> int:
    while halvings > 1 and extent // 2**halvings < LEAST:
        halvings -= 1
    return halvings
