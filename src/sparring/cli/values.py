"""How flags are written: sizes, settings, lists of numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from sparring.core.errors import InputError
from sparring.core.ranges import LONGEST


def place_of(name: str, text: str) -> tuple[int, int]:
    """The pixels (80, -60) of "80,-60".

    Raises:
        InputError: it is no pair of whole numbers.
    """
    found = re.fullmatch(r"\s*(-?[0-9]{1,6})\s*,\s*(-?[0-9]{1,6})\s*", text)
    if not found:
        raise InputError(f"{name} is x,y in pixels, such as 80,60, not {_short(text)}.")
    return int(found[1]), int(found[2])


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
    except (ValueError, RecursionError):
        return text


def numbers_of(name: str, text: str) -> tuple[int | float, ...]:
    """The numbers (256, 512) of "256,512"; none of an empty text.

    Raises:
        InputError: a piece that is no number.
    """
    values = [json_or_word(piece.strip()) for piece in text.split(",") if piece.strip()]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(
                f"{name} takes numbers with commas, such as 256,512, not {_short(text)}."
            )
    return tuple(values)


def _short(text: str) -> str:
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def names_of(text: str | None) -> list[str]:
    """The names ["r1", "r2"] of "r1,r2"."""
    return [piece.strip() for piece in (text or "").split(",") if piece.strip()]


def strengths_of(pairs: Sequence[str]) -> dict[str, float]:
    """Strengths by name {"smiling": 2.0} of ("smiling=+2",).

    Raises:
        InputError: no = in a pair, or no number behind it.
    """
    found = {}
    for pair in pairs:
        name, _, strength = pair.rpartition("=")
        try:
            found[name.strip()] = float(strength)
        except ValueError as error:
            raise InputError(
                f"--set takes NAME=STRENGTH, such as smiling=+2, not {_short(pair)}."
            ) from error
    return found
