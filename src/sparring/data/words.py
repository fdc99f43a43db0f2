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

LONGEST = 256
"""Words that a sentence may have."""
VOCABULARY = 10_000
"""Words that are known: the most frequent ones."""


def words_of(sentence: str) -> list[str]:
    """Its words in lower case, without what stands between them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", sentence.lower())


def asked_words(text: str) -> list[str]:
    """The words of a text that somebody asks for.

    Raises:
        InputError: it has none.
    """
    words = words_of(text)
    if not words:
        raise InputError("the text is empty; write a sentence of at least a word.")
    return words


def tokens_of(sentences: Sequence[str], names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N, T) int64, -1 after the last word of each; and the words that they number, sorted.

    Raises:
        InputError: a sentence without a word or with too many; `names` say of what it is one.
    """
    import numpy as np

    rows = [_checked(words_of(s), name) for s, name in zip(sentences, names, strict=True)]
    counted = Counter(word for row in rows for word in row)
    known = sorted(word for word, _ in counted.most_common(VOCABULARY))
    number = {word: place for place, word in enumerate(known)}
    found = [[number[word] for word in row if word in number] for row in rows]
    longest = max(len(row) for row in found)
    padded = [row + [UNKNOWN] * (longest - len(row)) for row in found]
    return np.array(padded, dtype=np.int64), tuple(known)


def _checked(words: list[str], name: str) -> list[str]:
    if not words:
        raise InputError(f"the caption of {name} is empty; write a sentence of at least a word.")
    if len(words) > LONGEST:
        raise InputError(
            f"the caption of {name} has {len(words):,} words; at most {LONGEST} can be read."
        )
    return words
