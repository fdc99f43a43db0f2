"""Content: what every reader hands over."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparring.core.part import Part

if TYPE_CHECKING:
    import numpy as np

Estimate = Callable[["np.ndarray"], Mapping[str, Any]]
"""Of the items to train on (N, ...), stored: arguments of a sample space that depend on them."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

UNKNOWN = -1
"""The label of an item that has none; what follows the last token of a row."""
CHUNK = 1024
"""Items looked at or converted at a time."""
LOOKED = 10_000
"""Items that a survey looks at, where there are more."""


@dataclass(frozen=True)
class Sources:
    """Sources that belong to no sample."""

    stored: np.ndarray
    """(M, ...) in the stored form of `source_domain`."""
    held_out: np.ndarray | None = None
    """(M,) bool, where the source itself says which are held out."""
    origin: np.ndarray | None = None
    """(M,) int64, as `Content.origin`."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """All items of a source in stored form, before the split."""

    sample: np.ndarray
    """(N, ...) in the stored form of `domain`."""
    domain: Part
    """The sample space."""
    estimate: Estimate | None = None
    """Scales, vocabularies: made from what is trained on alone, after the split."""
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
    source_estimate: Estimate | None = None
    """As `estimate`, of sources."""
    classes: tuple[str, ...] = ()
    """The names of the labels."""
    attributes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Name of an attribute -> names of its numbers in the vector, side by side."""
    words: tuple[str, ...] = ()
    """The words that tokens number; empty where tokens are something else, such as bytes."""
    held_out: np.ndarray | None = None
    """(N,) bool, where the source itself says which items are held out."""
    origin: np.ndarray | None = None
    """(N,) int64, which of the recordings, rows or files that were read each item was cut from;
    those of one stay on one side of the split. None where each is an item."""
    names: Sequence[str] = ()
    """What sentences call the items, such as their files; their numbers where it is empty."""
    licence: str = "not stated"
    notes: tuple[str, ...] = ()
    """Choices made while reading, one sentence each."""

    def replace(self, **changes: Any) -> Content:
        """The content with these fields changed."""
        return dataclasses.replace(self, **changes)

    def of_each(self, values: Any) -> Any:
        """What is known of each recording, row or file (M,), as of each item (N,)."""
        return values if values is None or self.origin is None else values[self.origin]


def key_for(*facts: object) -> str:
    """A file name for what is made from these facts alone."""
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def fingerprint(values: np.ndarray) -> str:
    """A hash of an array's bytes, shape and kind."""
    digest = hashlib.blake2b(f"{values.shape} {values.dtype}".encode(), digest_size=16)
    digest.update(raw(values))
    return digest.hexdigest()


def raw(values: np.ndarray) -> memoryview:
    """The bytes of an array, row by row."""
    import numpy as np

    return np.ascontiguousarray(values).reshape(-1).view("u1").data


def looked_at(count: int) -> Sequence[int]:
    """The numbers of those that a survey looks at, of so many: all, or LOOKED evenly spread."""
    if count <= LOOKED:
        return range(count)
    return [number * count // LOOKED for number in range(LOOKED)]
