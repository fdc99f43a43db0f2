"""Array files: IDX, `.npy`, `.npz` and `.csv`, each also gzipped where that is usual."""

from __future__ import annotations

import gzip
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.content import Content, content

if TYPE_CHECKING:
    import numpy as np

SAMPLES = ("sample", "samples", "image", "images", "arr_0", "data", "x", "x_train")
LABELS = ("label", "labels", "class", "target", "y", "y_train")
VECTORS = ("vector", "vectors")
"""Names under which an archive or a table may hold each; the first that is there counts."""
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
Size = tuple[int, int] | None


def read_npy(path: Path, size: Size = None) -> Content:
    """One array: (N, H, W), (N, H, W, C) or (N, C, H, W) pictures, or (N, F) points.

    Raises:
        InputError: a file that is damaged, or holds Python objects.
    """
    import numpy as np

    try:
        large = path.stat().st_size >= cache.MEMORY_LIMIT
        sample = cache.mapped(path) if large else np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(_unreadable(path, "an .npy array", error)) from error
    if not isinstance(sample, np.ndarray):
        raise InputError(f"{path} is an archive; name it .npz.")
    return content(sample, str(path), size=size)


def read_npz(path: Path, size: Size = None) -> Content:
    """An archive of arrays: samples under any of `SAMPLES`, labels and vectors likewise.

    `classes` may name the labels and `held_out` (N,) bool tell the split; Keras's x_train,
    y_train, x_test, y_test are known too.

    Raises:
        InputError: an archive that is damaged, holds Python objects, or no samples.
    """
    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise InputError(_unreadable(path, "an .npz archive", error)) from error
    if "x_train" in arrays and "x_test" in arrays:
        arrays = _joined(arrays, path)
    sample = _first(arrays, SAMPLES)
    if sample is None:
        raise InputError(
            f"{path} holds {', '.join(arrays) or 'nothing'}, but no array named 'sample'."
        )
    held_out = arrays.get("held_out")
    return content(
        sample,
        str(path),
        label=_first(arrays, LABELS),
        vector=_first(arrays, VECTORS),
        tokens=arrays.get("tokens"),
        classes=tuple(str(name) for name in arrays.get("classes", np.array(()))),
        held_out=None if held_out is None else held_out.astype(bool),
        size=size,
    )


def read_csv(path: Path, size: Size = None) -> Content:
    """A table of numbers, one item a row, with or without a line of names.

    A column named `label` (or `class`, `target`, `y`) holds the labels. Without names, the last
    column does if the others make a square picture. Columns are the pixels of a square grey
    picture, row by row, if they are at least 64 in a square number and hold whole numbers from
    0 to 255; otherwise each row is a point.

    Raises:
        InputError: a table that is empty, ragged, or holds words.
    """
    names, table = _table(path)
    label = None
    labelled = [index for index, name in enumerate(names) if name.lower() in LABELS]
    if labelled:
        label = labelled[0]
    elif not names and _square(table[:, :-1]):
        label = table.shape[1] - 1
    import numpy as np

    sample = table if label is None else np.delete(table, label, axis=1)
    if _square(sample):
        side = math.isqrt(sample.shape[1])
        sample = sample.astype(np.uint8).reshape(-1, side, side)
    column = None if label is None else table[:, label]
    return content(sample, str(path), label=column, size=size)


def read_idx(path: Path, size: Size = None) -> Content:
    """MNIST's format: pictures, with the labels from the file beside it named so.

    Raises:
        InputError: a file that is damaged, or labels of another length.
    """
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    label = idx(labels) if labels != path and labels.exists() else None
    return content(idx(path), str(path), label=label, size=size)


def read_idx_folder(path: Path, size: Size = None) -> Content:
    """A folder of MNIST's four files; the t10k ones are held out.

    Raises:
        InputError: a file that is damaged.
    """
    import numpy as np

    images = {name: next(iter(path.glob(f"{name}-images*"))) for name in ("train", "t10k")}
    found = [read_idx(images[name], size) for name in ("train", "t10k")]
    labels = [part.label for part in found if part.label is not None]
    return content(
        np.concatenate([part.sample for part in found]),
        str(path),
        label=np.concatenate(labels) if len(labels) == 2 else None,
        held_out=np.repeat([False, True], [len(part.sample) for part in found]),
    )


def is_idx_folder(path: Path) -> bool:
    """Whether the folder holds MNIST's files."""
    return all(any(path.glob(f"{name}-images*idx3-ubyte*")) for name in ("train", "t10k"))


def idx(path: Path) -> np.ndarray:
    """The array of an IDX file, gzipped or not.

    Raises:
        InputError: a file that is damaged.
    """
    import numpy as np

    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, ValueError) as error:
        raise InputError(_unreadable(path, "an IDX file", error)) from error
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


def _joined(arrays: Mapping[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
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
                    f"{path}: {name}_train and {name}_test differ: {error}."
                ) from error
    return joined


def _first(arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _table(path: Path) -> tuple[list[str], np.ndarray]:
    """The names of the columns, empty where there are none, and the numbers (N, F)."""
    import numpy as np

    try:
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
    except InputError:
        raise
    except (OSError, EOFError, ValueError) as error:
        raise InputError(_unreadable(path, "a table of numbers", error)) from error


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


def _square(pixels: np.ndarray) -> bool:
    """Whether each row may be a square grey picture with 8 bits."""
    width = pixels.shape[1]
    if width < 64 or math.isqrt(width) ** 2 != width:
        return False
    return bool(((pixels >= 0) & (pixels <= 255) & (pixels == pixels.round())).all())


def _unreadable(path: Path, kind: str, error: Exception) -> str:
    if isinstance(error, ValueError) and "pickle" in str(error).lower():
        return (
            f"{path} is damaged, or holds Python objects, which are never loaded; "
            "save plain numbers instead."
        )
    said = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return f"{path} cannot be read as {kind}: {said}."
