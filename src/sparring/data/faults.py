"""Whatever a reader raises becomes one sentence: readers of damaged files raise almost anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sparring.core.errors import InputError

MOST = 200
"""Characters of an error's own words that are shown."""


@contextmanager
def one_sentence(where: str, what: str) -> Iterator[None]:
    """Turn every error but an InputError into one that says what could not be read as what.

    Raises:
        InputError: there was one.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{where} cannot be read as {what}: {reason(error)}.") from error


def sound(
    names: Sequence[str], problems: Sequence[str], where: str
) -> tuple[list[int], tuple[str, ...]]:
    """The numbers of the items without a problem, and a note that names the others.

    Raises:
        InputError: none is left.
    """
    bad = [f"{n} ({p})" for n, p in zip(names, problems, strict=True) if p]
    named = "; ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
    kept = [index for index, problem in enumerate(problems) if not problem]
    if not kept:
        raise InputError(f"all {len(names)} items of {where} are broken: {named}.")
    return kept, (f"{len(bad)} broken items of {where} are left out: {named}.",) if bad else ()


def reason(error: Exception) -> str:
    """What an error says, in a few words."""
    said = str(getattr(error, "strerror", None) or error)
    if "pickle" in said.lower():
        return "it is damaged, or holds Python objects, which are never loaded; save plain numbers"
    words = " ".join(said.split()).rstrip(".")
    return (words if len(words) <= MOST else f"{words[:MOST]}...") or type(error).__name__
