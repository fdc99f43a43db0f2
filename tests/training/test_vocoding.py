"""Runs of the recipe vocoder: resumed to the bit, sound made anew whole and in pieces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

LENGTH = 4096
SMALL = {"width": 8, "blocks": 2, "rounds": 1, "discriminator_width": 1, "scales": 1, "batch": 2}
OFTEN = Intervals(log=1, sample=0)
OPTIONS: dict[str, Any] = {"intervals": OFTEN, "quiet": True, "seconds": LENGTH / 16_000}


def small(**flags: Any) -> Recipe:
    recipe = recipe_named("vocoder", {**SMALL, **flags}, rank=1).replace(precision="fp32")
    return recipe.override({"generator.final_rounds": 2})


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Forty chords."""
    random = np.random.default_rng(0)
    turns = random.uniform(200, 2000, (40, 3, 1)) * np.arange(LENGTH) / 16_000
    path = tmp_path_factory.mktemp("tones") / "tones.npz"
    np.savez(path, sample=(8000 * np.sin(2 * np.pi * turns).sum(1, keepdims=True)).astype("int16"))
    return str(path)


@pytest.fixture(scope="module")
def model(tones: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A vocoder of five steps, the last two of them against a discriminator."""
    folder = tmp_path_factory.mktemp("run") / "run"
    return train(small(warmup=6.0), tones, folder, steps=5, **OPTIONS)


def test_resumed_equals_unbroken_across_the_warm_up(
    tones: str, tmp_path: Path, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    recipe = small(warmup=6.0).lasting(64)
    train(recipe, tones, tmp_path / "whole", steps=5, **OPTIONS)
    train(recipe, tones, tmp_path / "parts", steps=2, **OPTIONS)
    resume(tmp_path / "parts", steps=5, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_the_twin_without_opponent_moves_the_generator_alone(tones: str, tmp_path: Path) -> None:
    train(small(adversarial=0.0), tones, tmp_path / "run", steps=3, **OPTIONS)
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert "generator/mel" in log and "generator/stft" in log
    assert "adversarial" not in log and "feature_matching" not in log


def test_pieces_of_a_long_sound_are_as_the_whole(model: Model) -> None:
    """No click where pieces meet: they fade into each other where both know their surroundings."""
    noise = torch.randn(1, 1, 16_384 * 12, generator=torch.Generator().manual_seed(0))
    sound = 0.1 * torch.cumsum(noise, 2).sin()
    whole, pieces = model.translate(sound), model.translate(sound, tile=16_384 * 4)
    assert whole.shape == sound.shape
    assert (whole - pieces).abs().max() < 1e-3 * whole.abs().max()


def test_sound_of_any_length_is_made_anew(model: Model) -> None:
    for length in (1500, 4096, 20_001):
        sound = torch.randint(-9000, 9000, (1, 1, length)).to(torch.int16)
        assert model.translate(sound).shape == (1, 1, length)


def test_what_is_too_short_to_hear_is_refused(model: Model) -> None:
    with pytest.raises(InputError):
        model.translate(torch.zeros(1, 1, 64))


def test_pictures_make_no_vocoder(tmp_path: Path) -> None:
    np.savez(tmp_path / "grey.npz", sample=np.zeros((20, 1, 16, 16), "uint8"))
    with pytest.raises(InputError, match="vocoder learns from sound"):
        train("vocoder", str(tmp_path / "grey.npz"), tmp_path / "run", steps=1, quiet=True)
