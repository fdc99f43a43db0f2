"""Array files: IDX, `.npy`, `.npz` and `.csv`, each also gzipped where that is usual."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.arrays import content
from sparring.data.content import Content
from sparring.data.kinds import Reader, Reading

if TYPE_CHECKING:
    import numpy as np

SAMPLES = (
    "sample",
    "samples",
    "image",
    "images",
    "sound",
    "audio",
    "arr_0",
    "data",
    "x",
    "x_train",
)
LABELS = ("label", "labels", "class", "target", "y", "y_train")
VECTORS = ("vector", "vectors")
"""Names under which an archive or a table may hold each; the first that is there counts."""
MEMBERS = (*SAMPLES, *LABELS, *VECTORS, "tokens", "classes", "held_out", "x_test", "y_test")
"""All that is read of an archive."""
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_npy(path: Path, reading: Reading) -> Content:
    """One array (N, ...).

    Raises:
        InputError: an archive.
        Exception: whatever numpy raises for a file that is damaged, or holds Python objects.
    """
    import numpy as np

    large = path.stat().st_size >= cache.MEMORY_LIMIT
    sample = cache.mapped(path) if large else np.load(path, allow_pickle=False)
    if not isinstance(sample, np.ndarray):
        raise InputError(f"{path} is an archive; name it .npz.")
    return content(sample, str(path), reading)


def read_npz(path: Path, reading: Reading) -> Content:
    """An archive of arrays: samples under any of `SAMPLES`, labels and vectors likewise.

    `classes` may name the labels and `held_out` (N,) bool tell the split; Keras's x_train,
    y_train, x_test, y_test are known too. Other members are not read.

    Raises:
        InputError: no samples, or a member that is no array of the shape that is due.
        Exception: whatever numpy raises for an archive that is damaged or holds Python objects.
    """
    import numpy as np

    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise InputError(f"{path} is a single array; name it .npy.")
        arrays = {name: archive[name] for name in archive.files if name in MEMBERS}
    strange = next((n for n, values in arrays.items() if not isinstance(values, np.ndarray)), None)
    if strange:
        raise InputError(f"{path} holds a member {strange!r} that is no array.")
    if not arrays:
        known = ", ".join(archive.files) or "nothing"
        raise InputError(f"{path} holds {known}, but no array named 'sample'.")
    return of_members(arrays, str(path), reading)


def of_members(arrays: Mapping[str, np.ndarray], where: str, reading: Reading) -> Content:
    """Content of arrays by their names in an archive.

    Raises:
        InputError: no samples, or one that is not of the shape that is due.
    """
    if "x_train" in arrays and "x_test" in arrays:
        arrays = _joined(arrays, where)
    sample = _first(arrays, SAMPLES)
    if sample is None:
        known = ", ".join(arrays) or "nothing"
        raise InputError(f"{where} holds {known}, but no array named 'sample'.")
    return content(
        sample,
        where,
        reading,
        label=_first(arrays, LABELS),
        vector=_first(arrays, VECTORS),
        tokens=arrays.get("tokens"),
        classes=_listed(arrays, "classes", where),
        held_out=_mask(arrays.get("held_out"), where),
    )


def _listed(arrays: Mapping[str, np.ndarray], name: str, where: str) -> tuple[str, ...]:
    values = arrays.get(name)
    if values is None:
        return ()
    if values.ndim != 1:
        raise InputError(f"{where} has {name} of shape {values.shape}; a list (K,) is needed.")
    return tuple(str(value) for value in values)


def _mask(values: np.ndarray | None, where: str) -> np.ndarray | None:
    if values is None:
        return None
    if values.ndim != 1 or values.dtype.kind not in "bui":
        raise InputError(
            f"{where} has held_out of shape {values.shape} and type {values.dtype}; true or false "
            "is needed for each item (N,)."
        )
    return values.astype(bool)


def read_csv(path: Path, reading: Reading) -> Content:
    """A table of numbers, one item a row, with or without a line of names.

    A column named `label` (or `class`, `target`, `y`) holds the labels. The rows are points, unless
    a kind of data knows them for its own: as pictures, pixel by pixel.

    Raises:
        InputError: a table that is empty, ragged, or holds words.
    """
    import numpy as np

    names, table = _table(path)
    labelled = [index for index, name in enumerate(names) if name.lower() in LABELS]
    label = table[:, labelled[0]] if labelled else None
    sample = np.delete(table, labelled[0], axis=1) if labelled else table
    takers = [kind.arrays.rows for kind in reading.kinds if kind.arrays and kind.arrays.rows]
    found = next((known for rows in takers if (known := rows(sample, bool(names)))), None)
    if found is not None:
        items, column = found
        label = label if column is None else sample[:, column]
        sample = items
    return content(sample, str(path), reading, label=label)


def read_idx(path: Path, reading: Reading) -> Content:
    """MNIST's format: items, with the labels from the file beside it named so.

    Raises:
        InputError: a file that is damaged, or labels of another length.
    """
    return content(idx(path), str(path), reading, label=_labels(path))


def read_idx_folder(path: Path, reading: Reading) -> Content:
    """A folder of MNIST's four files; the t10k ones are held out.

    Raises:
        InputError: a file that is damaged, or items of two sizes.
    """
    import numpy as np

    found = [sorted(path.glob(f"{name}-images*idx3-ubyte*")) for name in ("train", "t10k")]
    files = [next(file for file in some if file.is_file()) for some in found]
    items = [idx(file) for file in files]
    if items[0].shape[1:] != items[1].shape[1:]:
        raise InputError(
            f"{files[0]} holds items of shape {items[0].shape[1:]} and {files[1].name} of "
            f"{items[1].shape[1:]}; they must be alike."
        )
    labels = [label for label in map(_labels, files) if label is not None]
    return content(
        np.concatenate(items),
        str(path),
        reading,
        label=np.concatenate(labels) if len(labels) == 2 else None,
        held_out=np.repeat([False, True], [len(part) for part in items]),
    )


def _labels(path: Path) -> np.ndarray | None:
    """Those of an IDX file's items, from the file beside it."""
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    return idx(beside) if beside != path and beside.is_file() else None


