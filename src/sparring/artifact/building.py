"""A recipe's game and networks, built."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sparring.artifact.manifest import Manifest
from sparring.core.recipe import Recipe
from sparring.core.types import Game


def build_game(recipe: Recipe) -> Game:
    """The recipe's game, with the loss, terms, augmentation and task's finish that it takes."""
    parts: dict[str, Any] = {
        "loss": recipe.loss.build() if recipe.loss else None,
        "terms": tuple(term.build() for term in recipe.terms),
        "augment": recipe.augment.build() if recipe.augment else None,
        "finish": recipe.task.build().finish,
    }
    game = recipe.game
    missing = {n: v for n, v in parts.items() if game.accepts(n) and n not in game.arguments}
    return game.build(**missing)  # type: ignore[no-any-return]


def build_network(manifest: Manifest, name: str) -> nn.Module:
    """One network of the manifest's recipe, freshly initialised.

    A network that reads the generator's features is shown a weightless one: what it is made like
    then follows whatever the generator is set to.
    """
    recipe, spec, late = manifest.recipe, manifest.spec, {}
    turned = name in build_game(recipe).swapped
    if recipe.networks[name].accepts("generator"):
        with torch.device("meta"):
            late["generator"] = build_network(manifest, "generator")
    return recipe.networks[name].build(spec.turned() if turned else spec, **late)  # type: ignore[no-any-return]
