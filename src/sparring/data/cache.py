"""The cache folder: where packs and decoded pictures lie between runs."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MEMORY_LIMIT = 1 << 30
"""Bytes of decoded data that are kept in memory; more is memory-mapped from the cache folder."""


def folder(*parts: str) -> Path:
    """A folder of the cache, made if need be: $SPARRING_CACHE, else ~/.cache/sparring.

    Raises:
        InputError: it cannot be made.
    """
    root = os.environ.get("SPARRING_CACHE") or Path.home() / ".cache" / "sparring"
    path = Path(root, *parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the cache folder {path} cannot be made ({error.strerror}); "
            "name another one in the environment variable SPARRING_CACHE."
        ) from error
    return path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of `path`: other processes that want to build it wait.

    Raises:
        InputError: no lock can be made there.
    """
    from filelock import FileLock

    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire()
    except OSError as error:
        raise InputError(
            f"{path.parent} cannot be written to ({error.strerror or error}); name another cache "
            "folder in the environment variable SPARRING_CACHE."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place if all went well, else vanishes.

    Raises:
        InputError: the disk is full, or may not be written to.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path} could not be written ({error.strerror or error}); free some space, or name "
            "another folder in the environment variable SPARRING_CACHE."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def array(
    key: Callable[[], str],
    shape: tuple[int, ...],
    dtype: str,
    fill: Callable[[np.ndarray], None],
) -> np.ndarray:
    """An array that `fill` writes: in memory if small, else memory-mapped and kept under a key.

    The key must name all that the values depend on: a kept array is found again by the next run.
    Processes that want the same one wait for the first to finish it.
    """
    import numpy as np

    if np.dtype(dtype).itemsize * np.prod(shape, dtype=np.int64) < MEMORY_LIMIT:
        values = np.empty(shape, dtype)
        fill(values)
        return values
    return kept(key(), shape, dtype, fill)


def kept(
    key: str, shape: tuple[int, ...], dtype: str, fill: Callable[[np.ndarray], None]
) -> np.ndarray:
    """As `array`, in the cache folder whatever its size."""
    import numpy as np

    path = folder("arrays") / f"{key}.npy"
    with alone(path):
        if not path.exists():
            with whole(path) as temporary:
                values = np.lib.format.open_memmap(temporary, "w+", np.dtype(dtype), shape)
                fill(values)
                values.flush()
    return mapped(path)


def mapped(path: Path) -> np.ndarray:
    """The `.npy` file, memory-mapped; what is written to the array never reaches the file."""
    import numpy as np

    values: np.ndarray = np.load(path, mmap_mode="c", allow_pickle=False)
    return values


def origin(values: np.ndarray) -> Path | None:
    """The `.npy` file that an array is the whole of, as `mapped` would give it; None if none."""
    import numpy as np

    if not isinstance(values, np.memmap) or Path(str(values.filename)).suffix != ".npy":
        return None
    path = Path(str(values.filename))
    whole = mapped(path)
    # A view of another shape or order is not the file; one of the same covers it all.
    alike = [(a.shape, a.dtype, a.strides) for a in (values, whole)]
    return path if alike[0] == alike[1] else None
