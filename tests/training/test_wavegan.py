"""Sound from noise: a generator makes the pitch that its label asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.domains.points.domain import Points
from sparring.recipes import recipe_named
from sparring.recipes.choices import with_augment, with_loss, with_network, with_penalty
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

LENGTH = 256
PITCHES = (8, 24)
"""Cycles in a tone, by its label."""


@dataclass(frozen=True)
class Tone(Points):
    """Waveforms as they are."""

    shape: tuple[int, ...]  # type: ignore[assignment]
    head: str = "tanh"  # type: ignore[assignment]


@pytest.fixture(scope="module")
def tones() -> Dataset:
    """600 tones of two pitches, each at any phase and a loudness of its own."""
    random = np.random.default_rng(0)
    label = np.arange(600) % 2
    cycles = np.array(PITCHES)[label] + random.uniform(-0.5, 0.5, 600)
    turns = cycles[:, None] * np.arange(LENGTH) / LENGTH + random.uniform(0, 1, (600, 1))
    waves = random.uniform(0.35, 0.7, (600, 1)) * np.sin(2 * np.pi * turns)
    content = Content(
        sample=waves[:, None].astype("float32"),
        label=label,
        classes=("low", "high"),
        domain=Part(Tone, shape=(1, LENGTH)),
    )
    return dataset(content, name="tones", address="tones", held_out=0.1, seed=0)


@pytest.mark.parametrize(("window", "width", "gamma"), [(0, 8, 0.5), (128, 16, 0.1)])
def test_a_label_asks_for_a_pitch(
    tones: Dataset, tmp_path: Path, window: int, width: int, gamma: float
) -> None:
    flags = {"discriminator_width": 8, "latent": 8, "lr": 3e-3, "conditional": True}
    flags |= {"window": window, "width": width, "gamma": gamma}
    recipe = recipe_named("wavegan", flags, rank=1).replace(precision="fp32")
    never = Intervals(log=0, sample=0, checkpoint=0)
    model = train(recipe, tones, tmp_path / "run", steps=250, intervals=never, quiet=True)
    for label, cycles in zip(("low", "high"), PITCHES, strict=True):
        made = model.sample(64, label=label, seed=1)[:, 0]
        spectrum = torch.fft.rfft(made * torch.hann_window(LENGTH)).abs()
        right = (spectrum.argmax(1) - cycles).abs() <= 1
        assert float(right.float().mean()) > 0.9
        assert 0.2 < float(made.std()) < 0.7
        assert float(made.std(0).mean()) > 0.1  # not one tone for all latents


def test_losses_penalties_and_networks_are_crossed_with_it() -> None:
    recipe = recipe_named("wavegan", rank=1)
    changed = with_penalty(with_loss(recipe, "hinge"), ["gradient_penalty"])
    changed = with_network(changed, "convolutional")
    assert changed.loss == Part("sparring.losses.adversarial:hinge")
    assert [term.name for term in changed.terms] == ["gradient_penalty"]
    assert changed.networks["generator"].call == "sparring.networks.convolutional:Generator"
    assert isinstance(with_augment(changed, "none"), Recipe)


@pytest.mark.parametrize(("name", "shape"), [("wavegan", (1, 1024)), ("melgan", (1, 80, 4))])
def test_recipes_resume_exactly_and_make_waveforms(
    name: str,
    shape: tuple[int, ...],
    tmp_path: Path,
    weights: Callable[[Path], dict[str, bytes]],
) -> None:
    sample = np.random.default_rng(0).integers(-9000, 9000, (40, 1, 1024)).astype("int16")
    np.savez(tmp_path / "noise.npz", sample=sample, label=np.arange(40) % 2)
    small = {"width": 2, "discriminator_width": 2, "latent": 4, "batch": 4, "conditional": True}
    recipe = recipe_named(name, small, rank=1).replace(precision="fp32").lasting(64)
    often = Intervals(log=1, sample=0)
    options: dict[str, Any] = {"intervals": often, "quiet": True, "seconds": 1024 / 16_000}
    data = str(tmp_path / "noise.npz")
    model = train(recipe, data, tmp_path / "whole", steps=4, **options)
    train(recipe, data, tmp_path / "parts", steps=2, **options)
    resume(tmp_path / "parts", steps=4, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    made = model.sample(3, label=1)
    assert made.shape == (3, *shape)
    stored = model.domain.decode(made)
    assert stored.shape == (3, 1, 1024) and stored.dtype == torch.int16


def test_a_walk_from_one_label_to_another_begins_and_ends_at_them(
    tones: Dataset, tmp_path: Path
) -> None:
    small = {"width": 2, "discriminator_width": 2, "latent": 4, "batch": 4, "conditional": True}
    model = train(recipe_named("wavegan", small), tones, tmp_path / "run", steps=1, quiet=True)
    walk, low, high = (
        model.interpolate(2, 4, label=begin, to=end, seed=3)
        for begin, end in (("low", "high"), ("low", None), ("high", None))
    )
    assert torch.equal(walk[0], low[0]) and torch.equal(walk[-1], high[-1])
    assert not torch.allclose(walk[2], low[2]) and not torch.allclose(walk[2], high[2])
    with pytest.raises(InputError, match="did you mean 'high'"):
        model.interpolate(2, 4, label="low", to="hihg")
