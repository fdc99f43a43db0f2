"""Content: what every reader hands over, and how raw arrays become it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import cache

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

UNKNOWN = -1
"""The label of an item that has none; what follows the last token of a row."""
CHUNK = 1024
"""Items converted at a time."""


@dataclass(frozen=True)
class Sources:
    """Sources that belong to no sample."""

    stored: np.ndarray
    """(M, ...) in the stored form of `source_domain`."""
    held_out: np.ndarray | None = None
    """(M,) bool, where the source itself says which are held out."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """All items of a source in stored form, before the split."""

    sample: np.ndarray
    """Pictures (N, C, H, W), uint8 or float32 in [-1, 1]; or points (N, F) float32."""
    label: np.ndarray | None = None
    """(N,) int64, from 0; -1 where it is unknown."""
    vector: np.ndarray | None = None
    """(N, F) float32."""
    tokens: np.ndarray | None = None
    """(N, T) int64, from 0; -1 after the last one."""
    source: np.ndarray | None = None
    """(N, ...) what each sample is to be made from, in the stored form of `source_domain`."""
    sources: Sources | None = None
    """What samples are to be made from where it belongs to none of them."""
    source_domain: Part | None = None
    """The sample space of sources; None where there are none."""
    classes: tuple[str, ...] = ()
    """The names of the labels."""
    held_out: np.ndarray | None = None
    """(N,) bool, where the source itself says which items are held out."""
    domain: Part | None = None
    """The sample space, where the samples' shape does not say it all."""
    licence: str = "not stated"
    notes: tuple[str, ...] = ()
    """Choices made while reading, one sentence each."""

    def replace(self, **changes: Any) -> Content:
        """The content with these fields changed."""
        return dataclasses.replace(self, **changes)


def content(
    sample: np.ndarray,
    where: str,
    *,
    label: np.ndarray | None = None,
    vector: np.ndarray | None = None,
    tokens: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    held_out: np.ndarray | None = None,
    size: tuple[int, int] | None = None,
) -> Content:
    """Content of raw arrays: of shape (N, F) points, otherwise pictures.

    Pictures are (N, H, W), (N, H, W, C) or (N, C, H, W), of whole numbers with 8 or 16 bits, or
    floats in [-1, 1], [0, 1] or [0, 255]; `size` crops and resizes them.

    Raises:
        InputError: no items, lengths that differ, a kind of number or a shape that is none of
            these, NaN, or infinity.
    """
    import numpy as np

    if sample.dtype.kind not in "buif":
        raise InputError(f"{where} holds {sample.dtype} values; it must hold plain numbers.")
    if sample.ndim < 2 or 0 in sample.shape:
        raise InputError(
            f"{where} has shape {sample.shape}; at least one item is needed in (N, …)."
        )
    known = {"label": label, "vector": vector, "tokens": tokens, "held_out": held_out}
    _check_lengths(where, len(sample), **known)
    if vector is not None:
        vector = np.ascontiguousarray(vector.reshape(len(vector), -1), dtype=np.float32)
        _check_finite(vector, f"the vectors of {where}")
    if label is not None:
        label, classes = _classes(label, classes, where)
    if sample.ndim == 2:
        found = _points(sample, where)
    else:
        found = Content(sample=_pictures(sample, where, size))
    tokens = None if tokens is None else _tokens(tokens, where)
    known = {"label": label, "vector": vector, "tokens": tokens, "held_out": held_out}
    return found.replace(classes=classes, **known)


def key_for(*facts: object) -> str:
    """A file name for what is made from these facts alone."""
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def _check_lengths(where: str, count: int, **others: np.ndarray | None) -> None:
    for name, values in others.items():
        if values is not None and (values.ndim == 0 or len(values) != count):
            length = len(values) if values.ndim else "a single"
            raise InputError(f"{where} has {count} samples but {length} {name} values.")


def _check_finite(values: np.ndarray, where: str) -> None:
    import numpy as np

    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        bad = ~np.isfinite(part.reshape(len(part), -1)).all(axis=1)
        if bad.any():
            item = start + int(bad.argmax())
            raise InputError(f"{where} hold NaN or infinity, first in item {item} (from 0).")


