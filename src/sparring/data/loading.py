"""`load`: from the one noun that `--data` takes to a data set."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path

from sparring.core.errors import InputError, unknown
from sparring.data import files, hub, pack
from sparring.data.content import Content, Progress
from sparring.data.dataset import Dataset, dataset
from sparring.domains.image import pairs as pairing
from sparring.domains.points import toys

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
    address: str | os.PathLike[str],
    *,
    size: Size = None,
    channels: int | None = None,
    pairs: str | None = None,
    held_out: float = 0.1,
    seed: int = 0,
    streaming: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """The items of an address, split into those to train on and those held out.

    Args:
        address: a pack (`digits`, `maps`), or a view or a pair of views of one (`maps:satellite`,
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
        held_out: the share of items to hold out, unless the address has a split of its own.
        seed: salts the hash that chooses the held-out items.
        streaming: read a Hugging Face data set or shards in order, without loading them all.
        progress: called with what is being done, how much is done, and how much there is.

    Raises:
        InputError: an address that is missing, unreadable or damaged; mixed sizes or modes and no
            choice; the `datasets` package or the network is missing.
    """
    address = os.fspath(address)
    shape = _size(size)
    if channels not in (None, 1, 2, 3, 4):
        raise InputError(f"channels must be 1, 2, 3 or 4, not {channels}.")
    if pairs is not None:
        _check_pairs(address, pairs)
    name = _name(address)
    if streaming:
        return _stream(address, name, shape, channels, held_out)
    found = _read(address, shape, channels, pairs, progress)
    return dataset(found, name=name, address=address, held_out=held_out, seed=seed)


def located(address: str) -> str | Path:
    """A Path if the address is on this machine, else the name of a Hugging Face data set.

    Raises:
        InputError: it is neither.
    """
    if address.startswith("hf:"):
        return address.removeprefix("hf:")
    path = Path(address).expanduser()
    if path.exists():
        return path
    if re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w.-]+)?", address) and not address.startswith("."):
        return address
    if "/" in address or "." in address:
        raise InputError(f"there is no file or folder {address}.")
    raise unknown("data set", address, [*pack.PACKS, *toys.TOYS])


def is_folder(address: str) -> bool:
    """Whether `load` would read it as a folder of pictures."""
    if address in toys.TOYS or pack.is_pack(address) or address.startswith("hf:"):
        return False
    path = Path(address).expanduser()
    return path.is_dir() and not files.is_idx_folder(path) and not _shards(path)


def _name(address: str) -> str:
    """A short name: a file or folder's own, without what its end says of its kind."""
    words = address.removeprefix("hf:").rstrip("/")
    if Path(address).expanduser().exists():
        words = Path(address).resolve().name.split(".")[0]
    return re.sub(r"\W+", "-", words).strip("-") or "data"


def _size(size: Size) -> tuple[int, int] | None:
    pair = (size, size) if isinstance(size, int) else size
    if pair is not None and (len(pair) != 2 or min(pair) < 1):
        raise InputError(f"the size must be at least 1 x 1 px, not {size}.")
    return pair


def _check_pairs(address: str, words: str) -> None:
    pairing.wanted(words)
    if not (address in toys.TOYS or pack.is_pack(address)):
        located(address)
    if not is_folder(address):
        raise InputError(
            f"--pairs says how a folder of pictures is read, and {address} is none; leave it out. "
            "A pack's pairs are named as in maps:classes-satellite."
        )


def _read(
    address: str,
    size: tuple[int, int] | None,
    channels: int | None,
    pairs: str | None,
    progress: Progress | None,
) -> Content:
    if address in toys.TOYS:
        return toys.read(address)
    if pack.is_pack(address):
        return _pack(address, size, progress)
    path = located(address)
    if isinstance(path, Path) and path.is_dir() and files.is_idx_folder(path):
        return files.read_idx_folder(path, size)
    if isinstance(path, str) or _shards(path):
        try:
            return hub.read(path, size=size, channels=channels, progress=progress)
        except InputError as error:
            raise _also(error, path, address) from error
    if path.is_dir():
        return pairing.read(path, pairs=pairs, size=size, channels=channels, progress=progress)
    for ending, reader in _ARRAYS.items():
        if path.name.lower().endswith(ending):
            return reader(path, size)
    raise InputError(
        f"{path} is no data set: give a folder of pictures, or a file that ends in "
        f"{', '.join([*_ARRAYS, *hub.KINDS])}."
    )


def _pack(address: str, size: tuple[int, int] | None, progress: Progress | None) -> Content:
    try:
        return pack.read(address, size, progress)
    except InputError as error:
        wanted = pack.PACKS[address.partition(":")[0]]
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


def _also(error: InputError, path: str | Path, address: str) -> InputError:
    """The error; where the name could have been meant as a path, that too."""
    if isinstance(path, Path) or address.startswith("hf:"):
        return error
    return InputError(
        f"there is no file or folder {address}, and as a Hugging Face data set: {error}"
    )


def _stream(
    address: str,
    name: str,
    size: tuple[int, int] | None,
    channels: int | None,
    held_out: float,
) -> Dataset:
    local = address in toys.TOYS or pack.is_pack(address)
    path = None if local else located(address)
    if path is None or (isinstance(path, Path) and not _shards(path)):
        raise InputError(
            f"{address} cannot be streamed; only Hugging Face data sets and shards can."
        )
    import numpy as np

    train, held = hub.stream(path, size=size, channels=channels, held_out=held_out)
    held = held.replace(held_out=np.ones(len(held.sample), dtype=bool))
    found = dataset(held, name=name, address=address, held_out=held_out, seed=0)
    return dataclasses.replace(found, train=train)
