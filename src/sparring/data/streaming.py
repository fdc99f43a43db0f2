"""Streams: items of shards, in an order that is a function of seed and position alone."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError
from sparring.core.streams import stream as random_stream
from sparring.data import cache, hub
from sparring.data.content import Content, key_for
from sparring.data.hub import Columns, contents
from sparring.data.kinds import Cells, Decoder, Reading

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Row = Mapping[str, Any]

BLOCK = 1000
"""Items of a shard that are shuffled among themselves; shards are shuffled too."""
FIRST = 5000
"""Items at the start of a stream among which the held-out ones are looked for."""


class Held(NamedTuple):
    """Which items are not trained on."""

    places: frozenset[tuple[int, int]] = frozenset()
    """Shard, and row in it."""
    digests: frozenset[bytes] = frozenset()
    """Of these items; whatever equals one is replaced by a neighbour."""


@dataclass(frozen=True)
class Stream:
    """Items that are read in order, shard after shard.

    An epoch is all shards in a fresh order, each in blocks whose items are in a fresh order.
    Processes share the shards where these can be dealt out equally, else the items.
    """

    rows: Any
    """A `datasets.IterableDataset` whose samples are not decoded."""
    columns: Columns
    decoder: Decoder
    where: str
    held: Held = field(default_factory=Held)
    files: tuple[Path, ...] = ()
    """The shards, where they are files of this machine."""
    counts: dict[int, int] = field(default_factory=dict, compare=False)
    """Shard -> its rows, as far as they are known."""

    def values(self, seed: int, rank: int, world: int, skip: int) -> Iterator[Row]:
        """This process's undecoded items without end, after the first `skip`.

        What is skipped is not read, but for the beginning of one shard, where the shards' lengths
        are known: of Parquet from their ends, of others once they were read.

        Raises:
            InputError: there is no item for this process.
        """
        for epoch in itertools.count():
            found = yield from self._epoch(seed, epoch, rank, world, skip)
            if not found:
                raise InputError(f"process {rank} of {world} finds no item in {self.where}.")
            skip = max(skip - found, 0)

    def item(self, row: Row) -> dict[str, Tensor]:
        """One row as a stored sample and its label.

        Raises:
            InputError: a sample that cannot be read, or has another form than the first ones.
        """
        import torch

        sample = torch.from_numpy(self._decoded(row[self.columns.sample]))
        if self.columns.label is None:
            return {"sample": sample}
        return {"sample": sample, "label": torch.tensor(int(row[self.columns.label]))}

    def _decoded(self, value: Any) -> np.ndarray:
        try:
            return self.decoder.decode(value)
        except Exception as error:  # Readers raise almost anything.
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise InputError(
                f"an item of {self.where} cannot be used ({why.rstrip('.')})."
            ) from error

    def _epoch(
        self, seed: int, epoch: int, rank: int, world: int, skip: int
    ) -> Generator[Row, None, int]:
        """One epoch's items after the first `skip`; how many it has in all is returned."""
        shards = _order(self.rows.num_shards, seed, epoch)
        apart = len(shards) % world == 0
        mine, every, first = (shards[rank::world], 1, 0) if apart else (shards, world, rank)
        start, passed = first + every * skip, 0
        for shard in mine:
            if passed < start and passed + self._count(shard) <= start:
                passed += self._count(shard)
                continue
            for number, block in enumerate(self._blocks(shard)):
                if passed + len(block) > start:
                    mixed = _order(len(block), seed, epoch, shard, number)
                    for place in range(len(block)):
                        if passed + place >= start and (passed + place) % every == first:
                            yield block[mixed[place]]
                passed += len(block)
        return len(range(first, passed, every))

    def _blocks(self, shard: int) -> Iterator[list[Row]]:
        """The items of a shard to train on, BLOCK rows at a time."""
        names, read = self._names(), 0
        for table in self._shard(shard).iter(batch_size=BLOCK):
            columns = [table[name] for name in names]
            rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
            numbered = enumerate(rows, start=read)
            kept: list[Row] = [
                row for number, row in numbered if (shard, number) not in self.held.places
            ]
            read += len(rows)
            yield self._without_doubles(kept)
        self._learn(shard, read)

    def _without_doubles(self, rows: list[Row]) -> list[Row]:
        if not self.held.digests:
            return rows
        doubled = [digest(row[self.columns.sample]) in self.held.digests for row in rows]
        good = [row for row, double in zip(rows, doubled, strict=True) if not double]
        if rows and not good:
            raise InputError(f"{len(rows)} items of {self.where} in a row equal held-out ones.")
        paired = enumerate(zip(rows, doubled, strict=True))
        return [good[index % len(good)] if double else row for index, (row, double) in paired]

    def _names(self) -> list[str]:
        return [self.columns.sample, *([self.columns.label] if self.columns.label else [])]

    def _shard(self, shard: int) -> Any:
        return self.rows.shard(num_shards=self.rows.num_shards, index=shard)

    def _count(self, shard: int) -> int:
        """How many items of a shard are trained on; it is read if there is no other way."""
        if shard not in self.counts:
            self._learn(shard, self._known(shard) or sum(1 for _ in self._shard(shard)))
        return self.counts[shard] - sum(place[0] == shard for place in self.held.places)

    def _known(self, shard: int) -> int | None:
        if not self.files:
            return None
        if self.files[shard].suffix == ".parquet":
            import pyarrow.parquet

            return int(pyarrow.parquet.read_metadata(self.files[shard]).num_rows)
        note = _note(self.files[shard])
        return int(note.read_text()) if note.exists() else None

    def _learn(self, shard: int, rows: int) -> None:
        """Remember a shard's length, for other sittings too."""
        if shard not in self.counts and self.files and self.files[shard].suffix != ".parquet":
            with cache.whole(_note(self.files[shard])) as file:
                file.write_text(str(rows))
        self.counts[shard] = rows


