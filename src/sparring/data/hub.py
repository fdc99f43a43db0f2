"""Hugging Face data sets and local Parquet or WebDataset shards, through `datasets`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sparring.core.errors import InputError
from sparring.data import cache, faults
from sparring.data.content import Content, key_for
from sparring.data.kinds import Cells, Column, Reader, Reading

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

    train, held, columns = opened(address, reading, streaming=False)
    rows = [part.select_columns(_names(columns)) for part in (train, held) if part is not None]
    cells = _cells(rows, columns, called(address))
    notes: tuple[str, ...] = ()
    kept = np.arange(len(cells.names))
    if reading.skip_broken:
        good, notes = faults.sound(cells.names, columns.kind.flaws(cells, reading), cells.where)
        cells, kept = _chosen(cells, good), np.array(good)
    found = columns.kind.read(cells, reading)
    licence = str(getattr(train.info, "license", "") or "not stated")
    names = found.names or cells.names
    found = found.replace(licence=licence, names=names, notes=(*found.notes, *notes))
    if held is not None:
        aside = (np.arange(len(train) + len(held)) >= len(train))[kept]
        found = found.replace(held_out=found.of_each(aside))
    if columns.label is None:
        return found
    values = np.concatenate([np.asarray(part[columns.label]) for part in rows])[kept]
    if not columns.classes:
        words, values = np.unique(values, return_inverse=True)
        columns = columns._replace(classes=tuple(str(word) for word in words))
    return found.replace(label=found.of_each(values.astype(np.int64)), classes=columns.classes)


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
        raise InputError(f"{called(address)} has no column of {words}; its columns are: {given}.")
    named = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    label = next(iter([*named, *(name for name in _LABELS if _is_whole(features.get(name)))]), None)
    classes = tuple(features[label].names) if label in named else ()
    return Columns(*found[0], label, classes)


def _is_whole(kind: Any) -> bool:
    return "int" in str(getattr(kind, "dtype", "")) and not isinstance(kind, list | dict)


def opened(address: Address, reading: Reading, *, streaming: bool) -> tuple[Any, Any, Columns]:
    """The rows to train on, those held out (or None), samples undecoded; and their columns."""
    where = called(address)
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
            f"{called(address)} could not be had through `datasets`: {said}."
        ) from error


def called(address: Address) -> str:
    """What sentences call it."""
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
    train, held = files_of(address), files_of(address, held_out=True)
    groups = {"train": [str(s) for s in train], "test": [str(s) for s in held]}
    return {
        "path": KINDS[train[0].suffix],
        "data_files": {name: paths for name, paths in groups.items() if paths},
        "cache_dir": str(cache.folder("datasets")),
    }


def files_of(address: Path, held_out: bool = False) -> tuple[Path, ...]:
    """The shards to train on, or those whose names say that they are held out."""
    shards = sorted(address.iterdir()) if address.is_dir() else [address]
    shards = [shard for shard in shards if shard.suffix in KINDS]
    held = [shard for shard in shards if set(re.split(r"[-_.]", shard.name)) & set(HELD_OUT)]
    held = [] if len(held) == len(shards) else held
    return tuple(held if held_out else [shard for shard in shards if shard not in held])


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
