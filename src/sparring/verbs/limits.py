"""Limits: numbers that no run can be made of, found before anything is built or written."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.core.ranges import Images, Minutes, check
from sparring.core.recipe import Recipe

TRACKERS = ("tensorboard", "wandb", "trackio")


def check_values(recipe: Recipe) -> None:
    """The recipe's optimisers can be made of their settings, and its schedules built.

    Raises:
        InputError: they cannot.
    """
    for player, optimizer in recipe.optimizers.items():
        _check_optimizer(player, optimizer)


def check_length(steps: int | None, minutes: float | None) -> None:
    """The budget is above nothing and below forever.

    Raises:
        InputError: it is not.
    """
    check("steps", steps, Images | None)
    check("minutes", minutes, Minutes | None)


def check_resumable(manifest: Manifest, folder: Path) -> None:
    """The run says what it was trained on and for how long, and its trackers are at hand.

    Raises:
        InputError: they are not.
    """
    if not manifest.sitting or not {"address", "fingerprint"} <= manifest.data.keys():
        raise InputError(
            f"{folder} cannot be gone on with: its recipe.json does not say with what data, or for "
            "how long; take it from a backup, or start a new run --from it."
        )
    check_trackers(manifest.sitting["track"])


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
