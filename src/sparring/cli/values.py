"""How flags are written: sizes, settings, lists of numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sparring.core.errors import InputError


def size_of(text: str) -> tuple[int, int]:
    """Height and width of "64" or "64x48".

    Raises:
        InputError: it is neither.
    """
    sides = text.lower().split("x")
    if len(sides) not in (1, 2) or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise InputError(f"--size is 64 or 64x48 (height x width), not {text!r}.")
    return int(sides[0]), int(sides[-1])


def range_of(text: str) -> tuple[float, float]:
    """Both ends of "0..4095" or "-1..1".

    Raises:
        InputError: it is none.
    """
    low, _, high = text.partition("..")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise InputError(f"--range is LOW..HIGH, such as 0..4095, not {text!r}.") from error


def settings_of(pairs: Sequence[str]) -> dict[str, Any]:
    """Pairs such as "generator.width=32" as a dictionary; values are JSON, or else words.

    Raises:
        InputError: no = in a pair.
    """
    settings = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or not key.strip():
            raise InputError(f"--set takes key=value, such as generator.width=32, not {pair!r}.")
        settings[key.strip().replace("-", "_")] = json_or_word(value.strip())
    return settings


def json_or_word(text: str) -> Any:
    """The JSON value that the text is, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def numbers_of(name: str, text: str) -> tuple[int | float, ...]:
    """The numbers (256, 512) of "256,512"; none of an empty text.

    Raises:
        InputError: a piece that is no number.
    """
    values = [json_or_word(piece.strip()) for piece in text.split(",") if piece.strip()]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} takes numbers with commas, such as 256,512, not {text!r}.")
    return tuple(values)


def names_of(text: str | None) -> list[str]:
    """The names ["r1", "r2"] of "r1,r2"."""
    return [piece.strip() for piece in (text or "").split(",") if piece.strip()]
