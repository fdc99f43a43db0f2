"""Part: a checked, serialisable deferred call, the one thing recipes are made of."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.ranges import check_call

SHELVES = (
    *("domains", "networks", "losses", "tasks", "games"),
    *("core.schedule", "training.optimizers", "training.gradients", "artifact.pretrained"),
)
"""The rooms of `sparring` that a recipe file may call into: they only build things."""


class Part:
    """`Part(UNet, width=64)`: a call made later, by `build`, with what is only known then.

    The call is a class or function, or its address "package.module:Name". Its keywords and
    their values are checked at once. Equal parts compare equal; a part never changes.

    Raises:
        InputError: no such call, or a keyword or value that it does not take.
    """

    __slots__ = ("arguments", "call")
    call: str
    arguments: Mapping[str, Any]

    def __init__(self, call: str | Callable[..., Any], /, **arguments: Any) -> None:
        address = call if isinstance(call, str) else f"{call.__module__}:{call.__qualname__}"
        frozen = {name: _freeze(value) for name, value in arguments.items()}
        object.__setattr__(self, "call", address)
        object.__setattr__(self, "arguments", frozen)
        _check_keywords(address, frozen)
        check_call(resolve(address), frozen, self.name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a Part never changes; use Part.replace")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.call, tuple(sorted(self.arguments))))

    def __repr__(self) -> str:
        words = [self.call, *(f"{name}={value!r}" for name, value in self.arguments.items())]
        return f"Part({', '.join(words)})"

    @property
    def name(self) -> str:
        """The last word of the address."""
        return self.call.partition(":")[2]

    @property
    def package(self) -> str:
        """The package that the call lives in: whom it takes to trust it."""
        return self.call.partition(":")[0].partition(".")[0]

    def replace(self, **arguments: Any) -> Part:
        """The same call with these keywords changed."""
        return Part(self.call, **{**self.arguments, **arguments})

    def accepts(self, keyword: str) -> bool:
        """Whether the call takes this keyword."""
        return keyword in _keywords(self.call)

    def keywords(self) -> tuple[str, ...]:
        """Every keyword that the call takes."""
        return _keywords(self.call)

    def build(self, *late: Any, **late_keywords: Any) -> Any:
        """Make the call; parts among the arguments are built first.

        Raises:
            InputError: sparring's own parts, of arguments that do not go together.
        """
        arguments = {name: _build(value) for name, value in self.arguments.items()}
        try:
            return resolve(self.call)(*late, **{**arguments, **late_keywords})
        except InputError:
            raise
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            if not self.call.startswith("sparring."):
                raise  # its author wants to see where
            reason = " ".join(str(error).split())[:300].rstrip(".")
            raise InputError(f"{self.name} cannot be made as told: {reason}.") from error

    def to_json(self) -> dict[str, Any]:
        """{"call": address, keyword: value, ...}, in JSON's own types."""
        return {"call": self.call, **{n: _to_json(v) for n, v in self.arguments.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], trusted: Iterable[str] = ()) -> Part:
        """Read a part back; only shelves of sparring and `trusted` packages may be called.

        Raises:
            InputError: the address lies elsewhere, or is malformed.
        """
        call = data.get("call")
        if not isinstance(call, str):
            raise InputError("a part of the recipe file has no 'call'; the file is damaged.")
        _check_trust(call, trusted)
        arguments = {n: _from_json(v, trusted) for n, v in data.items() if n != "call"}
        return cls(call, **arguments)


@functools.cache
def resolve(address: str) -> Callable[..., Any]:
    """The public class or function at "package.module:Name", defined in that very module."""
    module_name, _, name = address.partition(":")
    if not name.isidentifier() or name.startswith("_"):
        raise InputError(f"{address!r} is no address of the form package.module:Name.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise InputError(f"{address!r} cannot be found: {error}.") from error
    found = getattr(module, name, None)
    # Only what the module itself defines: an imported name would reach any function anywhere.
    if not callable(found) or getattr(found, "__module__", None) != module_name:
        raise unknown(f"name in {module_name}", name, public_names(module_name))
    return found  # type: ignore[no-any-return]


def public_names(module_name: str) -> list[str]:
    """Classes and functions that a module defines and shows."""
    module = importlib.import_module(module_name)
    return [
        name
        for name, value in vars(module).items()
        if callable(value)
        and not name.startswith("_")
        and getattr(value, "__module__", None) == module_name
    ]


@functools.cache
def _keywords(address: str) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(resolve(address)).parameters.values()
    except ValueError as error:
        raise InputError(f"{address!r} cannot be a part: {error}.") from error
    return tuple(
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    )


def _check_keywords(address: str, arguments: Mapping[str, Any]) -> None:
    known = _keywords(address)
    for name in arguments:
        if name not in known:
            raise unknown(f"setting of {address.partition(':')[2]}", name, known)


def _check_trust(call: str, trusted: Iterable[str]) -> None:
    inside = any(call.startswith((f"sparring.{s}.", f"sparring.{s}:")) for s in SHELVES)
    named = call.partition(":")[0].partition(".")[0] in set(trusted)
    if not (inside or named):
        raise InputError(
            f"the recipe file wants to call {call[:80]!r}, which is outside sparring; "
            "if you know who wrote the file, trust its package: --trust, or trusted= in Python."
        )


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list | tuple) else value


def _build(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_build(item) for item in value)
    return value.build() if isinstance(value, Part) else value


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value.to_json() if isinstance(value, Part) else value


def _from_json(value: Any, trusted: Iterable[str]) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(item, trusted) for item in value)
    return Part.from_json(value, trusted) if isinstance(value, dict) else value
