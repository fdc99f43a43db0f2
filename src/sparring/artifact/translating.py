"""Pictures through a model in pieces: batches that fit in memory, and bands of large pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.artifact.given import at_once, tile_of
from sparring.artifact.tiling import bands, count
from sparring.core.types import Condition

if TYPE_CHECKING:
    from sparring.artifact.model import Model

HALO = 16
"""Rows around a band that a task's last touch may look at."""
Progress = Callable[[int, int], None]
"""Called with how many tiles are done, and how many there are."""


def translated(
    model: Model,
    source: Tensor,
    known: Condition,
    latent: Tensor,
    reverse: bool = False,
    tile: int | None = None,
    stored: bool = False,
    progress: Progress | None = None,
) -> Tensor:
    """What the model makes of encoded sources (N, C, H, W), as in `Model.translate`."""
    leaving = model.ends(reverse)[1]
    step = at_once(source.shape[2:], model.scale)
    rows = [slice(begin, begin + step) for begin in range(0, len(source), step)]
    side = tile_of(tile, source.shape[2:], model.scale)
    tell = _teller(progress, len(rows) * (count(source.shape[2:], side, side // 4) if side else 1))

    def ready(band: Tensor) -> Tensor:
        band = band if leaving.head == "linear" else band.clamp(-1.0, 1.0)
        return (leaving.decode(band) if stored else band).cpu()

    def whole(row: slice) -> Tensor:
        made = _bands(model, latent[row], known.rows(row), reverse, side, tell)
        return torch.cat([ready(band) for band in made], dim=-2)

    return torch.cat([whole(row) for row in rows])


def _bands(
    model: Model,
    latent: Tensor,
    known: Condition,
    reverse: bool,
    side: int,
    tell: Callable[[], None],
) -> Iterator[Tensor]:
    """What is made of these conditions, in one piece or from top to bottom in bands."""
    play = model.game.reverse if reverse else model.game.generate  # type: ignore[attr-defined]
    known, latent = known.to(model.device), latent.to(model.device)

    def work(map: Tensor) -> Tensor:
        made: Tensor = play(model.networks, latent, known._replace(map=map)).float()
        tell()
        return made

    assert known.map is not None
    if not side:
        whole = work(known.map)
        yield whole if reverse else model.task.finish(whole, known)
        return
    top = 0
    for band in bands(work, known.map, side, side // 4, model.scale):
        yield band if reverse else _finished(model, band, known, top)
        top += band.shape[-2]


def _finished(model: Model, band: Tensor, known: Condition, top: int) -> Tensor:
    """The task's last touch on a band that begins at row `top`; it may look a little further."""
    assert known.map is not None
    if model.scale != 1:
        return model.task.finish(band, known)
    bottom = top + band.shape[-2]
    above, below = min(top, HALO), min(known.map.shape[-2] - bottom, HALO)
    around = F.pad(band, (0, 0, above, below), mode="replicate")
    rows = known._replace(map=known.map[..., top - above : bottom + below, :])
    return model.task.finish(around, rows)[..., above : above + band.shape[-2], :]


def _teller(progress: Progress | None, total: int) -> Callable[[], None]:
    """To be called after every tile; counts them."""
    done = itertools.count(1)

    def tell() -> None:
        if progress is not None:
            progress(next(done), total)

    return tell
