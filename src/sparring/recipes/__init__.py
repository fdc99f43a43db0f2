"""Recipes: functions that return a Recipe, one file a domain. Their arguments are its flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.part import public_names, resolve
from sparring.core.recipe import Recipe

ROOMS = tuple(f"sparring.recipes.{room}" for room in ("images", "paired", "unpaired", "mending"))
"""The modules whose public functions are recipes."""


def recipe_functions() -> dict[str, Callable[..., Recipe]]:
    """Every recipe by its name on the command line, in the order of the files."""
    return {
        name.replace("_", "-"): resolve(f"{room}:{name}")
        for room in ROOMS
        for name in public_names(room)
    }


def recipe_named(name: str, flags: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name, with its own flags set.

    Raises:
        InputError: no such recipe, or a flag that it does not take.
    """
    functions = recipe_functions()
    if name not in functions:
        raise unknown("recipe", name, functions)
    try:
        return functions[name](**(flags or {}))
    except TypeError as error:
        raise InputError(f"the recipe {name!r} cannot be made: {error}.") from error
