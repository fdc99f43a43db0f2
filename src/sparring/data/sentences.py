"""Sentences as vectors: what an encoder that knows language says of each, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.content import Progress, fingerprint, key_for
from sparring.data.dataset import Dataset
from sparring.data.words import LONGEST, asked_words

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


class Reader(Protocol):
    """What reads sentences."""

    size: int
    digest: str

    def read(self, sentences: Sequence[str], tell: Callable[[int], None] = ...) -> Tensor:
        """(N, size) float32 for N sentences."""
        ...


def as_vectors(dataset: Dataset, reader: Reader, progress: Progress | None = None) -> Dataset:
    """The data with each item's sentence as its vector, in place of those that they had.

    A sentence is read once, however many items have it, and its vector is kept in the cache.

    Raises:
        InputError: the items have no sentences.
    """
    if not dataset.words or dataset.streaming:
        raise InputError(
            f"{dataset.address} has no sentences to read; give captions.csv, or NAME.txt beside "
            "each NAME.png."
        )

    def told(store: Any) -> Any:
        vectors = _vectors(store.fields["tokens"], dataset.words, reader, progress)
        return replace(store, fields={**store.fields, "vector": vectors})

    return replace(
        dataset,
        train=told(dataset.train),
        held_out=told(dataset.held_out),
        vector=reader.size,
        attributes={},
    )


def vector_of(text: str, reader: Reader) -> list[float]:
    """The vector of one sentence, read as those of the data are.

    Raises:
        InputError: it is empty, or longer than any that is read.
    """
    words = asked_words(text)
    if len(words) > LONGEST:
        raise InputError(
            f"the text has {len(words):,} words and at most {LONGEST} are read; write a shorter "
            "one."
        )
    return reader.read([" ".join(words)])[0].tolist()


def _vectors(
    tokens: Tensor, words: Sequence[str], reader: Reader, progress: Progress | None
) -> Tensor:
    """(N, size) for tokens (N, T)."""
    import torch

    different, rows = torch.unique(tokens, dim=0, return_inverse=True)

    def fill(values: np.ndarray) -> None:
        said = [" ".join(words[n] for n in row if n >= 0) for row in different.tolist()]

        def tell(done: int) -> None:
            if progress is not None:
                progress("sentences read", done, len(said))

        values[...] = reader.read(said, tell).numpy()

    key = key_for("sentences", fingerprint(different.numpy()), words, reader.digest)
    kept = cache.kept(key, (len(different), reader.size), "float32", fill)
    return torch.from_numpy(kept)[rows]
