"""Options of reading, checked: what is asked for must be possible before anything is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.data.kinds import FITS, Kind, Reading

Size = int | Sequence[int] | None
READERS = ("size", "channels", "fit", "range", "pairs", "skip_broken")
"""Options of `load` that readers obey."""
REMEMBERED = (*READERS, "kind", "dedupe", "held_out", "streaming")
"""Options of `load` that a run remembers, to read its data again alike."""


def reading(
    known: tuple[Kind, ...], *, size: Size = None, range: Any = None, **options: Any
) -> Reading:
    """What was asked for, checked.

    Raises:
        InputError: a size, a number of channels, a way to fit or a range that cannot be.
    """
    made = Reading(kinds=known, size=_size(size), range=_span(range), **options)
    if made.channels not in (None, 1, 2, 3, 4):
        raise InputError(f"channels must be 1, 2, 3 or 4, not {made.channels}.")
    if made.fit not in FITS:
        raise unknown("way to fit", str(made.fit), FITS)
    return made


def _span(ends: Any) -> tuple[float, float] | None:
    """The lowest and the highest value."""
    if ends is None:
        return None
    pair = tuple(ends) if isinstance(ends, list | tuple) else (ends,)
    numbers = all(isinstance(end, Real) and math.isfinite(end) for end in pair)
    if len(pair) != 2 or not numbers or pair[0] >= pair[1]:
        raise InputError(f"a range is LOW..HIGH, such as 0..4095 or (0, 4095), not {ends}.")
    return float(pair[0]), float(pair[1])


def _size(size: Any) -> tuple[int, int] | None:
    """Height and width, of one number for both or of two."""
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, list | tuple) else (size, size)
    whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in pair)
    if len(pair) != 2 or not whole or min(pair) < 1:
        raise InputError(f"the size must be at least 1 x 1 px, not {size}.")
    return int(pair[0]), int(pair[1])


def remembered(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `load` in JSON's own types.

    Raises:
        InputError: an unknown one.
    """
    for name in asked:
        if name not in REMEMBERED:
            raise unknown("option of train", name, REMEMBERED)
    written = json.dumps(dict(asked), default=lambda number: number.item())
    return dict(json.loads(written))
