"""Shares: samples that are made and read piece by piece, each piece by one of the processes."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.device import several
from sparring.core.errors import InputError
from sparring.metrics.extractor import Embedded, Extractor
from sparring.metrics.scores import Scores
from sparring.verbs.embeddings import embedded

if TYPE_CHECKING:
    from sparring.training.engine import Engine


def crew() -> Engine | None:
    """What joins the processes that a script was launched as; None where it is one."""
    if not several():
        return None
    from sparring.training.engine import Engine

    return Engine("fp32")


@dataclass(frozen=True)
class Pieces:
    """Samples (N, *shape) in pieces that can be made in any order."""

    sizes: Sequence[int]
    make: Callable[[int], Tensor]
    """The piece of this number."""
    lasting: bool = False
    """Whether other runs will ask for the same ones, so that what is said of them is kept."""

    def __len__(self) -> int:
        return sum(self.sizes)

    def __iter__(self) -> Iterator[Tensor]:
        return map(self.make, range(len(self.sizes)))

    def first(self, count: int) -> Pieces:
        """The first so many pieces."""
        return replace(self, sizes=self.sizes[:count])


def pieces_of(samples: Tensor, size: int) -> Pieces:
    """Samples that are there already, in pieces of this size."""
    parts = samples.split(size)
    return Pieces([len(part) for part in parts], parts.__getitem__)


def itself(piece: Tensor) -> Tensor:
    """The samples, for `read` to keep them."""
    return piece


def read(
    samples: Pieces,
    reader: Extractor,
    engine: Engine | None = None,
    also: Sequence[Callable[[Tensor], Tensor]] = (),
) -> tuple[Embedded, list[Tensor]]:
    """What the extractor says of all samples, and what functions of each piece say, row by row.

    Each of an engine's processes makes and reads every so manieth piece, whole: what is found is
    what one process finds, to the last bit.

    Raises:
        InputError: as `Extractor.embed`, in any process.
    """
    if not samples.sizes:
        raise InputError("there are no samples to score.")
    world, rank = (engine.world, engine.rank) if engine else (1, 0)

    def work() -> list[list[Tensor]]:
        mine = range(rank, len(samples.sizes), world)
        embed = functools.partial(embedded, reader=reader) if samples.lasting else reader.embed
        return [_fields(samples.make(number), embed, also) for number in mine]

    if engine is None or world == 1:
        columns = [torch.cat(parts) for parts in zip(*work(), strict=True)]
    else:
        from sparring.training.joint import joint

        columns = _gathered(engine, samples.sizes, joint(engine, work))
    own = len(columns) - len(also)
    return Embedded(*columns[:own]), columns[own:]


def _fields(
    piece: Tensor,
    embed: Callable[[Tensor], Embedded],
    also: Sequence[Callable[[Tensor], Tensor]],
) -> list[Tensor]:
    """Features, logits where there are any, and what else is said of the piece."""
    found = [values for values in embed(piece) if values is not None]
    return [*found, *(tell(piece).float() for tell in also)]


def _gathered(engine: Engine, sizes: Sequence[int], mine: list[list[Tensor]]) -> list[Tensor]:
    """All rows of each field, in their order; the k-th piece is the (k mod world)-th process's."""
    shapes = json.dumps([tuple(values.shape[1:]) for values in mine[0]] if mine else [])
    shares = [sizes[rank :: engine.world] for rank in range(engine.world)]
    most = max(map(sum, shares))
    found = []
    for number, shape in enumerate(json.loads(engine.words(shapes)[0])):
        own = torch.zeros(most, *shape)
        if mine:
            rows = torch.cat([fields[number] for fields in mine])
            own[: len(rows)] = rows
        parts = [
            iter(rows[: sum(share)].split(list(share)))
            for rows, share in zip(engine.gather(own).split(most), shares, strict=True)
        ]
        found.append(torch.cat([next(parts[k % engine.world]) for k in range(len(sizes))]))
    return found


def by_first(engine: Engine | None, work: Callable[[], Scores]) -> Scores:
    """The scores that the first process comes to, in all of them.

    Raises:
        InputError: what `work` raised.
    """
    if engine is None or engine.world == 1:
        return work()
    from sparring.training.joint import told

    return Scores.from_json(json.loads(told(engine, lambda: json.dumps(work().to_json()), 0)))
