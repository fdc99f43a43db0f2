"""Tiles: a function of small pictures run on a large one, piece by piece, without seams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from sparring.core.errors import InputError


def tiled(
    work: Callable[[Tensor], Tensor], picture: Tensor, tile: int, overlap: int, scale: int = 1
) -> Tensor:
    """`work` of a picture (N, C, H, W), run on tiles of it and joined with smooth weights.

    `work` maps (N, C, h, w) to (N, C', scale h, scale w), for any C and C'. Neighbouring tiles
    share `overlap` pixels and cross-fade over the middle half of them. So the join equals the
    whole wherever `work` sees no further than overlap / 4 pixels (and, if it has strides, where
    tile - overlap is a multiple of them).

    Raises:
        InputError: tiles that are not at least twice their overlap.
    """
    return torch.cat(list(bands(work, picture, tile, overlap, scale)), dim=-2)


def bands(
    work: Callable[[Tensor], Tensor], picture: Tensor, tile: int, overlap: int, scale: int = 1
) -> Iterator[Tensor]:
    """What `tiled` joins, from top to bottom in bands (N, C', h, scale W), each when it is done.

    So memory holds one row of tiles, however high the picture.

    Raises:
        InputError: as `tiled`.
    """
    if overlap < 0 or tile < max(1, 2 * overlap):
        raise InputError(f"a tile must be at least twice its overlap, not {tile} for {overlap}.")
    height = picture.shape[-2]
    waiting: Tensor | None = None
    for top, bottom in spans(height, tile, overlap):
        band = _across(work, picture[..., top:bottom, :], tile, overlap, scale)
        band *= fade(top, bottom, height, overlap, scale).to(band)[:, None]
        if waiting is not None:
            band[..., : waiting.shape[-2], :] += waiting
        done = band.shape[-2] - (overlap * scale if bottom < height else 0)
        waiting = band[..., done:, :].clone()
        yield band[..., :done, :]


def count(space: Sequence[int], tile: int, overlap: int) -> int:
    """How many tiles a picture of this extent (H, W) is made of."""
    return math.prod(len(list(spans(side, tile, overlap))) for side in space)


def _across(
    work: Callable[[Tensor], Tensor], row: Tensor, tile: int, overlap: int, scale: int
) -> Tensor:
    """`work` of one row of tiles, joined from left to right."""
    width = row.shape[-1]
    joined: Tensor | None = None
    for left, right in spans(width, tile, overlap):
        piece = work(row[..., left:right])
        if joined is None:
            joined = piece.new_zeros(*piece.shape[:-1], width * scale)
        weights = fade(left, right, width, overlap, scale).to(piece)
        joined[..., left * scale : right * scale].add_(piece * weights)
    assert joined is not None
    return joined


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
