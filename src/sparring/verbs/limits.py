"""Limits: numbers that no run can be made of, found before anything is built or written."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.core.recipe import Recipe

TRACKERS = ("tensorboard", "wandb", "trackio")


def check_values(recipe: Recipe) -> None:
    """The recipe's own numbers make sense, and its optimisers can be made of theirs.

    Raises:
        InputError: a number out of its range, or a player that is not there.
    """
    for name in ("batch", "steps"):
        _within(name, getattr(recipe, name), least=1)
    for name in ("latent", "ema", "warmup"):
        _within(name, getattr(recipe, name), least=0)
    for player in recipe.warmup_turns:
        if player not in recipe.optimizers:
            raise unknown("player in warmup_turns", player, recipe.optimizers)
    for player, limit in recipe.clip.items():
        if player not in recipe.optimizers:
            raise unknown("player in clip", player, recipe.optimizers)
        _within(f"the {player}'s clip", limit, least=0)
    for player, rate in recipe.learning_rates.items():
        if player not in recipe.optimizers:
            raise unknown("player in learning_rate", player, recipe.optimizers)
        _within(f"the {player}'s learning rate", rate, least=0)
    for player, optimizer in recipe.optimizers.items():
        _check_optimizer(player, optimizer)


def check_length(steps: int | None, minutes: float | None) -> None:
    """The budget is above nothing and below forever.

    Raises:
        InputError: it is not.
    """
    for name, value in (("steps", steps), ("minutes", minutes)):
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{name} must be above 0, and finite, not {value}.")


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


def _within(name: str, value: float | Part, least: float) -> None:
    if isinstance(value, Part):  # a schedule
        return
    if not (isinstance(value, int | float) and least <= value < math.inf):
        raise InputError(f"{name} must be at least {least}, and finite, not {value!r}.")


def _check_optimizer(player: str, optimizer: Part) -> None:
    import torch

    try:
        optimizer.build([torch.nn.Parameter(torch.zeros(1))])
    except (TypeError, ValueError) as error:
        raise InputError(f"the {player}'s optimiser cannot be made: {error}.") from error
