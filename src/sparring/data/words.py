"""Sentences as tokens: the numbers of their words in a vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.data.content import UNKNOWN

if TYPE_CHECKING:
    import numpy as np

LONGEST = 64
"""Words of a sentence that are kept."""
VOCABULARY = 10_000
"""Words that are known: the most frequent ones."""


def words_of(sentence: str) -> list[str]:
    """Its words in lower case, without what stands between them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", sentence.lower())


def tokens_of(sentences: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N, T) int64, -1 after the last word of each; and the words that they number, sorted.

    Raises:
        InputError: none of the sentences has a word.
    """
    import numpy as np

    rows = [words_of(sentence)[:LONGEST] for sentence in sentences]
    counted = Counter(word for row in rows for word in row)
    if not counted:
        raise InputError("none of the captions has a word.")
    known = sorted(word for word, _ in counted.most_common(VOCABULARY))
    number = {word: place for place, word in enumerate(known)}
    found = [[number[word] for word in row if word in number] for row in rows]
    longest = max(len(row) for row in found)
    padded = [row + [UNKNOWN] * (longest - len(row)) for row in found]
    return np.array(padded, dtype=np.int64), tuple(known)
