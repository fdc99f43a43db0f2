"""Recipes: functions that return a Recipe, one file a domain. Their arguments are its flags."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.part import public_names, resolve
from sparring.core.ranges import check_all
from sparring.core.recipe import Recipe


def recipe_functions() -> dict[str, Callable[..., Recipe]]:
    """Every recipe by its name on the command line, room by room.

    A recipe is a public function of a module here that returns a Recipe and needs no argument.
    """
    rooms = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    named = ((name, resolve(f"{room}:{name}")) for room in rooms for name in public_names(room))
    return {name.replace("_", "-"): found for name, found in named if _is_recipe(found)}


def _is_recipe(function: Callable[..., Any]) -> bool:
    signature = inspect.signature(function)
    given = all(
        parameter.default is not parameter.empty for parameter in signature.parameters.values()
    )
    return given and signature.return_annotation in (Recipe, Recipe.__name__)


def recipe_named(name: str, flags: Mapping[str, Any] | None = None, rank: int = 2) -> Recipe:
    """The recipe of that name, with its own flags set.

    Args:
        name: one of `recipe_functions`.
        flags: its own arguments.
        rank: dimensions of space of one sample (0 points, 1 sound, 2 pictures, 3 volumes), for
            recipes that choose fitting networks by it.

    Raises:
        InputError: no such recipe, or a flag that it does not take.
    """
    functions = recipe_functions()
    if name not in functions:
        raise unknown("recipe", name, functions)
    function = functions[name]
    known = flags_of(function)
    check_all({n: p.annotation for n, p in known.items()}, flags or {}, of=name)
    ranked = {"rank": rank} if "rank" in known else {}
    try:
        return function(**_grouped(function, {**ranked, **(flags or {})}))
    except TypeError as error:
        raise InputError(f"the recipe {name!r} cannot be made: {error}.") from error


def flags_of(function: Callable[..., Recipe]) -> dict[str, inspect.Parameter]:
    """A recipe's arguments by name; those of a group, which is a dataclass, one by one."""
    parameters = inspect.signature(function, eval_str=True).parameters
    flags = {n: p for n, p in parameters.items() if not _is_group(p)}
    for group in filter(_is_group, parameters.values()):
        fields = inspect.signature(type(group.default), eval_str=True).parameters
        for name, field in fields.items():
            flags.setdefault(name, field.replace(default=getattr(group.default, name)))
    return flags


def groups_of(function: Callable[..., Recipe]) -> list[type]:
    """The dataclasses whose fields are arguments of the recipe."""
    parameters = inspect.signature(function).parameters.values()
    return [type(parameter.default) for parameter in parameters if _is_group(parameter)]


def _is_group(parameter: inspect.Parameter) -> bool:
    return dataclasses.is_dataclass(parameter.default)


def _grouped(function: Callable[..., Recipe], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags as the function's own arguments, and those of its groups in them."""
    parameters = inspect.signature(function).parameters
    given = dict(flags)
    for name, parameter in parameters.items():
        if name in given or not _is_group(parameter):
            continue
        fields = {field.name for field in dataclasses.fields(parameter.default)}
        mine = {n: given.pop(n) for n in fields & given.keys() if n not in parameters}
        given[name] = dataclasses.replace(parameter.default, **mine)
    return given
