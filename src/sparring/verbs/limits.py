"""Limits: numbers that no run can be made of, found before anything is built or written."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.core.ranges import Images, check
from sparring.core.recipe import Recipe

TRACKERS = ("tensorboard", "wandb", "trackio")


def check_values(recipe: Recipe) -> None:
    """The recipe's optimisers can be made of their settings, and its schedules built.

    Raises:
        InputError: they cannot.
    """
    for player, optimizer in recipe.optimizers.items():
        _check_optimizer(player, optimizer)


Minutes = Annotated[float, Meta(gt=0.0, le=5_256_000.0)]
"""Ten years at most."""


def check_length(steps: int | None, minutes: float | None) -> None:
    """The budget is above nothing and below forever.

    Raises:
        InputError: it is not.
    """
    check("steps", steps, Images | None)
    check("minutes", minutes, Minutes | None)


def check_trackers(names: Sequence[str]) -> None:
    """Every tracker is known and installed.

    Raises:
        InputError: it is not.
    """
    for name in names:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
        if importlib.util.find_spec(name) is None:
            raise InputError(f"--track {name} needs a package: pip install 'sparring[{name}]'.")


def _check_optimizer(player: str, optimizer: Part) -> None:
    import torch

    try:
        optimizer.build([torch.nn.Parameter(torch.zeros(1))])
    except (TypeError, ValueError) as error:
        raise InputError(f"the {player}'s optimiser cannot be made: {error}.") from error
