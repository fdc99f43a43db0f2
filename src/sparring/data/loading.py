"""`load`: from the one noun that `--data` takes to a data set."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path

from sparring.data import files, hub, pack, toys
from sparring.data import pairs as pairing
from sparring.data.content import Content, Progress
from sparring.data.dataset import Dataset, dataset
from sparring.errors import InputError, unknown

Size = int | tuple[int, int] | None
_ARRAYS: dict[str, Callable[..., Content]] = {
    ".npy": files.read_npy,
    ".npz": files.read_npz,
    ".csv": files.read_csv,
    ".csv.gz": files.read_csv,
    "-ubyte": files.read_idx,
    "-ubyte.gz": files.read_idx,
    ".idx": files.read_idx,
    ".idx.gz": files.read_idx,
}
"""How a file's name ends -> its reader."""


def load(
    source: str | os.PathLike[str],
    *,
    size: Size = None,
    channels: int | None = None,
    pairs: str | None = None,
    held_out: float = 0.1,
    seed: int = 0,
    streaming: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """The items of a source, split into those to train on and those held out.

    Args:
        source: a pack (`digits`, `maps`), or a view or a pair of views of one (`maps:satellite`,
            `maps:relief-satellite`); a toy (`ring8`, `grid25`, `swissroll`); a folder of
            pictures, sub-folders being labels, or A and B sources and samples; an IDX, `.npy`,
            `.npz` or `.csv` file; a Parquet or WebDataset shard, or a folder of them; a Hugging
            Face data set, `hf:owner/name` or `hf:owner/name:configuration` (`hf:` may be left out
            where no such path exists).
        size: height and width, or one number for both, to crop and resize pictures to.
        channels: 1 grey, 2 grey with alpha, 3 colour, 4 colour with alpha; only for encoded
            pictures (folders, Hugging Face, shards).
        pairs: how a folder holds sources and samples, where it does not say so by itself: words
            between commas, of "stems" (A and B must match by file stem), "unpaired", "none" (A
            and B are labels), "side-by-side" (each picture shows A and B), "reverse" (B to A).
        held_out: the share of items to hold out, unless the source has a split of its own.
        seed: salts the hash that chooses the held-out items.
        streaming: read a Hugging Face data set or shards in order, without loading them all.
        progress: called with what is being done, how much is done, and how much there is.

    Raises:
        InputError: a source that is missing, unreadable or damaged; mixed sizes or modes and no
            choice; the `datasets` package or the network is missing.
    """
    source = os.fspath(source)
    shape = _size(size)
    if channels not in (None, 1, 2, 3, 4):
        raise InputError(f"channels must be 1, 2, 3 or 4, not {channels}.")
    if pairs is not None:
        _check_pairs(source, pairs)
    name = _name(source)
    if streaming:
        return _stream(source, name, shape, channels, held_out)
    found = _read(source, shape, channels, pairs, progress)
    return dataset(found, name=name, source=source, held_out=held_out, seed=seed)


def address(source: str) -> str | Path:
    """A Path if the source is on this machine, else the name of a Hugging Face data set.

    Raises:
        InputError: it is neither.
    """
    if source.startswith("hf:"):
        return source.removeprefix("hf:")
    path = Path(source).expanduser()
    if path.exists():
        return path
    if re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w.-]+)?", source) and not source.startswith("."):
        return source
    if "/" in source or "." in source:
        raise InputError(f"there is no file or folder {source}.")
    raise unknown("data set", source, [*pack.PACKS, *toys.TOYS])


def is_folder(source: str) -> bool:
    """Whether `load` would read it as a folder of pictures."""
    if source in toys.TOYS or pack.is_pack(source) or source.startswith("hf:"):
        return False
    path = Path(source).expanduser()
    return path.is_dir() and not files.is_idx_folder(path) and not _shards(path)


def _name(source: str) -> str:
    """A short name: a file or folder's own, without what its end says of its kind."""
    words = source.removeprefix("hf:").rstrip("/")
    if Path(source).expanduser().exists():
        words = Path(source).resolve().name.split(".")[0]
    return re.sub(r"\W+", "-", words).strip("-") or "data"


def _size(size: Size) -> tuple[int, int] | None:
    pair = (size, size) if isinstance(size, int) else size
    if pair is not None and (len(pair) != 2 or min(pair) < 1):
        raise InputError(f"the size must be at least 1 x 1 px, not {size}.")
    return pair


def _check_pairs(source: str, words: str) -> None:
    pairing.wanted(words)
    if not (source in toys.TOYS or pack.is_pack(source)):
        address(source)
    if not is_folder(source):
        raise InputError(
            f"--pairs says how a folder of pictures is read, and {source} is none; leave it out. "
            "A pack's pairs are named as in maps:classes-satellite."
        )


def _read(
    source: str,
    size: tuple[int, int] | None,
    channels: int | None,
    pairs: str | None,
    progress: Progress | None,
) -> Content:
    if source in toys.TOYS:
        return toys.read(source)
    if pack.is_pack(source):
        return _pack(source, size, progress)
    path = address(source)
    if isinstance(path, Path) and path.is_dir() and files.is_idx_folder(path):
        return files.read_idx_folder(path, size)
    if isinstance(path, str) or _shards(path):
        try:
            return hub.read(path, size=size, channels=channels, progress=progress)
        except InputError as error:
            raise _also(error, path, source) from error
    if path.is_dir():
        return pairing.read(path, pairs=pairs, size=size, channels=channels, progress=progress)
    for ending, reader in _ARRAYS.items():
        if path.name.lower().endswith(ending):
            return reader(path, size)
    raise InputError(
        f"{path} is no data set: give a folder of pictures, or a file that ends in "
        f"{', '.join([*_ARRAYS, *hub.KINDS])}."
    )


def _pack(source: str, size: tuple[int, int] | None, progress: Progress | None) -> Content:
    try:
        return pack.read(source, size, progress)
    except InputError as error:
        wanted = pack.PACKS[source.partition(":")[0]]
        if not isinstance(wanted, pack.Pack) or not wanted.hub:
            raise
        try:
            found = hub.read(wanted.hub, size=size, progress=progress)
        except InputError as second:
            raise InputError(f"{error} {second}") from error
    return found.replace(licence=wanted.licence)


def _shards(path: Path) -> bool:
    """Whether it is a Parquet or WebDataset shard, or a folder of nothing but such."""
    if not path.is_dir():
        return path.suffix in hub.KINDS
    try:
        found = [file for file in path.iterdir() if not file.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    kinds = {file.suffix for file in found}
    return len(kinds) == 1 and kinds <= set(hub.KINDS)


def _also(error: InputError, path: str | Path, source: str) -> InputError:
    """The error; where the name could have been meant as a path, that too."""
    if isinstance(path, Path) or source.startswith("hf:"):
        return error
    return InputError(
        f"there is no file or folder {source}, and as a Hugging Face data set: {error}"
    )


def _stream(
    source: str,
    name: str,
    size: tuple[int, int] | None,
    channels: int | None,
    held_out: float,
) -> Dataset:
    local = source in toys.TOYS or pack.is_pack(source)
    path = None if local else address(source)
    if path is None or (isinstance(path, Path) and not _shards(path)):
        raise InputError(
            f"{source} cannot be streamed; only Hugging Face data sets and shards can."
        )
    import numpy as np

    train, held = hub.stream(path, size=size, channels=channels, held_out=held_out)
    held = held.replace(held_out=np.ones(len(held.sample), dtype=bool))
    found = dataset(held, name=name, source=source, held_out=held_out, seed=0)
    return dataclasses.replace(found, train=train)