def stream(address: hub.Address, reading: Reading, held_out: float = 0.1) -> tuple[Stream, Content]:
    """A stream of all but the held-out items, and these.

    A split named `test` or `validation` is held out; without one it is every item, among the
    first ones, whose hash falls into the share `held_out`. What equals one of these is never
    trained on.

    Raises:
        InputError: as `hub.read` does.
    """
    train, aside, columns = hub.opened(address, reading, streaming=True)
    start = [row[columns.sample] for row in train.take(100)]
    names = [f"item {number}" for number in range(len(start))]
    where = hub.called(address)
    decoder = columns.kind.decoder(Cells(names, start.__getitem__, where, key=""), reading)
    files = hub.files_of(address) if isinstance(address, Path) else ()
    files = files if len(files) == train.num_shards else ()
    found = Stream(train, columns, decoder, where, files=files)
    if aside is not None:
        return found, _content([found.item(row) for row in aside.take(FIRST)], found)
    places, rows = _chosen(found, int(held_out * 2**64))
    held = Held(frozenset(places), frozenset(digest(row[columns.sample]) for row in rows))
    content = _content([found.item(row) for row in rows], found)
    return Stream(train, columns, decoder, where, held, files), content


def digest(value: Any) -> bytes:
    """A hash of a sample as encoded."""
    return hashlib.blake2b(contents(value), digest_size=8).digest()


def _chosen(found: Stream, threshold: int) -> tuple[list[tuple[int, int]], list[Row]]:
    """Where the held-out ones lie among the first items, and they themselves."""
    shards = (found._shard(number) for number in range(found.rows.num_shards))
    numbered = (
        ((number, row), values)
        for number, shard in enumerate(shards)
        for row, values in enumerate(shard)
    )
    first = itertools.islice(numbered, FIRST if threshold else 0)
    sample = found.columns.sample
    kept = [
        (place, row)
        for place, row in first
        if int.from_bytes(digest(row[sample]), "little") < threshold
    ]
    return [place for place, _ in kept], [row for _, row in kept]


def _order(count: int, seed: int, *keys: int) -> list[int]:
    import torch

    generator = random_stream("order", seed, *keys)
    return torch.randperm(count, generator=generator).tolist()  # type: ignore[no-any-return]


def _note(file: Path) -> Path:
    """Where the length of a shard is kept."""
    known = file.stat()
    key = key_for(str(file.resolve()), known.st_size, known.st_mtime_ns)
    return cache.folder("lengths") / f"{key}.txt"


def _content(items: Sequence[Mapping[str, Tensor]], stream: Stream) -> Content:
    import numpy as np

    decoder = stream.decoder
    sample = np.empty((len(items), *decoder.shape), decoder.dtype)
    for index, item in enumerate(items):
        sample[index] = item["sample"].numpy()
    notes = (f"a stream; its {len(items)} held-out items come from the first {FIRST}.",)
    classes = stream.columns.classes
    found = Content(sample=sample, domain=decoder.domain, notes=notes, classes=classes)
    if stream.columns.label is None:
        return found
    return found.replace(label=np.array([int(item["label"]) for item in items], dtype=np.int64))
