"""Items through a model in pieces: batches that fit in memory, bands of large ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.artifact import given
from sparring.artifact.tiling import bands, bands_read, count
from sparring.core.types import Condition

if TYPE_CHECKING:
    from sparring.artifact.model import Model

HALO = 16
"""Rows around a band that a task's last touch may look at."""
Progress = Callable[[int, int], None]
"""Called with how many tiles are done, and how many there are."""


class Asked(NamedTuple):
    """What is asked of a translation, beside what it starts from."""

    told: Mapping[str, Any]
    """Label, vector and tokens."""
    reverse: bool
    style: Tensor | None
    """(1, latent)."""
    seed: int
    indices: Sequence[int] | None
    tile: int | None
    stored: bool
    progress: Progress | None


def translated(model: Model, items: Tensor, mask: Tensor | None, asked: Asked) -> Tensor:
    """What the model makes of items (N, C, *space), as in `Model.translate`.

    Waveforms are cut and joined as such, whatever the networks see of them; all other items as
    the networks see them.
    """
    entry, leaving = model.ends(asked.reverse)
    waves = items.dim() == 3 and (asked.stored or len(leaving.shape) == 2)
    check = given.waveforms if waves else given.encoded
    source = check(entry, items, model.networks.values())
    missing = given.masked(mask, source, model.takes_mask)
    told = model.condition(asked.indices or range(len(source)), **asked.told)
    fields = {name: values for name, values in told._asdict().items() if values is not None}
    latent = given.numbered(asked.seed, asked.indices, len(source), model.manifest.spec.latent)
    latent = latent if asked.style is None else asked.style.expand(len(source), -1)
    if waves:
        return _waves(model, source, {**missing, **fields}, latent, asked)
    known = model.task.known({"source": source, **missing, **fields})
    return _grids(model, source, known, latent, asked)


