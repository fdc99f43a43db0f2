"""How pictures are asked for: their size, their channels, and how they come to a size."""

from __future__ import annotations

import re
from numbers import Integral
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.ranges import LONGEST, Size, check
from sparring.data.kinds import Option

FITS = ("crop", "pad", "stretch")
"""About the centre to the new aspect; whole, on white (clear where there is opacity); out of
shape."""


def size_of(text: str) -> tuple[int, int]:
    """Height and width of "64" or "64x48".

    Raises:
        InputError: it is neither.
    """
    if not re.fullmatch("[0-9]{1,6}(x[0-9]{1,6})?", text.lower()):
        shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
        raise InputError(f"--size is 64 or 64x48 (height x width), not {shown!r}.")
    sides = [int(side) for side in text.lower().split("x")]
    for side in sides:
        check("--size, a picture's side,", side, Size)
    return sides[0], sides[-1]


def _size(size: Any) -> tuple[int, int]:
    """Height and width, of one number for both or of two."""
    pair = tuple(size) if isinstance(size, list | tuple) else (size, size)
    whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in pair)
    if len(pair) != 2 or not whole or min(pair) < 1:
        raise InputError(f"the size must be at least 1 x 1 px, not {size}.")
    return int(pair[0]), int(pair[1])


def _channels(channels: Any) -> int:
    if channels not in (1, 2, 3, 4):
        raise InputError(f"channels must be 1, 2, 3 or 4, not {channels}.")
    return int(channels)


def _fit(fit: Any) -> str:
    if fit not in FITS:
        raise unknown("way to fit", str(fit), FITS)
    return str(fit)


def _word(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise InputError(f"label_by names an attribute, such as hair, not {name!r}.")
    return name


OPTIONS = (
    Option("size", "N or HxW: pictures are fitted to it", _size, size_of),
    Option("fit", "crop about the centre (if not given), pad (whole, on white) or stretch", _fit),
    Option("label_by", "the attribute that is the label, of data that have several", _word),
    Option("channels", "1 grey, 3 colour, 4 with opacity", _channels, int),
)
