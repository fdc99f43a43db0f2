"""Which items are held out, and which are equal: both from a hash of each item's bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparring.core.streams import seed_for
from sparring.data import cache
from sparring.data.content import raw

if TYPE_CHECKING:
    import numpy as np


def split(hashes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(N,) bool, True for held-out items: those whose salted hashes are smallest.

    Equal hashes stay together, so the share is met as nearly as they allow; at least one item
    stays on each side where there are two different ones. What most items share is trained on.
    """
    import numpy as np

    values, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    if share == 0 or len(values) < 2:
        return np.zeros(len(hashes), dtype=bool)
    salted = _mixed(values ^ np.uint64(seed_for("split", seed)))
    order = np.lexsort((salted, 2 * counts > len(hashes)))
    before = np.cumsum(counts[order]) - counts[order]
    chosen = np.zeros(len(values), dtype=bool)
    chosen[order[before < round(share * len(hashes))]] = True
    chosen[order[0]], chosen[order[-1]] = True, False
    return chosen[inverse]


def together(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) uint64, equal for items that share a hash of either kind, or are so linked by others."""
    import numpy as np

    kinds = [np.unique(kind, return_inverse=True) for kind in (hashes, others)]
    groups, before = hashes, None
    while before is None or not np.array_equal(groups, before):
        before = groups
        for values, inverse in kinds:
            least = np.full(len(values), np.iinfo(np.uint64).max)
            np.minimum.at(least, inverse, groups)
            groups = least[inverse]
    return groups


def digests(sample: np.ndarray) -> np.ndarray:
    """(N,) uint64: a hash of every item's bytes; kept beside memory-mapped samples."""
    import numpy as np

    def fill(out: np.ndarray) -> None:
        for index, item in enumerate(sample):
            digest = hashlib.blake2b(raw(item), digest_size=8).digest()
            out[index] = int.from_bytes(digest, "little")

    origin = getattr(sample, "filename", None)
    if origin is not None and cache.folder("arrays") in origin.parents:
        return np.array(cache.kept(f"{origin.stem}-hashes", (len(sample),), "uint64", fill))
    out = np.empty(len(sample), np.uint64)
    fill(out)
    return out


def first_of(hashes: np.ndarray) -> np.ndarray:
    """(N,) int64: the place of the first item that is equal to each."""
    import numpy as np

    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return first[inverse]


def duplicates(firsts: np.ndarray, names: Sequence[str]) -> str:
    """The first few items that repeat an earlier one: "b.png = a.png, ... and 3 more"."""
    import numpy as np

    repeats = np.flatnonzero(firsts != np.arange(len(firsts)))
    named = [names[i] if names else f"item {i}" for i in (*repeats[:3], *firsts[repeats[:3]])]
    half = len(named) // 2
    pairs = [f"{b} = {a}" for b, a in zip(named[:half], named[half:], strict=True)]
    return ", ".join(pairs) + (f" and {len(repeats) - 3} more" if len(repeats) > 3 else "")


def joined(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) uint64: equal where both hashes are."""
    import numpy as np

    return _mixed(_mixed(hashes) + np.uint64(1) ^ others)


def _mixed(values: np.ndarray) -> np.ndarray:
    """A bijection of uint64 that looks random (the finaliser of SplitMix64, Steele 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
