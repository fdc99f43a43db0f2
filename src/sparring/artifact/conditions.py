"""What a model is told when somebody asks for samples: labels by name, vectors, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.errors import InputError, few, unknown
from sparring.core.recipe import Recipe
from sparring.core.types import Condition
from sparring.data.sentences import vector_of
from sparring.data.words import asked_words

if TYPE_CHECKING:
    from sparring.artifact.manifest import Manifest
    from sparring.data.sentences import Reader

SHOWN = 6
"""Values that are named to who asks for none."""


def condition_for(
    manifest: Manifest,
    indices: Sequence[int],
    label: int | str | None = None,
    vector: Sequence[float] | None = None,
    tokens: Sequence[int] | None = None,
    text: str | None = None,
) -> Condition:
    """The condition of samples with these indices; what is not given goes through all in turn.

    Labels are all those of the data, vectors and tokens those of a few of its items. A text is
    told as the tokens of its words (see `said`), or as what the model's encoder says of it.

    Raises:
        InputError: something that the model is not told, does not know, or has no example of.
    """
    if text is not None:
        if tokens is not None:
            raise InputError("give the model a text or tokens, not both.")
        if (encoder := reader(manifest.recipe)) is None:
            tokens, _ = said(manifest, text)
        elif vector is None:
            vector = vector_of(text, encoder)
        else:
            raise InputError("give the model a text or a vector, not both.")
    return Condition(
        label=_labels(manifest, indices, label),
        vector=_vectors(manifest, indices, vector),
        tokens=_tokens(manifest, indices, tokens),
    )


def reads(recipe: Recipe) -> str:
    """The encoder that reads sentences before the networks are told them; empty where none does."""
    return str(recipe.task.arguments.get("sentences", ""))


def reader(recipe: Recipe) -> Reader | None:
    """That encoder itself.

    Raises:
        InputError: its extra is not installed.
    """
    if reads(recipe) != "minilm":
        return None
    from sparring.networks.minilm import minilm

    return minilm()


def takes_text(manifest: Manifest) -> bool:
    """Whether the model can be told a sentence."""
    return bool(manifest.words or reads(manifest.recipe))


def unseen(manifest: Manifest, text: str) -> list[str]:
    """Words of a sentence that the model has never seen; none where an encoder knows language.

    Raises:
        InputError: as `said`, or as `vector_of`.
    """
    if (encoder := reader(manifest.recipe)) is None:
        return said(manifest, text)[1]
    vector_of(text, encoder)
    return []


def said(manifest: Manifest, text: str) -> tuple[list[int], list[str]]:
    """The tokens of a sentence's words, and those of its words that the model has never seen.

    Raises:
        InputError: a model without words, or a sentence that is empty, longer than any that it
            was trained with, or made of words that it has never seen.
    """
    number = {word: place for place, word in enumerate(manifest.words)}
    if not number:
        raise InputError("this model takes no text: it was trained without sentences.")
    words, most = asked_words(text), manifest.spec.tokens[1]
    tokens = [number[word] for word in words if word in number]
    unseen = list(dict.fromkeys(word for word in words if word not in number))
    if not tokens:
        raise InputError(f"the model has never seen {named(unseen)}; it knows {_some(number)}.")
    if len(tokens) > most:
        raise InputError(
            f"the text has {len(tokens):,} words that the model knows, and it was trained with "
            f"sentences of up to {most}; write a shorter one."
        )
    return tokens, unseen


def named(words: Sequence[str]) -> str:
    """The words in quotes, the first of them if there are many."""
    return few([repr(word[:30]) for word in words])


def _some(words: Iterable[str]) -> str:
    """Some words of a vocabulary, evenly spread over it."""
    known = [word for word in words if len(word) > 2] or list(words)
    some = known[:: max(len(known) // 12, 1)][:12]
    return f"{', '.join(some)} ..." if len(some) < len(known) else ", ".join(some)


def _labels(manifest: Manifest, indices: Sequence[int], label: int | str | None) -> Tensor | None:
    classes, names = manifest.spec.classes, manifest.classes
    if not classes:
        if label is not None:
            raise InputError("this model takes no label: it was trained without labels.")
        return None
    if label is None:
        return torch.tensor([index % classes for index in indices])
    number = names.index(str(label)) if str(label) in names else label
    if isinstance(number, str) and re.fullmatch("[0-9]{1,9}", number):
        number = int(number)
    if not isinstance(number, int) or not 0 <= number < classes:
        raise unknown("label", str(label), names or map(str, range(classes)))
    return torch.full((len(indices),), number)


def _vectors(
    manifest: Manifest, indices: Sequence[int], vector: Sequence[float] | None
) -> Tensor | None:
    size = manifest.spec.vector
    if not size and vector is None:
        return None
    rows = [vector] if vector is not None else manifest.examples.get("vector", ())
    if not rows or any(len(row) != size for row in rows):
        got = next((len(row) for row in rows if len(row) != size), 0)
        raise InputError(f"this model takes a vector of {size} numbers, and got {got}.")
    return _in_turn(torch.tensor(rows, dtype=torch.float32), indices)


def _tokens(
    manifest: Manifest, indices: Sequence[int], tokens: Sequence[int] | None
) -> Tensor | None:
    vocabulary, most = manifest.spec.tokens or (0, 0)
    if not vocabulary and tokens is None:
        return None
    rows = [tokens] if tokens is not None else manifest.examples.get("tokens", ())
    known = all(-1 <= word < vocabulary for row in rows for word in row)
    if not rows or not known or any(len(row) > most for row in rows):
        raise InputError(f"this model takes up to {most} tokens, whole numbers below {vocabulary}.")
    padded = [[*row, *[-1] * (most - len(row))] for row in rows]
    return _in_turn(torch.tensor(padded, dtype=torch.int64), indices)


def altered(manifest: Manifest, wanted: Sequence[str]) -> list[float]:
    """The vector that asks for these values of attributes, as the task Alter reads it.

    1 for each, -1 for other values of the same attribute, and 0 for all attributes of which nothing
    is said. One that is on or off is asked for by its name, and asked away by "no NAME".

    Raises:
        InputError: nothing is asked for, a value that no attribute has, or two that contradict.
    """
    places = {
        value: (name, value) for name, values in manifest.attributes.items() for value in values
    }
    alone = [name for name, values in manifest.attributes.items() if len(values) == 1]
    places |= {f"no {name}": (name, "") for name in alone if f"no {name}" not in places}
    if not wanted:
        some = ", ".join(list(places)[:SHOWN])
        raise InputError(f"say what shall change, by --to or to=, with commas: {some}, ...")
    asked: dict[str, str] = {}
    for value in wanted:
        if value not in places:
            raise unknown("value of an attribute", value, places)
        name, found = places[value]
        if asked.setdefault(name, found) != found:
            raise InputError(
                f"{value!r} contradicts another value of the attribute {name!r}; ask for one."
            )
    return [
        0.0 if name not in asked else 1.0 if asked[name] == value else -1.0
        for name, values in manifest.attributes.items()
        for value in values
    ]


def _in_turn(rows: Tensor, indices: Sequence[int]) -> Tensor:
    return rows[torch.tensor([index % len(rows) for index in indices])]