def _classes(
    label: np.ndarray, names: tuple[str, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels from 0 with a name each; without given names every value is a class."""
    import numpy as np

    label = label.reshape(len(label), -1)
    if label.shape[1] != 1 or label.dtype.kind not in "buifU":
        raise InputError(f"the labels of {where} must be one whole number or word an item.")
    label = label[:, 0]
    if label.dtype.kind == "f":
        label = np.where(np.isnan(label), UNKNOWN, label)
        if not (np.isfinite(label) & (label == np.round(label))).all():
            raise InputError(f"the labels of {where} must be whole numbers.")
        label = label.astype(np.int64)
    known = label != ("" if label.dtype.kind == "U" else UNKNOWN)
    if set(label.tolist()) == {-1, 1}:
        raise InputError(
            f"the labels of {where} are -1 and 1, and -1 means unknown; call the two kinds 0 and 1."
        )
    if not known.any():
        raise InputError(f"all labels of {where} are unknown (-1); leave them out.")
    if not names or label.dtype.kind == "U":
        values, found = np.unique(label[known], return_inverse=True)
        names = tuple(str(value) for value in values)
        label = np.full(len(label), UNKNOWN)
        label[known] = found
    label = label.astype(np.int64)
    if label.min() < UNKNOWN or label.max() >= len(names):
        raise InputError(f"{where} has labels outside its {len(names)} classes.")
    return label, names


def _tokens(tokens: np.ndarray, where: str) -> np.ndarray:
    """Checked tokens (N, T) int64."""
    import numpy as np

    if tokens.ndim != 2 or tokens.dtype.kind not in "ui" or 0 in tokens.shape:
        raise InputError(f"the tokens of {where} must be whole numbers (N, T).")
    tokens = np.ascontiguousarray(tokens, dtype=np.int64)
    over = np.minimum.accumulate(tokens >= 0, axis=1)
    if tokens.min() < UNKNOWN or tokens.max() < 0 or (over != (tokens >= 0)).any():
        raise InputError(
            f"the tokens of {where} must be numbers from 0, and -1 after the last one of a row."
        )
    return tokens


def _points(sample: np.ndarray, where: str) -> Content:
    import numpy as np

    points = np.ascontiguousarray(sample, dtype=np.float32)
    _check_finite(points, f"the points of {where}")
    centre = points.mean(axis=0, dtype=np.float64)
    spread = points.std(axis=0, dtype=np.float64)
    units = {
        "centre": tuple(float(f"{c:.6g}") for c in centre),
        "scale": tuple(float(f"{s:.6g}") if s > 0 else 1.0 for s in spread),
    }
    shape = (points.shape[1],)
    return Content(
        sample=points, domain=Part("sparring.domains.points.domain:Points", shape=shape, **units)
    )


def _pictures(sample: np.ndarray, where: str, size: tuple[int, int] | None) -> np.ndarray:
    """Pictures in stored form (N, C, H, W); an array that is so already is not copied."""
    sample = _channels_first(sample, where)
    dtype, to_stored = _values(sample, where)
    shape = (*sample.shape[:2], *(size or sample.shape[2:]))
    if sample.dtype == dtype == "uint8" and shape == sample.shape and sample.flags.c_contiguous:
        return sample

    def fill(out: np.ndarray) -> None:
        for start in range(0, len(sample), CHUNK):
            part = to_stored(sample[start : start + CHUNK])
            out[start : start + CHUNK] = part if shape == sample.shape else _fit(part, shape[2:])

    return cache.array(lambda: key_for(fingerprint(sample), shape), shape, dtype, fill)


def fingerprint(values: np.ndarray) -> str:
    """A hash of an array's bytes, shape and kind."""
    digest = hashlib.blake2b(f"{values.shape} {values.dtype}".encode(), digest_size=16)
    digest.update(raw(values))
    return digest.hexdigest()


def raw(values: np.ndarray) -> memoryview:
    """The bytes of an array, row by row."""
    import numpy as np

    return np.ascontiguousarray(values).reshape(-1).view("u1").data


def _channels_first(sample: np.ndarray, where: str) -> np.ndarray:
    if sample.ndim == 3:
        return sample[:, None]
    if sample.ndim == 4 and sample.shape[1] <= 4:
        return sample
    if sample.ndim == 4 and sample.shape[3] <= 4:
        return sample.transpose(0, 3, 1, 2)
    raise InputError(
        f"{where} has shape {sample.shape}; pictures are (N, H, W), (N, H, W, C) or (N, C, H, W) "
        "with C from 1 to 4, and points are (N, F)."
    )


def _values(sample: np.ndarray, where: str) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """The stored kind of number, and the function from the sample's numbers to it."""
    import numpy as np

    def divided(by: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda part: part.astype(np.float32) / np.float32(by) - np.float32(1)

    low, high = _range(sample, where)
    if sample.dtype.kind == "b":
        return "uint8", lambda part: part.astype(np.uint8) * np.uint8(255)
    if sample.dtype == np.uint16 and high <= 65535:
        return "float32", divided(32767.5)
    if sample.dtype.kind in "ui" and low >= 0 and high <= 65535:
        eight = high <= 255
        return (
            ("uint8", lambda part: part.astype(np.uint8))
            if eight
            else ("float32", divided(32767.5))
        )
    if sample.dtype.kind == "f" and low >= -1 and high <= 1:
        return (
            ("float32", divided(0.5)) if low >= 0 else ("float32", lambda part: part.astype("f4"))
        )
    if sample.dtype.kind == "f" and low >= 0 and high <= 255:
        return "float32", divided(127.5)
    raise InputError(
        f"the pictures of {where} hold values from {low:g} to {high:g}; 8- or 16-bit whole "
        "numbers, or floats in [-1, 1], [0, 1] or [0, 255], are needed."
    )


def _range(sample: np.ndarray, where: str) -> tuple[float, float]:
    """Smallest and largest value; NaN and infinity are refused on the way."""
    import numpy as np

    if sample.dtype == np.uint8:
        return 0.0, 255.0
    if sample.dtype.kind == "f":
        _check_finite(sample, f"the pictures of {where}")
    return float(np.min(sample)), float(np.max(sample))


def central(shape: Sequence[int], size: Sequence[int]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the largest central cut of (H, W) with the aspect of `size`."""
    scale = min(shape[0] / size[0], shape[1] / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (shape[0] - tall) // 2, (shape[1] - wide) // 2
    return top, left, top + tall, left + wide


def _fit(pictures: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Centre-crop (N, C, H, W) to the aspect of `size`, then resize with an antialiased filter."""
    import numpy as np
    import torch

    top, left, bottom, right = central(pictures.shape[2:], size)
    cut = np.ascontiguousarray(pictures[:, :, top:bottom, left:right])
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(cut).float(), size=tuple(size), mode="bicubic", antialias=True
    )
    if pictures.dtype == np.uint8:
        return resized.round().clamp(0, 255).to(torch.uint8).numpy()
    return resized.clamp(-1, 1).numpy()
