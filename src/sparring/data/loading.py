"""`load`: from the one noun that `--data` takes to a data set."""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.data import files, given, hub, options, pack, streaming
from sparring.data.content import Content, Progress
from sparring.data.dataset import Dataset, dataset
from sparring.data.faults import one_sentence, reason
from sparring.data.kinds import Pack, Reader, Reading, Toy, kind_of, kinds, stated, user_kinds


def load(
    address: Any,
    *,
    pairs: str | None = None,
    kind: str | None = None,
    range: tuple[float, float] | None = None,
    skip_broken: bool = False,
    dedupe: bool = False,
    held_out: float = 0.1,
    seed: int = 0,
    streaming: bool = False,
    trusted: Sequence[str] = (),
    progress: Progress | None = None,
    **asked: Any,
) -> Dataset:
    """The items of an address, split into those to train on and those held out.

    Args:
        address: a pack (`digits`, `maps`), or a view or a pair of views of one (`maps:satellite`,
            `maps:relief-satellite`); a toy (`ring8`, `grid25`, `swissroll`); a folder of
            pictures, sub-folders being labels, or A and B sources and samples; an IDX, `.npy`,
            `.npz` or `.csv` file; a Parquet or WebDataset shard, or a folder of them; a Hugging
            Face data set, `hf:owner/name` or `hf:owner/name:configuration` (`hf:` may be left out
            where no such path exists). Or the data themselves: an array or a tensor (N, ...), a
            list of pictures, arrays or (item, label) pairs, a dictionary of arrays, a torch
            Dataset, or a `datasets.Dataset`. What is a Dataset already is returned as it is.
        pairs: how a folder holds sources and samples, where it does not say so by itself: words
            between commas, of "stems" (A and B must match by file stem), "unpaired", "none" (A
            and B are labels), "side-by-side" (each picture shows A and B), "reverse" (B to A).
        kind: "pictures", "points" or another kind of data, where the address does not say so.
        range: the lowest and highest value that an array's numbers may have.
        skip_broken: leave out items that cannot be read, with a word, instead of refusing all.
        dedupe: leave out items that are exactly equal to an earlier one.
        held_out: the share of items to hold out, unless the address has a split of its own.
        seed: salts the hash that chooses the held-out items.
        streaming: read a Hugging Face data set or shards in order, without loading them all.
        trusted: packages that offer kinds of data of their own, in a value named KIND.
        progress: called with what is being done, how much is done, and how much there is.
        asked: options of the kinds of data. Of pictures: `size`, height and width, or one number
            for both, to crop and resize them to; `fit`, how they come to it: "crop" (about the
            centre), "pad" (whole, on white) or "stretch"; `channels`, 1 grey, 2 grey with alpha,
            3 colour, 4 colour with alpha, only for encoded pictures (folders, Hugging Face,
            shards); `label_by`, the attribute that is the label. Of sounds: `rate` in Hz (16,000
            if not given), `seconds` of a piece (1, made up to whole 1,024 samples), `channels`, 1
            mono or 2 stereo, and `loudness`.

    Raises:
        InputError: an address that is missing, unreadable or damaged; mixed sizes or modes and no
            choice; the `datasets` package or the network is missing.
    """
    if isinstance(address, Dataset):
        return address
    reading = options.reading(
        stated(kind, trusted),
        range=range,
        pairs=pairs,
        skip_broken=skip_broken,
        progress=progress,
        **asked,
    )
    where, name = _called(address, reading)
    if streaming or given.is_stream(address):
        found = _stream(address, where, name, reading, held_out)
    else:
        content = _read(address, reading)
        _check_attributes(content, reading, where)
        found = dataset(
            content, name=name, address=where, held_out=held_out, seed=seed, dedupe=dedupe
        )
    spaces = [space for space in (found.domain, found.source_domain) if space is not None]
    theirs = [own for space in spaces if (own := kind_of(space, reading.kinds))]
    options.check_obeyed(reading.asked, theirs)
    return dataclasses.replace(found, trusted=tuple(trusted))


def _called(data: Any, reading: Reading) -> tuple[str, str]:
    """The whole address, which does not depend on the working folder, and a short name."""
    if not given.is_address(data):
        return given.address_of(data), type(data).__name__.lower()
    address = os.fspath(data)
    path = Path(address).expanduser()
    if _named(address, reading) is None and not address.startswith("hf:") and _exists(path):
        return str(path.absolute()), _name(address)
    return address, _name(address)


def survey(
    address: str, *, progress: Progress | None = None, **asked: Any
) -> tuple[list[tuple[str, str]], list[str]]:
    """Facts of the address's files, and each that cannot be used; options are those of `load`.

    Raises:
        InputError: as `load`, for what is wrong with the options or with all of the address.
    """
    known = stated(asked.pop("kind", None), asked.pop("trusted", ()))
    told = {n: value for n, value in asked.items() if n not in (*options.LOADING, "seed")}
    reading = options.reading(known, **told, progress=progress)
    if _named(address, reading) is not None:
        return [], []
    path = located(address, reading)
    reader = reader_of(path, reading) if isinstance(path, Path) else hub.READERS[0]
    if not isinstance(path, Path) or reader.survey is None:
        return [], []
    with one_sentence(address, reader.what):
        return reader.survey(path, reading)


def takes(data: Any, option: str, trusted: Sequence[str] = ()) -> bool:
    """Whether data are at an address on this machine whose reader obeys this option."""
    reading = Reading(kinds=kinds(tuple(trusted)))
    if not given.is_address(data):
        return False
    address = os.fspath(data)
    if _named(address, reading) is not None:
        return False
    path = located(address, reading)
    return isinstance(path, Path) and option in reader_of(path, reading).options


