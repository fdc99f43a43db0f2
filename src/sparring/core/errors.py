"""The one error a user can mend: a sentence that says what, where and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Bad input; the command line prints its sentence without a traceback and exits with code 2."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(shown(" ".join(sentence.split())))


def shown(text: str) -> str:
    """The text with all that a terminal would obey escaped: names of files may hold anything."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


FEW = 5
"""Names that a sentence holds; of more it says how many."""


def few(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are: "a, b and 3 more"."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Say that `name` is no known `kind`, with the nearest known names."""
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(options)}."
    return InputError(f"unknown {kind} {name[:80]!r}: {hint}")
