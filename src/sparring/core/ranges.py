"""Ranges: what values from outside may be, said in annotations and checked in one place.

A range is an annotation of msgspec: `Annotated[int, Meta(ge=1)]`. A bool is no number, NaN lies
in no range, and what was never given is not made up.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sparring.core.errors import InputError

LARGEST = 1e300
"""Finite for every purpose, and small enough to be doubled."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""How many of something, exact even as a float."""
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
"""Any finite number."""
Positive = Annotated[float, Meta(ge=0.0, le=LARGEST)]
"""A finite number of 0 or more."""


def fitted(where: str, value: Any, kind: Any) -> Any:
    """The value as this kind: an annotation, or a dataclass of them for a mapping.

    Raises:
        InputError: it does not fit; `where` begins the sentence.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{where}: {_plain(str(error))}.") from error


def _plain(message: str) -> str:
    """Msgspec's message with the place first: "step: expected `int` >= 0"."""
    what, _, place = message.partition(" - at `")
    place = re.sub(r"^\$\.?", "", place.removesuffix("`")).replace("[...]", ".*")
    what = what[:1].lower() + what[1:]
    return f"{place}: {what}" if place else what
