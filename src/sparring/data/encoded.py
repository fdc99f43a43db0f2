"""Encoded items, such as the files of a folder: opened by number, worked on by threads, refused."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sparring.core.errors import InputError, few
from sparring.data.content import Progress, key_for

T = TypeVar("T")
CHUNK = 64
"""Items in one piece of work for a thread."""


class Unusable(InputError):
    """Items that cannot be used; `each` of them is named, with what is wrong."""

    def __init__(self, sentence: str, each: Sequence[str]) -> None:
        super().__init__(sentence)
        self.each = tuple(each)


@dataclass(frozen=True)
class Encoded:
    """Items, each a file or its bytes, that can be opened by number."""

    names: Sequence[str]
    """What sentences call them: paths within the data."""
    open: Callable[[int], Path | bytes]
    """The file, or its bytes."""
    where: str
    """The data, for sentences."""
    key: str
    """Names all that the items' bytes depend on."""
    what: str = "pictures"
    """The word for many of them."""

    def __len__(self) -> int:
        return len(self.names)

    def only(self, kept: Sequence[int]) -> Encoded:
        """The items of these numbers."""
        if len(kept) == len(self):
            return self
        names = [self.names[index] for index in kept]
        key = key_for(self.key, list(kept))
        opened = self.open
        return Encoded(names, lambda number: opened(kept[number]), self.where, key, self.what)


def refuse(items: Encoded, problems: Sequence[str]) -> None:
    """Stop where some of the items have a problem; the first few are named.

    Raises:
        Unusable: there are such.
    """
    bad = unusable(items, problems)
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise Unusable(
            f"{len(bad)} of {len(items)} {items.what} in {items.where} cannot be used: "
            f"{'; '.join(bad[:3])}{more}. Mend them, or leave them out with --skip-broken; "
            f"`sparring data check {items.where}` lists them all.",
            bad,
        )


def unusable(items: Encoded, problems: Sequence[str]) -> list[str]:
    """Those that have a problem, as "name (problem)"."""
    return [f"{n} ({p})" for n, p in zip(items.names, problems, strict=True) if p]


def each(items: Encoded, work: Callable[[int], T], what: str, progress: Progress | None) -> list[T]:
    """`work` for the number of every item, by threads: decoders run without Python's lock."""

    def some(start: int) -> list[T]:
        return [work(index) for index in range(start, min(start + CHUNK, len(items)))]

    results: list[T] = []
    # What Pillow warns of is either refused (too many pixels) or harmless (odd metadata).
    with warnings.catch_warnings(), ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool:
        warnings.simplefilter("ignore")
        for part in pool.map(some, range(0, len(items), CHUNK)):
            results += part
            if progress is not None:
                progress(what, len(results), len(items))
    return results


def tallied(words: Iterable[str]) -> str:
    """How often each word comes, the most frequent first: "8 x 8 (12), 9 x 9 (1)"."""
    return few([f"{word} ({count})" for word, count in Counter(words).most_common()])