def located(address: str, reading: Reading) -> str | Path:
    """A Path if the address is on this machine, else the name of a Hugging Face data set.

    Raises:
        InputError: it is neither.
    """
    if address.startswith(given.MARK):
        raise given.lost(address)
    if address.startswith("hf:"):
        return address.removeprefix("hf:")
    path = Path(address).expanduser()
    if _exists(path):
        return path
    if re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w.-]+)?", address) and not address.startswith("."):
        return address
    if "/" in address or "." in address:
        raise InputError(f"there is no file or folder {address}.")
    raise unknown("data set", address, pack.names(reading.kinds))


def _exists(path: Path) -> bool:
    """Whether a regular file or a folder is there.

    Raises:
        InputError: what is there is neither: reading it might never end.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}).") from error
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return True
    raise InputError(f"{path} is a pipe, a socket or a device; give a regular file or a folder.")


def reader_of(path: Path, reading: Reading) -> Reader:
    """The reader that claims a path: of a stated kind or of a user's, then for files of arrays.

    Raises:
        InputError: no reader claims it, or it cannot be looked at.
    """
    first = reading.kinds if len(reading.kinds) == 1 else user_kinds(reading.kinds)
    rest = [kind for kind in reading.kinds if kind not in first]
    asked = [reader for kind in first for reader in kind.readers]
    asked += [*files.READERS, *hub.READERS]
    asked += [reader for kind in rest for reader in kind.readers]
    with one_sentence(str(path), "data"):
        found = next((reader for reader in asked if reader.claims(path)), None)
    if found is None:
        known = "; ".join(reader.what for reader in asked)
        raise InputError(f"{path} is no data set: {_strange(path)}. Give {known}.")
    return found


def _strange(path: Path) -> str:
    if not path.is_dir():
        return "no reader knows its name"
    os.scandir(path).close()  # os.walk takes a folder that may not be read for an empty one
    count = sum(len(files) for _, _, files in os.walk(path))
    return f"none of its {count} files is known" if count else "the folder is empty"


def _name(address: str) -> str:
    """A short name: a file or folder's own, without what its end says of its kind."""
    words = address.removeprefix("hf:").rstrip("/")
    if Path(address).expanduser().exists():
        words = Path(address).resolve().name.split(".")[0]
    return re.sub(r"\W+", "-", words).strip("-") or "data"


def _named(address: str, reading: Reading) -> Pack | Toy | None:
    """The pack, or its view, or the toy of that name, if there is one."""
    toys = {name: toy for kind in reading.kinds for name, toy in kind.toys.items()}
    return toys.get(address) or pack.named(reading.kinds).get(address.partition(":")[0])


def _read(data: Any, reading: Reading) -> Content:
    if not given.is_address(data):
        if reading.pairs is not None:
            raise _no_pairs("what was given")
        return given.read(data, reading)
    address = os.fspath(data)
    found = _named(address, reading)
    if found is not None and reading.pairs is not None:
        raise _no_pairs(address)
    if isinstance(found, Toy):
        with one_sentence(address, "a toy"):
            return found.read()
    if found is not None:
        # Before a download; of all else it is known only when it is read.
        those = [kind for kind in reading.kinds if found in kind.packs.values()]
        options.check_obeyed(reading.asked, those)
        return _pack(found, address, reading)
    path = located(address, reading)
    reader = hub.READERS[0] if isinstance(path, str) else reader_of(path, reading)
    if reading.pairs is not None and "pairs" not in reader.options:
        raise _no_pairs(address)
    try:
        with one_sentence(address, reader.what):
            return hub.read(path, reading) if isinstance(path, str) else reader.read(path, reading)
    except InputError as error:
        raise _also(error, path, address) from error


def _check_attributes(content: Content, reading: Reading, where: str) -> None:
    by = reading.asked.get("label_by")
    if by is not None and not content.attributes:
        raise InputError(f"{where} has no attributes; leave out --label-by {by}.")


def _no_pairs(address: str) -> InputError:
    return InputError(
        f"--pairs says how a folder of A and B is read, and {address} is none; leave it out. "
        "A pack's pairs are named as in maps:classes-satellite."
    )


def _pack(found: Pack, address: str, reading: Reading) -> Content:
    try:
        with one_sentence(address, "a pack"):
            return pack.read(found, address.partition(":")[2], reading)
    except InputError as error:
        if not found.hub:
            raise
        try:
            content = hub.read(found.hub, reading)
        except InputError as second:
            raise InputError(f"{error} {second}") from error
    return content.replace(licence=found.licence)


def _also(error: InputError, path: str | Path, address: str) -> InputError:
    """The error; where the name could have been meant as a path, that too."""
    if isinstance(path, Path) or address.startswith("hf:"):
        return error
    return InputError(
        f"there is no file or folder {address}, and as a Hugging Face data set: {error}"
    )


def _stream(data: Any, where: str, name: str, reading: Reading, held_out: float) -> Dataset:
    if given.is_address(data) and _named(os.fspath(data), reading) is None:
        data = located(os.fspath(data), reading)
    elif given.is_address(data):
        data = None
    local = isinstance(data, Path) and hub.is_shards(data)
    if not (local or isinstance(data, str) or given.is_stream(data)):
        raise InputError(f"{where} cannot be streamed; only Hugging Face data sets and shards can.")
    if reading.skip_broken:
        raise InputError("a stream cannot be looked through; leave out --skip-broken.")
    import numpy as np

    with one_sentence(where, "a stream"):
        train, held = streaming.stream(data, reading, held_out)
    held = held.replace(held_out=np.ones(len(held.sample), dtype=bool))
    found = dataset(held, name=name, address=where, held_out=held_out, seed=0)
    return dataclasses.replace(found, train=train)
