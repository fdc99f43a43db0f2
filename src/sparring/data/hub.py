"""Hugging Face data sets and local Parquet or WebDataset shards, through `datasets`."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError
from sparring.core.streams import seed_for
from sparring.data import cache, faults
from sparring.data.content import Content, key_for
from sparring.data.kinds import Cells, Column, Decoder, Reader, Reading

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

BUFFER = 1000
"""Items that a stream's shuffling holds."""
FIRST = 5000
"""Items at the start of a stream among which the held-out ones are looked for."""
KINDS = {".parquet": "parquet", ".tar": "webdataset"}
"""File suffix -> the name of its reader in `datasets`."""
TRAIN = ("train", "training")
HELD_OUT = ("test", "testing", "val", "valid", "validation", "held_out")
"""What splits are called: of a data set, of shards, of the top folders of a folder."""
_LABELS = ("label", "labels", "class", "cls", "target", "fine_label")


class Columns(NamedTuple):
    """Which columns of a table hold what, and the label's names."""

    sample: str
    kind: Column
    """How a sample is decoded."""
    label: str | None
    classes: tuple[str, ...]


Address = Any
"""A name on the Hub, the Path of a shard or of a folder of them, or an object of `datasets`."""


def read(address: Address, reading: Reading) -> Content:
    """All items of a data set: by its name, of shards, or handed over.

    A split named `test` or `validation` is held out.

    Raises:
        InputError: `datasets` or the network is missing, no kind of data claims a column, or its
            values are such as the kind refuses.
    """
    import numpy as np

    train, held, columns = _open(address, reading, streaming=False)
    rows = [part.select_columns(_names(columns)) for part in (train, held) if part is not None]
    cells = _cells(rows, columns, _called(address))
    notes: tuple[str, ...] = ()
    kept = np.arange(len(cells.names))
    if reading.skip_broken:
        good, notes = faults.sound(cells.names, columns.kind.flaws(cells, reading), cells.where)
        cells, kept = _chosen(cells, good), np.array(good)
    found = columns.kind.read(cells, reading)
    licence = str(getattr(train.info, "license", "") or "not stated")
    found = found.replace(licence=licence, names=cells.names, notes=(*found.notes, *notes))
    if held is not None:
        found = found.replace(held_out=(np.arange(len(train) + len(held)) >= len(train))[kept])
    if columns.label is None:
        return found
    values = np.concatenate([np.asarray(part[columns.label]) for part in rows])[kept]
    if not columns.classes:
        names, values = np.unique(values, return_inverse=True)
        columns = columns._replace(classes=tuple(str(name) for name in names))
    return found.replace(label=values.astype(np.int64), classes=columns.classes)


@dataclass(frozen=True)
class Stream:
    """Items that can only be read in order."""

    rows: Any
    """A `datasets.IterableDataset` whose samples are not decoded."""
    columns: Columns
    decoder: Decoder
    where: str
    threshold: int
    """Items whose hash lies below it are held out."""

    def items(self, seed: int, rank: int, world: int, skip: int) -> Iterator[dict[str, Tensor]]:
        """This process's items without end, epoch after epoch, after the first `skip`."""
        epoch = 0
        while True:
            seen = 0
            for row in self._epoch(seed, epoch, rank, world):
                if is_held_out(row, self.columns, self.threshold):
                    continue
                seen += 1
                if skip:
                    skip -= 1
                else:
                    yield self.item(row)
            if not seen:
                raise InputError(f"process {rank} of {world} finds no item in {self.where}.")
            epoch += 1

    def item(self, row: Mapping[str, Any]) -> dict[str, Tensor]:
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

    def _epoch(self, seed: int, epoch: int, rank: int, world: int) -> Any:
        import inspect

        from datasets.distributed import split_dataset_by_node

        # Newer versions read 10 shards by threads and sleep 5 s at each epoch's end; one shard
        # after the other is what older ones do.
        known = inspect.signature(self.rows.shuffle).parameters
        single = {"max_buffer_input_shards": 1} if "max_buffer_input_shards" in known else {}
        # All processes shuffle alike, or one would get what another got too.
        seed = seed_for("order", seed, epoch) % 2**32
        mixed = self.rows.shuffle(seed=seed, buffer_size=BUFFER, **single)
        return split_dataset_by_node(mixed, rank=rank, world_size=world)


def stream(address: Address, reading: Reading, held_out: float = 0.1) -> tuple[Stream, Content]:
    """A stream of all but the held-out items, and the held-out ones among the first.

    A split named `test` or `validation` is held out; without one it is every item whose hash
    falls into the share `held_out`.

    Raises:
        InputError: as `read` does.
    """
    train, held, columns = _open(address, reading, streaming=True)
    start = [row[columns.sample] for row in train.take(100)]
    names = [f"item {number}" for number in range(len(start))]
    first = Cells(names, start.__getitem__, _called(address), key="")
    decoder = columns.kind.decoder(first, reading)
    threshold = 0 if held is not None else int(held_out * 2**64)
    found = Stream(train, columns, decoder, _called(address), threshold)
    begin = (train if held is None else held).take(FIRST)
    rows = [row for row in begin if held is not None or is_held_out(row, columns, threshold)]
    return found, _content([found.item(row) for row in rows], found)


