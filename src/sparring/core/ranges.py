"""Ranges: what values from outside may be, said in annotations and checked in one place.

A range is an annotation of msgspec, such as `Annotated[int, Meta(ge=1)]`; recipes, parts, files
and flags are checked against the annotations of what they call. A bool is no number, NaN lies
in no range, and a list of a thousand million widths is refused before anything is built of it.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sparring.core.errors import InputError

LARGEST = 1e30
"""Finite for every purpose, in float32 as well."""
LONGEST = 80
"""Characters of a wrong value that a sentence repeats."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""How many of something, exact even as a float."""
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Images = Annotated[int, Meta(ge=1, le=2**53)]
Size = Annotated[int, Meta(ge=1, le=2**14)]
"""Channels, units, pixels of a side, numbers in a vector."""
Extent = Annotated[int, Meta(ge=1, le=2**22)]
"""Numbers of a sample along one of its axes: a sound has many."""
Sizes = Size | Annotated[tuple[Size, ...], Meta(max_length=64)]
"""Of one layer after the other."""
Latent = Annotated[int, Meta(ge=0, le=2**14)]
Depth = Annotated[int, Meta(ge=0, le=128)]
"""Layers, blocks, doublings."""
Factor = Annotated[int, Meta(ge=1, le=128)]
Every = Annotated[int, Meta(ge=1, le=10**6)]
Batch = Annotated[int, Meta(ge=1, le=2**20)]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
"""Any finite number."""
Amount = Annotated[float, Meta(ge=0.0, le=LARGEST)]
"""A weight, a time: a finite number of 0 or more."""
Above = Annotated[float, Meta(gt=0.0, le=LARGEST)]
Minutes = Annotated[float, Meta(gt=0.0, le=5_256_000.0)]
"""Ten years at most."""
Rate = Annotated[float, Meta(ge=0.0, le=100.0)]
"""A learning rate."""
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Below = Annotated[float, Meta(ge=0.0, lt=1.0)]
"""A share that is not all: dropout, Adam's betas."""

WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    str: "a word",
}
PART = "a part"
BARE: Mapping[Any, Any] = {
    float: Number,
    int: Annotated[int, Meta(ge=-(2**53), le=2**53)],
    str: Annotated[str, Meta(max_length=4096)],
}
"""What annotations without a range mean."""
PLAIN = (bool, int, float, str, tuple, list, dict)


def check(name: str, value: Any, kind: Any) -> None:
    """The value fits the annotation, as far as that is made of plain types.

    Raises:
        InputError: it does not; the sentence says what would.
    """
    if not fits(value, kind):
        shown = repr(value)
        shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
        raise InputError(f"{name} must be {described(kind)}, not {shown}.")


def check_all(kinds: Mapping[str, Any], values: Mapping[str, Any], of: str = "") -> None:
    """Values by name fit annotations by name.

    Raises:
        InputError: the first that does not.
    """
    for name, value in values.items():
        check(f"{name} of {of}" if of else name, value, kinds.get(name, Any))


def check_call(function: Callable[..., Any], arguments: Mapping[str, Any], of: str = "") -> None:
    """Arguments fit the annotations of what is called with them.

    Raises:
        InputError: the first that does not.
    """
    check_all(kinds_of(function), arguments, of)


def fitted(where: str, value: Any, kind: Any, hook: Callable[..., Any] | None = None) -> Any:
    """What was read from a file as this kind: an annotation, or a dataclass for a mapping.

    Raises:
        InputError: it does not fit; `where` begins the sentence.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=hook)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{where}: {_plain(str(error))}.") from error


def described(kind: Any) -> str:
    """The annotation in words: "a whole number from 1 to 128"."""
    members = [member for member in _members(kind) if member is not type(None)]
    if len(members) > 1:
        return " or ".join(dict.fromkeys(map(described, members)))
    plain, limits = _parted(members[0])
    if plain in WORDS:
        return f"{WORDS[plain]} {_span(limits)}".strip()
    if typing.get_origin(plain) is tuple:
        each = dict.fromkeys(described(k) for k in typing.get_args(plain) if k is not Ellipsis)
        return f"a list, each {' or '.join(each)}"
    if typing.get_origin(plain) is Mapping:
        return f"names, each with {described(typing.get_args(plain)[1])}"
    return PART


def span(kind: Any) -> str:
    """The range alone, for a line of help: "1 to 128"; empty where there is none."""
    spans = [_span(_parted(member)[1]) for member in _members(kind)]
    return next(filter(None, spans), "").removeprefix("from ").removeprefix("of ")


@functools.cache
def kinds_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Keyword -> its annotation; Any where it names what is only there for type checkers."""
    maker = function.__init__ if isinstance(function, type) else function  # type: ignore[misc]
    names = getattr(inspect.unwrap(maker), "__globals__", {})
    found = inspect.signature(function).parameters.values()
    return {parameter.name: _evaluated(parameter.annotation, names) for parameter in found}


def _evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, names)  # the code's own words, never a file's
    except (NameError, AttributeError):
        return Any


def fits(value: Any, kind: Any) -> bool:
    """Whether the value fits the annotation, as far as that is made of plain types."""
    members = list(_members(kind))
    if len(members) > 1:
        return any(fits(value, member) for member in members)
    origin = typing.get_origin(kind)
    if origin is Mapping and isinstance(value, Mapping):
        return all(fits(item, typing.get_args(kind)[1]) for item in value.values())
    if origin is Callable:
        return not (value is None or isinstance(value, PLAIN))
    try:
        msgspec.convert(value, BARE.get(kind, kind), dec_hook=_unless_plain)
    except (msgspec.ValidationError, RecursionError):
        return False
    except TypeError:  # a protocol, or another kind that only its user can judge
        return True
    except NameError:  # a dataclass whose fields name what is only there for type checkers
        return not isinstance(value, PLAIN)
    return True


def _unless_plain(kind: Any, value: Any) -> Any:
    """Parts stand for whatever they build; plain values only for themselves."""
    if value is None or isinstance(value, PLAIN):
        raise TypeError("a part is due")
    return value


def _members(kind: Any) -> Iterator[Any]:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        for member in typing.get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _parted(kind: Any) -> tuple[Any, list[Meta]]:
    """`Annotated[int, Meta(ge=1)]` as int and its limits."""
    if typing.get_origin(kind) is not Annotated:
        return kind, []
    plain, *extra = typing.get_args(kind)
    return plain, [item for item in extra if isinstance(item, Meta)]


def _span(limits: list[Meta]) -> str:
    """The limits in words; infinity needs none where there is another."""
    low = next((m.ge for m in limits if m.ge is not None), -LARGEST)
    high = next((m.le for m in limits if m.le is not None), LARGEST)
    above = next((m.gt for m in limits if m.gt is not None), None)
    below = next((m.lt for m in limits if m.lt is not None), None)
    if above is not None:
        return f"above {above:g}"
    if below is not None:
        return f"from {low:g} to below {below:g}"
    if low > -LARGEST and high < 2**53:
        return f"from {low:g} to {int(high)}"
    return f"of at least {low:g}" if low > -LARGEST else ""


def _plain(message: str) -> str:
    """Msgspec's message with the place first: "step: expected `int` >= 0"."""
    what, _, place = message.partition(" - at `")
    place = re.sub(r"^\$\.?", "", place.removesuffix("`")).replace("[...]", ".*")
    what = (what[:1].lower() + what[1:]).rstrip(".")
    return f"{place}: {what}" if place else what
