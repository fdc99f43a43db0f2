"""Attributes: what pictures are known to have, as a label, as a vector and by name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError, few, unknown
from sparring.data import beside, words
from sparring.data.arrays import classes_of
from sparring.data.content import UNKNOWN, Content
from sparring.data.kinds import Reading

if TYPE_CHECKING:
    import numpy as np

MOST = 1000
"""Values that an attribute of words may have: one with more is rather a name."""


@dataclass(frozen=True)
class Attributes:
    """What is known of N pictures: which value each has of attributes of words, and numbers."""

    values: Mapping[str, tuple[str, ...]]
    """Name of an attribute -> the values that it can have."""
    chosen: np.ndarray
    """(N, attributes) int64: the number of each picture's value; -1 where it is unknown."""
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Name of an attribute -> (N,) float32."""

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> names of its numbers in the vector: values, told apart where needed."""
        pairs = [(name, value) for name, values in self.values.items() for value in values]
        times = Counter([*(value for _, value in pairs), *self.numbers])
        told = {
            name: tuple(value if times[value] == 1 else f"{name} {value}" for value in values)
            for name, values in self.values.items()
        }
        return told | {name: (name,) for name in self.numbers}

    @property
    def vector(self) -> np.ndarray:
        """(N, F) float32: 1 for each value that a picture has, else 0; and the numbers."""
        import numpy as np

        found = [
            column[:, None] == np.arange(len(values))
            for column, values in zip(self.chosen.T, self.values.values(), strict=True)
        ]
        found += [column[:, None] for column in self.numbers.values()]
        return np.concatenate(found, axis=1).astype(np.float32)

    def label(self, by: str, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """(N,) int64 of one attribute, and its values' names.

        Raises:
            InputError: no such attribute, or one of numbers that are not whole.
        """
        import numpy as np

        if by in self.numbers:
            return classes_of(self.numbers[by], (), f"{where} ({by})")
        if by not in self.values:
            raise unknown(f"attribute of {where}", by, [*self.values, *self.numbers])
        column = self.chosen[:, list(self.values).index(by)]
        return np.ascontiguousarray(column, dtype=np.int64), self.values[by]


def described(content: Content, known: Attributes | None, reading: Reading, where: str) -> Content:
    """The content with its attributes as vectors, and one of them as its label.

    That is the one asked for; otherwise the first of words, where there is no label yet.

    Raises:
        InputError: no such attribute.
    """
    by = reading.asked.get("label_by")
    if known is None:
        return content
    content = content.replace(vector=known.vector, attributes=known.names)
    if by is None and content.label is None:
        by = next(iter(known.values), None)
    if by is None:
        return content
    label, classes = known.label(by, where)
    return content.replace(label=label, classes=classes)


def annotated(content: Content, path: Path, reading: Reading) -> Content:
    """The content of a folder with the captions and attributes that lie beside its pictures.

    Captions come from a .txt beside each picture or from captions.csv (file, caption), attributes
    from the other columns of it or of attributes.csv.

    Raises:
        InputError: pictures without a line, lines without a picture, a caption that is empty or
            too long, an attribute that is neither words nor numbers.
    """
    columns = beside.of_files(path, content.names)
    captions = columns.pop("caption", None)
    if captions is not None:
        tokens, known = words.tokens_of(captions, content.names)
        content = content.replace(tokens=tokens, words=known)
    found = _of_columns(columns, content.names, path) if columns else None
    return described(content, found, reading, str(path))


def _of_columns(
    columns: Mapping[str, Sequence[str]], names: Sequence[str], path: Path
) -> Attributes:
    import numpy as np

    values, chosen = {}, [np.empty((len(names), 0), np.int64)]
    numbers = {}
    for name, cells in columns.items():
        if any(map(_is_number, cells)):
            numbers[name] = _numbers(name, cells, names, path)
        else:
            values[name] = tuple(sorted({cell for cell in cells if cell}))
            if not 0 < len(values[name]) <= MOST:
                raise InputError(
                    f"the attribute {name!r} of {path} has {len(values[name]):,} different values; "
                    f"it needs 1 to {MOST:,}. Leave the column out."
                )
            place = {value: number for number, value in enumerate(values[name])}
            column = [place.get(cell, UNKNOWN) for cell in cells]
            chosen.append(np.array(column, dtype=np.int64)[:, None])
    return Attributes(values, np.concatenate(chosen, axis=1), numbers)


def _numbers(name: str, cells: Sequence[str], names: Sequence[str], path: Path) -> np.ndarray:
    import numpy as np

    strange = [n for n, cell in zip(names, cells, strict=True) if not _is_number(cell)]
    if strange:
        raise InputError(
            f"the attribute {name!r} of {path} is a number for some pictures, and none for "
            f"{len(strange)}: {few(strange)}. Give each of them one."
        )
    return np.array([float(cell) for cell in cells], dtype=np.float32)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