def is_held_out(row: Mapping[str, Any], columns: Columns, threshold: int) -> bool:
    """Whether the hash of a row's sample, as encoded, lies below the threshold."""
    if not threshold:
        return False
    digest = hashlib.blake2b(contents(row[columns.sample]), digest_size=8).digest()
    return int.from_bytes(digest, "little") < threshold


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


def contents(value: Any) -> bytes:
    """What an undecoded value holds: the bytes of a file, given or at an address; or its words.

    Raises:
        Exception: the value is missing, or whatever the address leads to.
    """
    import fsspec  # type: ignore[import-untyped]

    if value is None:
        raise ValueError("it is missing")
    if not isinstance(value, Mapping) or set(value) != {"bytes", "path"}:
        return repr(value).encode()
    if value["bytes"] is not None:
        return bytes(value["bytes"])
    with fsspec.open(value["path"], "rb") as file:
        return bytes(file.read())


def _names(columns: Columns) -> list[str]:
    return [columns.sample, *([columns.label] if columns.label else [])]


def _cells(rows: Sequence[Any], columns: Columns, where: str) -> Cells:
    places = [(part, index) for part in rows for index in range(len(part))]

    def value(number: int) -> Any:
        part, index = places[number]
        return part[index][columns.sample]

    key = key_for([part._fingerprint for part in rows])
    return Cells([f"item {number}" for number in range(len(places))], value, where, key)


def _chosen(cells: Cells, kept: Sequence[int]) -> Cells:
    names = [cells.names[index] for index in kept]
    return Cells(
        names, lambda number: cells.open(kept[number]), cells.where, key_for(cells.key, list(kept))
    )


def _columns(rows: Any, address: Address, reading: Reading) -> Columns:
    """The first column that a kind claims, and the first with class labels or named like one."""
    import datasets

    features = rows.features or {}
    known = [kind.column for kind in reading.kinds if kind.column is not None]
    found = [
        (name, column)
        for name, feature in features.items()
        for column in known
        if column.claims(name, feature)
    ]
    if not found:
        words = " or ".join(column.words for column in known) or "this kind of data"
        given = ", ".join(features) or "none"
        raise InputError(f"{_called(address)} has no column of {words}; its columns are: {given}.")
    named = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    label = next(iter([*named, *(name for name in _LABELS if _is_whole(features.get(name)))]), None)
    classes = tuple(features[label].names) if label in named else ()
    return Columns(*found[0], label, classes)


def _is_whole(kind: Any) -> bool:
    return "int" in str(getattr(kind, "dtype", "")) and not isinstance(kind, list | dict)


def _open(address: Address, reading: Reading, *, streaming: bool) -> tuple[Any, Any, Columns]:
    """The rows to train on, those held out (or None), samples undecoded; and their columns."""
    where = _called(address)
    try:
        importlib.import_module("datasets")
    except ImportError as error:
        raise InputError(
            f"reading {where} needs the `datasets` package: pip install 'sparring[datasets]'."
        ) from error
    try:
        splits = _splits(address, streaming)
        train = next((splits[name] for name in TRAIN if name in splits), None)
        held = next((splits[name] for name in HELD_OUT if name in splits), None)
        train = next(iter(splits.values())) if train is None else train
        held = None if held is train else held
        columns = _columns(train, address, reading)
        plain = columns.kind.plain(train.features[columns.sample])
        train = train.cast_column(columns.sample, plain)
        held = None if held is None else held.cast_column(columns.sample, plain)
        return train, held, columns
    except InputError:
        raise
    except Exception as error:  # Network, credentials, formats: `datasets` raises its own of each.
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"{_called(address)} could not be had through `datasets`: {said}."
        ) from error


def _called(address: Address) -> str:
    given = isinstance(address, str | Path)
    return str(address) if given else f"the {type(address).__name__} that was given"


def _splits(address: Address, streaming: bool) -> Mapping[str, Any]:
    """Split -> its rows."""
    import datasets

    if isinstance(address, str | Path):
        return datasets.load_dataset(**_arguments(address), streaming=streaming)
    return address if isinstance(address, Mapping) else {"train": address}


def _arguments(address: str | Path) -> dict[str, Any]:
    """Arguments of `datasets.load_dataset` for a name, a shard, or a folder of shards."""
    if isinstance(address, str):
        name, _, configuration = address.partition(":")
        return {"path": name, "name": configuration or None}
    shards = sorted(address.iterdir()) if address.is_dir() else [address]
    shards = [shard for shard in shards if shard.suffix in KINDS]
    held = [shard for shard in shards if set(re.split(r"[-_.]", shard.name)) & set(HELD_OUT)]
    held = [] if len(held) == len(shards) else held
    groups = {"train": [str(s) for s in shards if s not in held], "test": [str(s) for s in held]}
    return {
        "path": KINDS[shards[0].suffix],
        "data_files": {name: paths for name, paths in groups.items() if paths},
        "cache_dir": str(cache.folder("datasets")),
    }


def is_shards(path: Path) -> bool:
    """Whether it is a Parquet or WebDataset shard, or a folder of nothing but such."""
    if not path.is_dir():
        return path.suffix in KINDS
    files = [file for file in path.iterdir() if not file.name.startswith(".")]
    kinds = {file.suffix if file.is_file() else "" for file in files}
    return len(kinds) == 1 and kinds <= set(KINDS)


READERS = (
    Reader("Parquet or WebDataset shards (.parquet, .tar)", is_shards, read, ("streaming",)),
)
"""Asked in this order; the first that claims a path reads it."""
