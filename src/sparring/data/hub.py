"""Hugging Face data sets and local Parquet or WebDataset shards, through `datasets`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError
from sparring.core.streams import seed_for
from sparring.data import cache
from sparring.data.content import Content, Progress, key_for
from sparring.domains.image import pictures, raster
from sparring.domains.image.folder import HELD_OUT, TRAIN
from sparring.domains.image.pictures import Encoded
from sparring.domains.image.raster import Form

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

BUFFER = 1000
"""Items that a stream's shuffling holds."""
FIRST = 5000
"""Items at the start of a stream among which the held-out ones are looked for."""
KINDS = {".parquet": "parquet", ".tar": "webdataset"}
"""File suffix -> the name of its reader in `datasets`."""
_LABELS = ("label", "labels", "class", "cls", "target", "fine_label")


class Columns(NamedTuple):
    """Which columns of a table hold what, and the label's names."""

    picture: str
    label: str | None
    classes: tuple[str, ...]


def read(
    address: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    progress: Progress | None = None,
) -> Content:
    """All pictures of a data set by its name, or of a shard or a folder of shards.

    A split named `test` or `validation` is held out.

    Raises:
        InputError: `datasets` or the network is missing, there is no picture column, or the
            pictures are such as a folder of them would be refused for.
    """
    import numpy as np

    parts = _open(address, streaming=False)
    train, held = parts
    columns = _columns(train, address)
    rows = [part.select_columns(_names(columns)) for part in parts if part is not None]
    files = _encoded(rows, columns, str(address))
    form = pictures.settle(files, pictures.survey(files, progress), size, channels)
    if form.bits == 32:
        raise InputError(f"{address} holds float pictures; convert them to .npy.")
    found = Content(
        sample=pictures.decode(files, form, progress),
        licence=str(getattr(train.info, "license", "") or "not stated"),
    )
    if held is not None:
        found = found.replace(held_out=np.repeat([False, True], [len(train), len(held)]))
    if columns.label is None:
        return found
    values = np.concatenate([np.asarray(part[columns.label]) for part in rows])
    if not columns.classes:
        names, values = np.unique(values, return_inverse=True)
        columns = columns._replace(classes=tuple(str(name) for name in names))
    return found.replace(label=values.astype(np.int64), classes=columns.classes)


@dataclass(frozen=True)
class Stream:
    """Pictures that can only be read in order."""

    rows: Any
    """A `datasets.IterableDataset` whose pictures are not decoded."""
    columns: Columns
    form: Form
    where: str
    threshold: int
    """Items whose hash lies below it are held out."""
    fitting: bool
    """Whether pictures of other sizes are cropped and resized, or refused."""

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
        """One row as a stored sample (C, H, W) and its label.

        Raises:
            InputError: a picture that cannot be read, or of another size where none was chosen.
        """
        import torch

        sample = torch.from_numpy(self._decoded(row[self.columns.picture]))
        if self.columns.label is None:
            return {"sample": sample}
        return {"sample": sample, "label": torch.tensor(int(row[self.columns.label]))}

    def _decoded(self, value: Any) -> np.ndarray:
        import numpy as np

        try:
            data = _data(value)
            header = raster.header(data)
            problem = header.problem
            if not (problem or self.fitting) and header[:2] != self.form[1:3]:
                problem = f"{header.height} x {header.width}, unlike the first; give a --size"
            if problem:
                raise ValueError(problem)
            return np.array(raster.decoded(data, self.form))
        except Exception as error:  # Pillow's readers raise almost anything.
            why = raster.reason(error)
            raise InputError(f"a picture of {self.where} cannot be used ({why}).") from error

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


def stream(
    address: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    held_out: float = 0.1,
) -> tuple[Stream, Content]:
    """A stream of all but the held-out items, and the held-out ones among the first.

    A split named `test` or `validation` is held out; without one it is every item whose hash
    falls into the share `held_out`.

    Raises:
        InputError: as `read` does.
    """
    train, held = _open(address, streaming=True)
    columns = _columns(train, address)
    start = [row[columns.picture] for row in train.take(100)]
    names = [f"item {number}" for number in range(len(start))]
    files = Encoded(names, lambda number: _data(start[number]), str(address), key="")
    form = pictures.settle(files, pictures.survey(files), size, channels)
    if form.bits == 32:
        raise InputError(f"{address} holds float pictures; convert them to .npy.")
    threshold = 0 if held is not None else int(held_out * 2**64)
    found = Stream(train, columns, form, str(address), threshold, fitting=size is not None)
    first = (train if held is None else held).take(FIRST)
    rows = [row for row in first if held is not None or is_held_out(row, columns, threshold)]
    return found, _content([found.item(row) for row in rows], found)


