"""Residual generator that keeps a map's geometry (Johnson et al., 2016; Zhu et al., 2017)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Count, Depth, Size
from sparring.core.types import Condition, Spec
from sparring.networks.flat import Flat
from sparring.networks.layers import activations, bounded, crop, initialise, positive
from sparring.networks.unet import (
    FROM_MAPS,
    Reflected,
    Repeat,
    Told,
    channels_of,
    check_residual,
    covered,
    given,
    normalised,
    start_small,
)

FACTOR = 4
"""The blocks work at a quarter of the extent."""
SLOPE = 0.2
DILATIONS = (1, 2, 4, 8)
"""In turn, where blocks are dilated: each cell then sees most of a small picture."""


class Generator(nn.Module):
    """(latent, map (N, C', *space)) to sample (N, C, *space), of any extent.

    The latent is not read.

    Two halvings, residual blocks, and two doublings that repeat cells and then convolve. A label,
    vector or tokens are told before the blocks.

    Args:
        spec: What to make, and of which map.
        width: Channels at half the extent; the blocks have twice as many.
        blocks: Residual blocks.
        dilated: Whether the blocks' convolutions reach 1, 2, 4, 8 cells in turn, as wide holes
            need it (Suvorov et al., 2022).
        norm: "instance" or "none".
        residual: Add the map's first channels to the sample: to repair is to change little.
        head: "tanh", "leaky" or "linear"; if None, "leaky" where residual (a linear one leaves
            [-1, 1], where discriminators know fakes at once; tanh is flat at white), else the
            spec's own.
        colours: Paint in so many colours, each picture in its own (`networks/flat.py`); 0 paints
            freely.

    Attributes:
        depths: Channels of each layer whose activations `features` shows.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = FROM_MAPS

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        blocks: Depth = 4,
        dilated: bool = False,
        norm: str = "instance",
        residual: bool = False,
        head: str | None = None,
        colours: Count = 0,
    ) -> None:
        super().__init__()
        inputs, self.channels = channels_of(spec)
        check_residual(spec, residual)
        if colours and (residual or spec.map[0] < spec.shape[0]):
            raise InputError(
                "colours paints with the map's own and adds nothing to it: give --no-residual, and "
                f"a map of as many channels as the sample, not {spec.map} for {spec.shape}."
            )
        positive("width", width, blocks)
        self.head, self.residual = head or ("leaky" if residual else spec.head), residual
        self.depths = (width, *[2 * width] * (blocks + 1))
        reach = [DILATIONS[i % len(DILATIONS)] if dilated else 1 for i in range(blocks)]
        self.told = Told(dataclasses.replace(spec, latent=0), 2 * width)
        dims = len(spec.map) - 1
        self.encoder = nn.Sequential(
            _layer(Reflected(inputs, width, 4, 2, dims=dims), width, "none", dims),
            _layer(Reflected(width, 2 * width, 4, 2, dims=dims), 2 * width, norm, dims),
            *(_Block(2 * width, dilation, norm, dims) for dilation in reach),
        )
        self.decoder = nn.Sequential(
            _layer(Repeat(2 * width, width, dims), width, norm, dims),
            Repeat(width, colours or self.channels, dims),
        )
        initialise(self, "kaiming", SLOPE)
        self.told.start()
        self.flat = Flat(self.channels, 2 * width, colours, FACTOR, dims) if colours else None
        if residual:
            start_small(self.decoder[-1])

    def forward(
        self, latent: Tensor, condition: Condition, features: bool = False
    ) -> Tensor | tuple[Tensor, tuple[Tensor, ...]]:
        """Samples (N, C, *space) in float32; with `features` also the encoder's activations."""
        shown = given(condition)
        first, second, *blocks = self.encoder
        framed = covered(shown, FACTOR)
        half = first(framed)
        # Told between norm and activation: a norm would take away what is the same everywhere.
        convolve, norm, activate = second.children()
        quarter = activate(self.told(norm(convolve(half)), latent, condition))
        seen = (half, quarter, *activations(nn.Sequential(*blocks), quarter))
        sample = self._painted(self.decoder(seen[-1]), framed[:, : self.channels], seen[-1])
        sample = crop(sample, tuple(shown.shape[2:]))
        return (sample, seen) if features else sample

    def _painted(self, drawn: Tensor, source: Tensor, features: Tensor) -> Tensor:
        """What the decoder drew, as a sample (N, C, *space)."""
        if self.flat is not None:
            return self.flat(drawn, source, features)
        return bounded(drawn + source if self.residual else drawn, self.head)


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, norm: str, dims: int) -> None:
        super().__init__()
        self.first = _layer(Reflected(width, width, 3, 1, dilation, dims), width, norm, dims)
        self.second = nn.Sequential(
            Reflected(width, width, dims=dims), normalised(norm, width, dims)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.second(self.first(hidden))


def _layer(convolve: nn.Module, width: int, norm: str, dims: int) -> nn.Sequential:
    return nn.Sequential(convolve, normalised(norm, width, dims), nn.LeakyReLU(SLOPE))
