"""U-Net: from a condition's map to a sample of the same extent (pix2pix: Isola et al., 2017)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.networks.conditioning import map_of
from sparring.networks.layers import bounded, choose, crop, initialise, positive, stretch
from sparring.types import Condition, Spec

WIDEST = 8
"""Channels grow to so many times the width."""


class Generator(nn.Module):
    """(latent (N, L), map (N, C', H, W)) to sample (N, C, H, W), for any H x W.

    A latent, where there is one, is told at the coarsest grid. Doubling repeats cells and then
    convolves, so there is no checkerboard (Odena et al., 2016); borders are repeated outwards.

    Args:
        spec: What to make, and of which map.
        width: Channels after the first halving; they double at each further one, up to 8 times.
        depth: Halvings; as many as leave 4 cells of the smaller side, at most 5, if 0.
        norm: "instance" or "none".
        dropout: Share of units left out in the two coarsest layers of the way up.
        residual: Add the map's first channels to the sample: to repair is to change little.
        slope: Of the leaky ReLU on the way down.
        head: "tanh" or "linear"; the spec's own if None.

    Raises:
        InputError: a setting out of range.
    """

    def __init__(
        self,
        spec: Spec,
        width: int = 32,
        depth: int = 0,
        norm: str = "instance",
        dropout: float = 0.0,
        residual: bool = False,
        slope: float = 0.2,
        head: str | None = None,
    ) -> None:
        super().__init__()
        positive("width", width)
        self.head, self.residual, self.channels = head or spec.head, residual, spec.shape[0]
        self.depth = depth or _depth(min(spec.map[1:] or (1,)))
        widths = [width * min(2**i, WIDEST) for i in range(self.depth)]
        steps = list(zip([spec.map_channels, *widths], widths, strict=False))
        self.down = nn.ModuleList(
            _Down(inputs, outputs, slope, norm if i else "none")
            for i, (inputs, outputs) in enumerate(steps)
        )
        told = [outputs for _, outputs in steps]
        told[-1] += spec.latent
        self.up = nn.ModuleList()
        for i in reversed(range(1, self.depth)):
            left_out = dropout if i > self.depth - 3 else 0.0
            self.up.append(_Up(told[i], widths[i - 1], norm, left_out))
            told[i - 1] += widths[i - 1]
        self.last = _convolution(told[0] + spec.map_channels, self.channels, 3, 1)
        initialise(self, "kaiming", slope)
        nn.init.normal_(self.last.weight, 0.0, 0.02)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, H, W) in float32."""
        given = map_of(condition)
        hidden = stretch(given, 2**self.depth)
        kept = [hidden]
        for layer in self.down:
            kept.append(layer(kept[-1]))
        hidden = _told(kept.pop(), latent)
        for layer in self.up:
            hidden = torch.cat([layer(hidden), kept.pop()], dim=1)
        hidden = torch.cat([_doubled(hidden), kept.pop()], dim=1)
        sample = crop(self.last(hidden), tuple(given.shape[2:]))
        sample = sample + given[:, : self.channels] if self.residual else sample
        return bounded(sample, self.head)


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int, slope: float, norm: str) -> None:
        super().__init__()
        self.convolve = _convolution(inputs, outputs, 4, 2)
        self.norm = Norm(norm, outputs)
        self.slope = slope

    def forward(self, hidden: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.convolve(hidden)), self.slope)


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int, norm: str, dropout: float) -> None:
        super().__init__()
        self.convolve = _convolution(inputs, outputs, 3, 1)
        self.norm = Norm(norm, outputs)
        self.dropout = dropout

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = F.relu(self.norm(self.convolve(_doubled(hidden))))
        return F.dropout(hidden, self.dropout, self.training) if self.dropout else hidden


class Norm(nn.Module):
    """Each sample's channels to zero mean and unit variance, then scaled (Ulyanov et al., 2016).

    "none" changes nothing, and nor does "instance" where there is only one cell.
    """

    def __init__(self, norm: str, channels: int) -> None:
        super().__init__()
        wanted = choose("norm", norm, {"instance": True, "none": False})
        self.norm = nn.GroupNorm(channels, channels) if wanted else None

    def forward(self, hidden: Tensor) -> Tensor:
        """The same shape (N, C, H, W)."""
        if self.norm is None or math.prod(hidden.shape[2:]) == 1:
            return hidden
        normed: Tensor = self.norm(hidden)
        return normed


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, 1, padding_mode="replicate")


def _doubled(hidden: Tensor) -> Tensor:
    return F.interpolate(hidden, scale_factor=2, mode="nearest")


def _told(hidden: Tensor, latent: Tensor) -> Tensor:
    """The coarsest grid with the latent in every cell."""
    if not latent.shape[1]:
        return hidden
    everywhere = latent[:, :, None, None].expand(-1, -1, *hidden.shape[2:])
    return torch.cat([hidden, everywhere.to(hidden.dtype)], dim=1)


def _depth(extent: int) -> int:
    return max(1, min(5, int(math.log2(max(extent, 8))) - 2))