def is_idx_folder(path: Path) -> bool:
    """Whether the folder holds MNIST's files."""
    return all(
        any(file.is_file() for file in path.glob(f"{name}-images*idx3-ubyte*"))
        for name in ("train", "t10k")
    )


def idx(path: Path) -> np.ndarray:
    """The array of an IDX file, gzipped or not.

    Raises:
        InputError: a file that is damaged.
        Exception: whatever gzip raises for one.
    """
    import numpy as np

    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    start = 4 + 4 * data[3] if len(data) > 3 else 0
    if data[:2] != b"\0\0" or len(data) < start or data[2] not in _IDX_TYPES:
        raise InputError(f"{path} is no IDX file: its first bytes are {data[:4].hex(' ')}.")
    shape = tuple(int(side) for side in np.frombuffer(data[4:start], ">u4"))
    dtype = np.dtype(_IDX_TYPES[data[2]])
    if len(data) - start != math.prod(shape) * dtype.itemsize:
        raise InputError(
            f"{path} is damaged: an array of {shape} needs {math.prod(shape) * dtype.itemsize} "
            f"bytes after its header, and {len(data) - start} are there."
        )
    return np.frombuffer(data[start:], dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _joined(arrays: Mapping[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    import numpy as np

    counts = [len(arrays["x_train"]), len(arrays["x_test"])]
    joined = {"held_out": np.repeat([False, True], counts)}
    for name in ("x", "y"):
        if f"{name}_train" in arrays and f"{name}_test" in arrays:
            try:
                parts = [arrays[f"{name}_train"], arrays[f"{name}_test"]]
                joined[name] = np.concatenate(parts)
            except ValueError as error:
                raise InputError(
                    f"{where}: {name}_train and {name}_test differ: {error}."
                ) from error
    return joined


def _first(arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _table(path: Path) -> tuple[list[str], np.ndarray]:
    """The names of the columns, empty where there are none, and the numbers (N, F)."""
    import numpy as np

    with _text(path) as file:
        first = file.readline()
    delimiter = max(",;\t", key=first.count)
    words = [word.strip().strip('"') for word in first.split(delimiter)]
    names = [] if all(_is_number(word) for word in words) else words
    with _text(path) as file:
        rows = file.readlines()[1 if names else 0 :]
    if not any(row.strip() for row in rows):
        raise InputError(f"{path} holds no row of numbers.")
    return names, np.loadtxt(rows, delimiter=delimiter, ndmin=2, comments=None)


def _text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")  # type: ignore[return-value]
    return path.open(encoding="utf-8-sig")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _ends(*endings: str) -> Callable[[Path], bool]:
    return lambda path: path.name.lower().endswith(endings) and not path.is_dir()


READERS = (
    Reader(
        "a folder of MNIST's four files",
        lambda path: path.is_dir() and is_idx_folder(path),
        read_idx_folder,
    ),
    Reader("an .npy array", _ends(".npy"), read_npy),
    Reader("an .npz archive", _ends(".npz"), read_npz),
    Reader("a table of numbers (.csv, .csv.gz)", _ends(".csv", ".csv.gz"), read_csv),
    Reader(
        "an IDX file (…-ubyte, .idx, also .gz)",
        _ends("-ubyte", "-ubyte.gz", ".idx", ".idx.gz"),
        read_idx,
    ),
)
"""Asked in this order; the first that claims a path reads it."""
