"""A U-Net that looks things up: each cell of what it makes takes details from where they are shown.

Skip connections hand a U-Net's details on to the same place. Where what is made stands in another
pose or is seen from another side, details lie elsewhere: attention finds them (Vaswani et al.,
2017, eq. 1; between a pose and a picture as in Ren et al., 2020, section 3.1).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Factor, Size
from sparring.core.types import Condition, Spec
from sparring.networks.layers import (
    bounded,
    crop,
    initialise,
    positive,
    shuffle,
    unshuffle,
    waves,
)
from sparring.networks.unet import (
    FROM_PICTURES,
    Reflected,
    Repeat,
    Told,
    channels_of,
    covered,
    given,
    normalised,
)

FACTOR, CELL = 16, 4
"""What an extent must be a multiple of inside; a cell of the attention is so many pixels wide."""
FEW = 1024
"""So many cells are attended to by all products at once."""
OCTAVES = 3
"""Frequencies of the sines that tell a cell where it lies."""
SLOPE = 0.2


class Generator(nn.Module):
    """Map (N, views * C', H, W), of any extent, to sample (N, C, H, W); no latent is read.

    Each view is read by one and the same U-Net down to a sixteenth of the extent and up again to
    a quarter. The mean over the views says what to make; there every cell asks for details, and
    the cells of all views answer with their pixels, patch by patch. A view of zeros throughout is
    one that was not given: it neither counts in the mean nor is it asked.

    Args:
        spec: What to make, and of which map.
        width: Channels at the full extent; they double at each halving, up to 8 times this.
        views: Into how many equal parts the map's channels fall.
        heads: Places that one cell can take details from at once.
        details: Channels of each head's patches.
        norm: "instance" or "none".

    Raises:
        InputError: no picture, no map, a map that does not fall into the views, or a setting out
            of range.
    """

    accepts: ClassVar[Accepts] = FROM_PICTURES

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        views: Factor = 1,
        heads: Size = 4,
        details: Size = 8,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        inputs, outputs = channels_of(spec)
        positive("width", width, heads, details)
        if inputs % views:
            raise InputError(f"the map's {inputs} channels do not fall into {views} equal views.")
        self.head, self.views = spec.head, views
        patch = heads * details
        self.reader = _Reader(inputs // views, width, norm)
        self.told = Told(dataclasses.replace(spec, latent=0), 4 * width)
        self.query = _Block(4 * width, norm)
        self.look = _Attention(width, heads, details)
        self.merged = nn.Conv2d(4 * width + patch * CELL**2, 4 * width, 1)
        self.to_half = _layer(Repeat(4 * width, 2 * width), 2 * width, norm)
        self.to_full = _layer(Repeat(4 * width + patch, width), width, norm)
        self.last = Reflected(2 * width + patch, outputs)
        initialise(self, "kaiming", SLOPE)
        self.told.start()

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, H, W) in float32."""
        shown = given(condition)
        views = covered(shown, FACTOR).unflatten(1, (self.views, -1))
        there = _there(views)
        full, half, context = self.reader(views.flatten(0, 1))
        hidden = self.query(self.told(_mean(context, there), latent, condition))
        found = self.look(hidden, context, full, there)
        hidden = self.merged(torch.cat([hidden, found], 1))
        details = shuffle(found, CELL)
        hidden = torch.cat([self.to_half(hidden), _mean(half, there), F.avg_pool2d(details, 2)], 1)
        hidden = torch.cat([self.to_full(hidden), _mean(full, there), details], 1)
        return bounded(crop(self.last(hidden), tuple(shown.shape[2:])), self.head)


class _Reader(nn.Module):
    """A picture as features at its full extent, at half of it, and with context at a quarter."""

    def __init__(self, inputs: int, width: int, norm: str) -> None:
        super().__init__()
        self.first = nn.Sequential(Reflected(inputs, width), nn.LeakyReLU(SLOPE))
        self.to_half = _layer(Reflected(width, 2 * width, 4, 2), 2 * width, "none")
        self.to_quarter = _layer(Reflected(2 * width, 4 * width, 4, 2), 4 * width, norm)
        self.to_eighth = _layer(Reflected(4 * width, 8 * width, 4, 2), 8 * width, norm)
        # No norm: it would see a handful of cells, and of the map only contrasts.
        self.bottom = _layer(Reflected(8 * width, 8 * width, 4, 2), 8 * width, "none")
        self.up = _layer(Repeat(8 * width, 4 * width), 4 * width, norm)
        self.context = _layer(Repeat(12 * width, 4 * width), 4 * width, norm)
        self.joined = _layer(Reflected(8 * width, 4 * width), 4 * width, norm)

    def forward(self, shown: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        full = self.first(shown)
        half = self.to_half(full)
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        coarse = self.up(self.bottom(eighth))
        context = self.context(torch.cat([coarse, eighth], 1))
        return full, half, self.joined(torch.cat([context, quarter], 1))


class _Attention(nn.Module):
    """What the cells of a quarter's extent find in those of all views: patches of their pixels."""

    def __init__(self, width: int, heads: int, details: int) -> None:
        super().__init__()
        places = 2 * (1 + 2 * OCTAVES)
        self.heads = heads
        self.ask = nn.Conv2d(4 * width + places, 4 * width, 1)
        self.answer = nn.Conv2d(4 * width + places, 4 * width, 1)
        self.patches = nn.Conv2d(width, heads * details, 1)

    def forward(self, hidden: Tensor, context: Tensor, full: Tensor, there: Tensor) -> Tensor:
        """(N, heads * details * CELL^2, h, w); context and full are of N * views."""
        count, space = len(hidden), hidden.shape[2:]
        queries = self._cells(self.ask(_placed(hidden)), count)
        keys = self._cells(self.answer(_placed(context)), count)
        values = self._cells(unshuffle(self.patches(full), CELL), count)
        asked = None
        if there.shape[1] > 1:
            asked = there.repeat_interleave(space.numel(), 1)[:, None, None]
        found = _attended(queries, keys, values, asked)
        return found.transpose(2, 3).flatten(1, 2).unflatten(2, space)

    def _cells(self, maps: Tensor, count: int) -> Tensor:
        """(N * views, heads * F, h, w) as (N, heads, views * h * w, F)."""
        cells = maps.unflatten(1, (self.heads, -1)).flatten(3)
        return cells.unflatten(0, (count, -1)).permute(0, 2, 1, 4, 3).flatten(2, 3)


def _attended(queries: Tensor, keys: Tensor, values: Tensor, asked: Tensor | None) -> Tensor:
    """softmax(queries keys^T / sqrt(F)) values, over the keys that are `asked`."""
    if keys.shape[2] > FEW:  # All products of large pictures would not fit in memory.
        return F.scaled_dot_product_attention(queries, keys, values, attn_mask=asked)
    # Of small ones they do, and going backward through them takes a CPU four fifths of the time.
    products = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
    if asked is not None:
        products = products.masked_fill(~asked, -torch.inf)
    return products.softmax(-1).to(values.dtype) @ values


class _Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        self.first = _layer(Reflected(width, width), width, norm)
        self.second = nn.Sequential(Reflected(width, width), normalised(norm, width))

    def forward(self, hidden: Tensor) -> Tensor:
        made: Tensor = self.second(self.first(hidden))
        return hidden + made


def _layer(convolve: nn.Module, width: int, norm: str) -> nn.Sequential:
    return nn.Sequential(convolve, normalised(norm, width), nn.LeakyReLU(SLOPE))


def _there(views: Tensor) -> Tensor:
    """(N, views) bool: which of them (N, views, C', H, W) are given; all, where none is."""
    found = (views != 0).flatten(2).any(2)
    return found | ~found.any(1, keepdim=True)


def _mean(features: Tensor, there: Tensor) -> Tensor:
    """The mean (N, ...) over the views that are there of features (N * views, ...)."""
    if there.shape[1] == 1:
        return features
    shares = (there / there.sum(1, keepdim=True)).to(features.dtype)
    return (features.unflatten(0, there.shape) * shares[:, :, None, None, None]).sum(1)


def _placed(hidden: Tensor) -> Tensor:
    """Maps (N, C, h, w) with waves of where each cell lies, the same for every extent."""
    rows, columns = (torch.linspace(-1, 1, n, device=hidden.device) for n in hidden.shape[2:])
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flatten(0, 1)
    places = waves(grid, OCTAVES).T.unflatten(1, hidden.shape[2:]).to(hidden.dtype)
    return torch.cat([hidden, places.expand(len(hidden), -1, -1, -1)], 1)
