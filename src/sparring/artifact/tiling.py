"""Tiles: a function of small items run on a large one, piece by piece, without seams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from sparring.core.errors import InputError


def tiled(
    work: Callable[[Tensor], Tensor], item: Tensor, tile: int, overlap: int, scale: int = 1
) -> Tensor:
    """`work` of an item (N, C, *space), run on tiles of it and joined with smooth weights.

    `work` maps (N, C, *part) to (N, C', *scale part), for any C and C' and in any dimensions of
    space: a sound has one, a picture two. Neighbouring tiles share `overlap` cells and cross-fade
    over the middle half of them. So the join equals the whole wherever `work` sees no further than
    overlap / 4 cells (and, if it has strides, where tile - overlap is a multiple of them).

    Raises:
        InputError: tiles that are not at least twice their overlap.
    """
    return torch.cat(list(bands(work, item, tile, overlap, scale)), dim=2)


def bands(
    work: Callable[[Tensor], Tensor], item: Tensor, tile: int, overlap: int, scale: int = 1
) -> Iterator[Tensor]:
    """What `tiled` joins, in bands along the first axis of space, each when it is done.

    So memory holds one row of tiles of a picture, however high, and one tile of a sound, however
    long.

    Raises:
        InputError: as `tiled`.
    """

    def read(start: int, end: int) -> Tensor:
        return item.narrow(2, start, end - start)

    yield from bands_read(work, read, item.shape[2], tile, overlap, scale)


def bands_read(
    work: Callable[[Tensor], Tensor],
    read: Callable[[int, int], Tensor],
    side: int,
    tile: int,
    overlap: int,
    scale: int = 1,
) -> Iterator[Tensor]:
    """As `bands`, of an item that is read from start to end along that axis when it is needed.

    Raises:
        InputError: as `tiled`.
    """
    if overlap < 0 or tile < max(1, 2 * overlap):
        raise InputError(f"a tile must be at least twice its overlap, not {tile} for {overlap}.")
    waiting: Tensor | None = None
    for start, end in spans(side, tile, overlap):
        band = _joined(work, read(start, end), tile, overlap, scale, 3)
        band *= _along(fade(start, end, side, overlap, scale).to(band), 2, band.dim())
        if waiting is not None:
            band.narrow(2, 0, waiting.shape[2]).add_(waiting)
        done = band.shape[2] - (overlap * scale if end < side else 0)
        waiting = band.narrow(2, done, band.shape[2] - done).clone()
        yield band.narrow(2, 0, done)


def count(space: Sequence[int], tile: int, overlap: int) -> int:
    """How many tiles an item of this extent is made of."""
    return math.prod(len(list(spans(side, tile, overlap))) for side in space)


def _joined(
    work: Callable[[Tensor], Tensor], part: Tensor, tile: int, overlap: int, scale: int, axis: int
) -> Tensor:
    """`work` of a part, in tiles joined along this axis and all after it; always a new tensor."""
    if axis == part.dim():
        return work(part).clone()
    side = part.shape[axis]
    joined: Tensor | None = None
    for start, end in spans(side, tile, overlap):
        inner = part.narrow(axis, start, end - start)
        piece = _joined(work, inner, tile, overlap, scale, axis + 1)
        if joined is None:
            extent = [*piece.shape]
            extent[axis] = side * scale
            joined = piece.new_zeros(extent)
        weights = _along(fade(start, end, side, overlap, scale).to(piece), axis, piece.dim())
        joined.narrow(axis, start * scale, (end - start) * scale).add_(piece * weights)
    assert joined is not None
    return joined


def _along(weights: Tensor, axis: int, dims: int) -> Tensor:
    """Weights (side,) as that axis of a tensor of so many."""
    return weights.view([-1 if place == axis else 1 for place in range(dims)])


def spans(side: int, tile: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Where tiles begin and end along a side; the last one is cut short by the border."""
    start = 0
    while start + tile < side:
        yield start, start + tile
        start += tile - overlap
    yield start, side


def fade(start: int, end: int, side: int, overlap: int, scale: int) -> Tensor:
    """A tile's weights along a side, (scale (end - start),); those of all tiles add up to one.

    They rise over the middle half of an overlap as sin^2, and are exactly 0 and 1 outside it.
    """
    length, shared = (end - start) * scale, overlap * scale
    place = (torch.arange(shared, dtype=torch.float64) + 0.5) / max(shared, 1)
    rise = torch.sin(math.pi / 2 * (2 * place - 0.5).clamp(0.0, 1.0)).square()
    weights = torch.ones(length, dtype=torch.float64)
    if start > 0:
        weights[:shared] = rise
    if end < side:
        weights[length - shared :] = 1.0 - rise
    return weights


def at_once(most: int, cells: int, shape: tuple[int, ...]) -> int:
    """How many samples of this shape have so many cells of space together; 1 to `most`."""
    return max(1, min(most, cells // math.prod(shape[1:])))
