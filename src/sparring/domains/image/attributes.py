"""Attributes: what pictures are known to have, as a label, as a vector and by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.errors import InputError, unknown
from sparring.data.content import Content
from sparring.data.kinds import Reading

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Attributes:
    """What is known of N pictures: which value each has of every attribute."""

    values: Mapping[str, tuple[str, ...]]
    """Name of an attribute -> the values that it can have."""
    chosen: np.ndarray
    """(N, attributes) int64: the number of each picture's value; -1 where it is unknown."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the vector's numbers: the value, and before it the attribute where that is needed."""
        pairs = [(name, value) for name, values in self.values.items() for value in values]
        times = Counter(value for _, value in pairs)
        return tuple(value if times[value] == 1 else f"{name} {value}" for name, value in pairs)

    @property
    def vector(self) -> np.ndarray:
        """(N, values of all attributes) float32: 1 for what a picture has, else 0."""
        import numpy as np

        found = [
            column[:, None] == np.arange(len(values))
            for column, values in zip(self.chosen.T, self.values.values(), strict=True)
        ]
        return np.concatenate(found, axis=1).astype(np.float32)


def described(content: Content, known: Attributes | None, reading: Reading, where: str) -> Content:
    """The content with its attributes as vectors, and one of them as its label.

    That is the one asked for; otherwise the first, where there is no label yet.

    Raises:
        InputError: no such attribute.
    """
    import numpy as np

    by = reading.asked.get("label_by")
    if known is None:
        if by is not None:
            raise InputError(f"{where} has no attributes; leave out --label-by {by}.")
        return content
    if by is not None and by not in known.values:
        raise unknown(f"attribute of {where}", by, known.values)
    content = content.replace(vector=known.vector, attributes=known.names)
    if by is None and content.label is not None:
        return content
    names = list(known.values)
    column = known.chosen[:, names.index(by or names[0])]
    return content.replace(
        label=np.ascontiguousarray(column, dtype=np.int64), classes=known.values[by or names[0]]
    )
