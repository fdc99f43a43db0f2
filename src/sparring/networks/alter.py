"""A picture with some of it changed, as a condition asks.

What is asked scales and shifts each layer, as in `text` (DF-GAN: Tao et al., 2022, eq. 1), where
StarGAN has it beside the picture's channels (Choi et al., 2018).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.ranges import Depth, Share, Size
from sparring.core.types import Condition, Spec
from sparring.networks import text
from sparring.networks.layers import (
    bounded,
    crop,
    growing,
    initialise,
    keeping,
    positive,
    shrinking,
)
from sparring.networks.sentence import Description
from sparring.networks.text import Affine
from sparring.networks.unet import (
    FROM_MAPS,
    channels_of,
    check_residual,
    covered,
    given,
    start_small,
)

WIDEST = 8
HALF = math.sqrt(0.5)
"""The scale that keeps the variance of a sum of two."""


class Generator(nn.Module):
    """(latent, condition with a map (N, C', *space)) to sample (N, C, *space), of any extent.

    The latent is not read.

    Args:
        spec: What to make, and of which map.
        width: Channels at the full extent; they double with each halving, up to 8 times this.
        halvings: Down to the coarsest grid; 4 leave 4 cells of 64.
        blocks: Layers at the coarsest grid.
        told: Numbers that what is told is made of.
        slope: Of the leaky ReLU.
        residual: Add the map's first channels to the sample: what nobody asks to change is right.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = FROM_MAPS

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        halvings: Depth = 4,
        blocks: Depth = 2,
        told: Size = 128,
        slope: Share = 0.2,
        residual: bool = True,
    ) -> None:
        super().__init__()
        inputs, outputs = channels_of(spec)
        check_residual(spec, residual)
        positive("width", width)
        dims, self.slope, self.residual = len(spec.map) - 1, slope, residual
        self.channels, self.factor = outputs, 2**halvings
        self.head = "clipped" if residual else spec.head
        widths = [width * min(2**i, WIDEST) for i in range(halvings + 1)]
        pairs = list(itertools.pairwise(widths))
        self.told = Description(dataclasses.replace(spec, map=()), told)
        self.first = keeping(dims, inputs, width)
        self.down = nn.ModuleList(shrinking(dims, a, b) for a, b in pairs)
        self.blocks = nn.ModuleList(keeping(dims, widths[-1], widths[-1]) for _ in range(blocks))
        self.up = nn.ModuleList(growing(dims, b, a) for a, b in reversed(pairs))
        self.last = keeping(dims, width, outputs)
        known = [*[widths[-1]] * blocks, *reversed(widths)]
        self.affine = nn.ModuleList(Affine(told, channels, slope) for channels in known)
        for layers in (self.first, self.down, self.blocks, self.up, self.last):
            initialise(layers, "kaiming", slope)
        if residual:
            start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        shown = given(condition)
        told = self.told(condition, shown)[0]
        seen = [self.first(covered(shown, self.factor))]
        for layer in self.down:
            seen.append(layer(F.leaky_relu(seen[-1], self.slope)))
        *finer, hidden = seen
        affine = iter(self.affine)
        for block in self.blocks:
            hidden = (hidden + block(next(affine)(hidden, told))) * HALF
        for layer in self.up:
            hidden = (finer.pop() + layer(next(affine)(hidden, told))) * HALF
        sample = crop(self.last(next(affine)(hidden, told)), tuple(shown.shape[2:]))
        sample = sample + shown[:, : self.channels] if self.residual else sample
        return bounded(sample, self.head)


class Discriminator(text.Discriminator):
    """Sample (N, C, *space) and what is true of it to a Verdict, the vector's numbers named.

    The map is not read: it is another picture than the sample, or the sample itself.
    """

    accepts: ClassVar[Accepts] = ALL

    def __init__(
        self, spec: Spec, width: Size = 32, told: Size = 128, classify: bool = False
    ) -> None:
        super().__init__(dataclasses.replace(spec, map=()), width, told, classify=classify)
