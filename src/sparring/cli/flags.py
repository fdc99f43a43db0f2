"""A recipe function's own arguments as flags: their kinds, defaults and help."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any

import typer

from sparring.cli.values import json_or_word, numbers_of
from sparring.core.ranges import check_all, span
from sparring.core.recipe import Recipe
from sparring.recipes import flags_of, groups_of

PLAIN = (int, float, str, bool)


def own_flags(function: Callable[..., Recipe], taken: Collection[str]) -> list[inspect.Parameter]:
    """The function's arguments as keyword parameters for Typer, but for names that are taken."""
    helps = described(function)
    return [
        _flag(parameter, helps.get(name, ""))
        for name, parameter in flags_of(function).items()
        if name not in taken
    ]


def decoded(function: Callable[..., Recipe], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the flags gave, as the function's arguments want it.

    Raises:
        InputError: numbers that are none, or out of their range.
    """
    parameters = flags_of(function)
    arguments = {name: _decode(parameters[name], value) for name, value in given.items()}
    check_all({name: p.annotation for name, p in parameters.items()}, arguments)
    return arguments


def described(function: Callable[..., Recipe]) -> dict[str, str]:
    """Flag -> its words, in the docstring of the function or of the group it belongs to."""
    groups = [_args(group) for group in groups_of(function)]
    words = {name: text for args in (*groups, _args(function)) for name, text in args.items()}
    return {name: words[name] for name in flags_of(function) if name in words}


def _args(documented: Any) -> dict[str, str]:
    """Argument -> its words in the docstring's Args section."""
    _, _, section = (inspect.getdoc(documented) or "").partition("Args:\n")
    section = re.split(r"\n(?=\S)", section)[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


def summary(function: Callable[..., Any]) -> str:
    """The first sentence of the docstring."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _flag(parameter: inspect.Parameter, words: str) -> inspect.Parameter:
    kind, default = parameter.annotation, parameter.default
    if _is_plain(kind):
        kind = typing.Union[tuple(_members(kind))]  # noqa: UP007 - ranges are no business of Typer
    else:
        kind, default = str, _written(default)
    option = typer.Option(help=_with_range(words, parameter.annotation).replace("[", r"\["))
    annotation = Annotated[kind, option]  # type: ignore[valid-type]
    return parameter.replace(annotation=annotation, default=default, kind=parameter.KEYWORD_ONLY)


def _with_range(words: str, kind: Any) -> str:
    """The range that the value must lie in follows the words."""
    range_ = span(kind)
    return f"{words.removesuffix('.')} ({range_})." if range_ else words


def _is_plain(kind: Any) -> bool:
    return all(member in (*PLAIN, type(None)) for member in _members(kind))


def _members(kind: Any) -> Iterator[Any]:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        for member in typing.get_args(kind):
            yield from _members(member)
    else:
        yield typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _decode(parameter: inspect.Parameter, value: Any) -> Any:
    if _is_plain(parameter.annotation):
        return value
    if isinstance(parameter.default, tuple):
        return numbers_of(f"--{parameter.name.replace('_', '-')}", value)
    return json_or_word(value)
