"""New recipes, networks and verbs are found where they lie, without a list to edit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import sparring.networks
import sparring.recipes
from sparring.cli.app import VerbGroup
from sparring.recipes import choices, recipe_functions, recipe_named

RECIPES = '''
from sparring.core.recipe import Recipe
from sparring.recipes.images import gan


def quick(*, lr: float = 1e-3) -> Recipe:
    """A GAN in a hurry."""
    return gan(lr=lr)


def slower(recipe: Recipe) -> Recipe:
    """No recipe: it wants one."""
    return recipe
'''
NETWORKS = """
from sparring.networks import dense


class Generator(dense.Generator):
    pass


class Discriminator(dense.Discriminator):
    pass
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two new modules beside those of sparring."""
    for package, text in ((sparring.recipes, RECIPES), (sparring.networks, NETWORKS)):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / "brand_new.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        monkeypatch.delitem(sys.modules, f"{package.__name__}.brand_new", False)
    yield


@pytest.mark.usefixtures("shelf")
def test_a_new_module_of_recipes_or_networks_is_there() -> None:
    found = recipe_functions()
    assert "quick" in found and "slower" not in found and "picture-duel" not in found
    assert recipe_named("quick", {"lr": 0.5}).optimizers["generator"].arguments["lr"] == 0.5
    assert "brand_new" in choices.network_names()
    recipe = choices.with_network(recipe_named("quick"), "brand-new")
    assert recipe.networks["generator"].call == "sparring.networks.brand_new:Generator"


def test_a_new_verb_is_shown_after_those_that_have_a_place() -> None:
    app = typer.Typer(cls=VerbGroup)
    for name in ("juggle", "sample", "train"):
        app.command(name)(lambda: None)
    group = typer.main.get_command(app)
    assert group.list_commands(None) == ["train", "sample", "juggle"]  # type: ignore[attr-defined]