def is_held_out(row: Mapping[str, Any], columns: Columns, threshold: int) -> bool:
    """Whether the hash of a row's picture, as encoded, lies below the threshold."""
    if not threshold:
        return False
    digest = hashlib.blake2b(_data(row[columns.picture]), digest_size=8).digest()
    return int.from_bytes(digest, "little") < threshold


def _content(items: Sequence[Mapping[str, Tensor]], stream: Stream) -> Content:
    import numpy as np

    form = stream.form
    sample = np.empty((len(items), *form[:3]), "uint8" if form.bits == 8 else "float32")
    for index, item in enumerate(items):
        sample[index] = item["sample"].numpy()
    notes = (f"a stream; its {len(items)} held-out items come from the first {FIRST}.",)
    found = Content(sample=sample, notes=notes, classes=stream.columns.classes)
    if stream.columns.label is None:
        return found
    return found.replace(label=np.array([int(item["label"]) for item in items], dtype=np.int64))


def _data(value: Any) -> bytes:
    """The bytes of an undecoded picture, which `datasets` gives as bytes or as an address."""
    import fsspec  # type: ignore[import-untyped]

    if value is None:
        raise ValueError("the picture is missing")
    if value["bytes"] is not None:
        return bytes(value["bytes"])
    with fsspec.open(value["path"], "rb") as file:
        return bytes(file.read())


def _names(columns: Columns) -> list[str]:
    return [columns.picture, *([columns.label] if columns.label else [])]


def _encoded(rows: Sequence[Any], columns: Columns, where: str) -> Encoded:
    places = [(part, index) for part in rows for index in range(len(part))]

    def opened(number: int) -> bytes:
        part, index = places[number]
        return _data(part[index][columns.picture])

    key = key_for([part._fingerprint for part in rows])
    return Encoded([f"item {number}" for number in range(len(places))], opened, where, key)


def _columns(rows: Any, address: str | Path) -> Columns:
    """The first picture column, and the first that holds class labels or is named like one."""
    import datasets

    features = rows.features or {}
    found = [name for name, kind in features.items() if _is_picture(name, kind)]
    if not found:
        known = ", ".join(features) or "none"
        raise InputError(f"{address} has no column of pictures; its columns are: {known}.")
    named = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    label = next(iter([*named, *(name for name in _LABELS if _is_whole(features.get(name)))]), None)
    classes = tuple(features[label].names) if label in named else ()
    return Columns(found[0], label, classes)


def _is_picture(name: str, kind: Any) -> bool:
    import datasets

    if isinstance(kind, dict):
        return set(kind) == {"bytes", "path"}
    binary = isinstance(kind, datasets.Value) and kind.dtype in ("binary", "large_binary")
    return isinstance(kind, datasets.Image) or (binary and not name.startswith("__"))


def _is_whole(kind: Any) -> bool:
    return "int" in str(getattr(kind, "dtype", "")) and not isinstance(kind, list | dict)


def _open(address: str | Path, *, streaming: bool) -> tuple[Any, Any]:
    """The rows to train on and those the source holds out (or None), pictures undecoded."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f"reading {address} needs the `datasets` package: pip install 'sparring[datasets]'."
        ) from error
    try:
        splits = datasets.load_dataset(**_arguments(address), streaming=streaming)
        train = next((splits[name] for name in TRAIN if name in splits), None)
        held = next((splits[name] for name in HELD_OUT if name in splits), None)
        train = next(iter(splits.values())) if train is None else train
        held = None if held is train else held
        picture = _columns(train, address).picture
        plain = datasets.Image(decode=False)
        train = train.cast_column(picture, plain)
        return train, held if held is None else held.cast_column(picture, plain)
    except InputError:
        raise
    except Exception as error:  # Network, credentials, formats: `datasets` raises its own of each.
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(f"{address} could not be had through `datasets`: {said}.") from error


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
