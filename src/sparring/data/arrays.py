"""Arrays without a kind: checked, and handed to the kind of data that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.data.content import CHUNK, UNKNOWN, Content
from sparring.data.kinds import Arrays, Kind, Reading

if TYPE_CHECKING:
    import numpy as np


def content(
    sample: np.ndarray,
    where: str,
    reading: Reading,
    *,
    label: np.ndarray | None = None,
    vector: np.ndarray | None = None,
    tokens: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    held_out: np.ndarray | None = None,
) -> Content:
    """Content of an array (N, ...), read by the one kind that claims it or that was stated.

    Raises:
        InputError: no items, lengths that differ, a kind of number that is none of these, NaN,
            infinity; no kind or several that claim it.
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
        if vector.dtype.kind not in "buif":
            raise InputError(f"the vectors of {where} must be plain numbers, not {vector.dtype}.")
        vector = np.ascontiguousarray(vector.reshape(len(vector), -1), dtype=np.float32)
        check_finite(vector, f"the vectors of {where}")
    if label is not None:
        label, classes = classes_of(label, classes, where)
    found = _arrays(sample, where, reading).read(sample, where, reading)
    tokens = None if tokens is None else _tokens(tokens, where)
    known = {"label": label, "vector": vector, "tokens": tokens, "held_out": held_out}
    each = {name: found.of_each(values) for name, values in known.items()}
    return found.replace(classes=classes, **each)


def check_finite(values: np.ndarray, where: str) -> None:
    """Every number is one.

    Raises:
        InputError: there is NaN or infinity; the first item that holds it is named.
    """
    import numpy as np

    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        bad = ~np.isfinite(part.reshape(len(part), -1)).all(axis=1)
        if bad.any():
            item = start + int(bad.argmax())
            raise InputError(f"{where} hold NaN or infinity, first in item {item} (from 0).")


def _arrays(sample: np.ndarray, where: str, reading: Reading) -> Arrays:
    """How the one kind that the array is of takes it."""
    takers = [(kind, kind.arrays) for kind in reading.kinds if kind.arrays is not None]
    if len(reading.kinds) == len(takers) == 1:
        return takers[0][1]
    claiming = [(kind, arrays) for kind, arrays in takers if arrays.claims(sample)]
    if len(claiming) == 1:
        return claiming[0][1]
    raise InputError(
        f"{where} has shape {sample.shape}, {_claimed([kind for kind, _ in claiming])}: "
        f"{'; '.join(arrays.words for _, arrays in takers)}. Say which it is (--data-kind "
        f"{'|'.join(kind.name for kind, _ in claiming or takers)}), or bring it to its shape."
    )


def _claimed(kinds: list[Kind]) -> str:
    if not kinds:
        return "which is not plainly of any kind"
    return f"which may be {' or '.join(kind.name for kind in kinds)}"


def _check_lengths(where: str, count: int, **others: np.ndarray | None) -> None:
    for name, values in others.items():
        if values is not None and (values.ndim == 0 or len(values) != count):
            length = len(values) if values.ndim else "a single"
            raise InputError(f"{where} has {count} samples but {length} {name} values.")


def classes_of(
    label: np.ndarray, names: tuple[str, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels from 0 with a name each; without given names every value is a class.

    Raises:
        InputError: labels that are no whole numbers or words, one an item.
    """
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
