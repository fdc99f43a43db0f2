"""Options of reading, checked: what is asked for must be possible before anything is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.data.content import Progress
from sparring.data.kinds import Kind, Reading, kinds

GENERAL = ("range", "pairs", "skip_broken")
"""Options of `load` that readers obey, whatever the kind of data."""
LOADING = ("kind", "dedupe", "held_out", "streaming")
"""Those that `load` obeys itself."""


class Foreign(InputError):
    """An option that only another kind of data has."""


def reading(
    known: tuple[Kind, ...],
    *,
    range: Any = None,
    pairs: str | None = None,
    skip_broken: bool = False,
    progress: Progress | None = None,
    **asked: Any,
) -> Reading:
    """What was asked for, checked.

    Raises:
        InputError: an option that none of the kinds has, or a value that it cannot have.
    """
    stated = {name: value for name, value in asked.items() if value is not None}
    return Reading(
        asked={name: _checked(name, value, known) for name, value in stated.items()},
        range=_span(range),
        pairs=pairs,
        skip_broken=skip_broken,
        kinds=known,
        progress=progress,
    )


def _checked(name: str, value: Any, known: tuple[Kind, ...]) -> Any:
    """The value as the first kind that can have it takes it."""
    offered = [option for kind in known for option in kind.options if option.name == name]
    refused = None
    for option in offered:
        try:
            return option.checked(value)
        except InputError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    names = [*GENERAL, *LOADING, *own(known)]
    if len(known) == 1 and name in own(kinds()):
        raise _foreign(name, known)
    raise unknown("option of load_data", name, names)


def check_obeyed(asked: Iterable[str], those: Sequence[Kind]) -> None:
    """What was asked for is an option of the kinds that the data turned out to be of.

    Raises:
        Foreign: an option that only another kind has, and nothing would obey.
    """
    for name in asked:
        if those and name not in own(those):
            raise _foreign(name, those)


def _foreign(name: str, those: Sequence[Kind]) -> Foreign:
    words = " or ".join(dict.fromkeys(kind.name for kind in those))
    listed = ", ".join(own(those)) or "none"
    return Foreign(f"{name} is no option of {words}; theirs are: {listed}.")


def own(known: Iterable[Kind]) -> list[str]:
    """The names of the options that these kinds declare."""
    return list(dict.fromkeys(option.name for kind in known for option in kind.options))


def _span(ends: Any) -> tuple[float, float] | None:
    """The lowest and the highest value."""
    if ends is None:
        return None
    pair = tuple(ends) if isinstance(ends, list | tuple) else (ends,)
    numbers = all(isinstance(end, Real) and math.isfinite(end) for end in pair)
    if len(pair) != 2 or not numbers or pair[0] >= pair[1]:
        raise InputError(f"a range is LOW..HIGH, such as 0..4095 or (0, 4095), not {ends}.")
    return float(pair[0]), float(pair[1])


def remembered(asked: Mapping[str, Any], trusted: Sequence[str] = ()) -> dict[str, Any]:
    """Options of `load` in JSON's own types.

    Raises:
        InputError: an unknown one.
    """
    known = [*own(kinds(tuple(trusted))), *GENERAL, *LOADING]
    for name in asked:
        if name not in known:
            raise unknown("option of train", name, known)
    written = json.dumps(dict(asked), default=lambda number: number.item())
    return dict(json.loads(written))