def _waves(
    model: Model, source: Tensor, fields: dict[str, Tensor], latent: Tensor, asked: Asked
) -> Tensor:
    """Waveforms (N, C, L) made of waveforms, long ones in pieces that fade into each other."""
    length, channels = source.shape[2], source.shape[1]
    mask = fields.pop("mask", None)
    marked = source if mask is None else torch.cat([source, mask.to(source.dtype)], 1)
    side = given.piece_of(asked.tile, length)
    step = 1 if side else given.at_once((length,), 1)
    rows = [slice(begin, begin + step) for begin in range(0, len(source), step)]
    pieces = count((length,), side, side // 4) if side else 1
    tell = _teller(asked.progress, len(rows) * pieces)

    def made(row: slice, piece: Tensor) -> Tensor:
        own = {name: values[row] for name, values in fields.items()}
        found = _marked(model, piece, channels, own, latent[row], asked)
        tell()
        return found

    def joined(row: slice) -> Tensor:
        if not side:
            return made(row, marked[row])
        parts = bands(lambda piece: made(row, piece).float(), marked[row], side, side // 4)
        return _filled(parts, length, source.dtype if asked.stored else torch.float32)

    found = [joined(row) for row in rows]
    return found[0] if len(found) == 1 else torch.cat(found)


def _marked(
    model: Model,
    piece: Tensor,
    channels: int,
    fields: dict[str, Tensor],
    latent: Tensor,
    asked: Asked,
) -> Tensor:
    """What is made of a piece (N, channels, L), or of one with the mask as one channel more."""
    whole = F.pad(piece, (0, -piece.shape[2] % given.BLOCK))
    if piece.shape[1] > channels:
        fields = {**fields, "mask": whole[:, channels:].float()}
    return _wave(model, whole[:, :channels], fields, latent, asked)[..., : piece.shape[2]]


@torch.inference_mode()
def streamed(
    model: Model, read: Callable[[int, int], Tensor], length: int, asked: Asked
) -> Iterator[Tensor]:
    """Stored parts (C, n), one after the other, of what is made of one long waveform.

    `read(start, end)` gives stored samples (C, n), with the mask as one channel more where the
    model takes one, and is asked from start to end.
    """
    told = model.condition(asked.indices or [0], **asked.told)
    fields = {name: values for name, values in told._asdict().items() if values is not None}
    latent = given.numbered(asked.seed, asked.indices, 1, model.manifest.spec.latent)
    latent = latent if asked.style is None else asked.style
    side = given.piece_of(asked.tile, length)
    tell = _teller(asked.progress, count((length,), side, side // 4))
    channels = model.ends(asked.reverse)[0].shape[0]

    def made(piece: Tensor) -> Tensor:
        found = _marked(model, piece, channels, fields, latent, asked)
        tell()
        return found.float()

    for part in bands_read(made, lambda *ends: read(*ends)[None], length, side, side // 4):
        yield part[0].round().to(torch.int16)


def _filled(parts: Iterator[Tensor], length: int, kind: torch.dtype) -> Tensor:
    """Parts (N, C, n) one after the other in one tensor, which is all that is held of them."""
    whole, done = torch.empty(0), 0
    for part in parts:
        if not done:
            whole = torch.empty((*part.shape[:2], length), dtype=kind)
        found = part if kind.is_floating_point else part.round()
        whole[..., done : done + part.shape[2]] = found.to(kind)
        done += part.shape[2]
    return whole


def _wave(
    model: Model, piece: Tensor, fields: dict[str, Tensor], latent: Tensor, asked: Asked
) -> Tensor:
    """What is made of a piece of waveforms (N, C, L), on the CPU."""
    entry, leaving = model.ends(asked.reverse)
    known = model.task.known({"source": entry.encode(piece), **fields}).to(model.device)
    play = model.game.reverse if asked.reverse else model.game.generate  # type: ignore[attr-defined]
    made: Tensor = play(model.networks, latent.to(model.device), known).float()
    made = made if asked.reverse else model.task.finish(made, known)
    made = made if leaving.head == "linear" else made.clamp(-1.0, 1.0)
    return (leaving.decode(made) if asked.stored else made).cpu()


def _grids(model: Model, source: Tensor, known: Condition, latent: Tensor, asked: Asked) -> Tensor:
    """What is made of encoded items (N, C, *space), large ones in tiles."""
    leaving = model.ends(asked.reverse)[1]
    step = given.at_once(source.shape[2:], model.scale)
    rows = [slice(begin, begin + step) for begin in range(0, len(source), step)]
    side = given.tile_of(asked.tile, source.shape[2:], model.scale)
    tiles = count(source.shape[2:], side, side // 4) if side else 1
    tell = _teller(asked.progress, len(rows) * tiles)

    def ready(band: Tensor) -> Tensor:
        band = band if leaving.head == "linear" else band.clamp(-1.0, 1.0)
        return (leaving.decode(band) if asked.stored else band).cpu()

    def whole(row: slice) -> Tensor:
        made = _bands(model, latent[row], known.rows(row), asked.reverse, side, tell)
        return torch.cat([ready(band) for band in made], dim=2)

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
        top += band.shape[2]


def _finished(model: Model, band: Tensor, known: Condition, top: int) -> Tensor:
    """The task's last touch on a band that begins at row `top`; it may look a little further."""
    assert known.map is not None
    if model.scale != 1:
        return model.task.finish(band, known)
    bottom = top + band.shape[2]
    above, below = min(top, HALO), min(known.map.shape[2] - bottom, HALO)
    sides = [0, 0] * (band.dim() - 3)
    around = F.pad(band, [*sides, above, below], mode="replicate")
    rows = known._replace(map=known.map[:, :, top - above : bottom + below])
    return model.task.finish(around, rows)[:, :, above : above + band.shape[2]]


def _teller(progress: Progress | None, total: int) -> Callable[[], None]:
    """To be called after every tile; counts them."""
    done = itertools.count(1)

    def tell() -> None:
        if progress is not None:
            progress(next(done), total)

    return tell
