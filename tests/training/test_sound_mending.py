"""Sound is mended by what is learnt from whole sound: noise goes away, and gaps alone change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.domains.points.domain import Points
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

LENGTH = 2048
OPTIONS: dict[str, Any] = {
    "intervals": Intervals(log=0, sample=0, checkpoint=0),
    "quiet": True,
    "settings": {"precision": "fp32"},
}


@dataclass(frozen=True)
class Waves(Points):
    """Waveforms as they are."""

    shape: tuple[int, ...]  # type: ignore[assignment]


def tones(count: int, seed: int = 0) -> np.ndarray:
    """Two harmonics each, of random pitch and phase, (N, 1, LENGTH)."""
    rng = np.random.default_rng(seed)
    time = np.arange(LENGTH) / 16_000
    pitch, phase = rng.uniform(200, 900, (count, 1)), rng.uniform(0, 2 * math.pi, (count, 1))
    angle = 2 * math.pi * pitch * time + phase
    return (0.3 * np.sin(angle) + 0.15 * np.sin(2 * angle))[:, None].astype(np.float32)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    content = Content(sample=tones(400), domain=Part(Waves, shape=(1, LENGTH)))
    made = dataset(content, name="tones", address="tones", held_out=0.1, seed=0)
    monkeypatch.setattr("sparring.verbs.run.load", lambda address, **options: made)
    return made


def ratio(made: Tensor, true: Tensor) -> Tensor:
    """Decibels of what is true over what is not, (N,)."""
    error = (made - true).square().sum((1, 2)).clamp_min(1e-12)
    return 10 * (true.square().sum((1, 2)) / error).log10()


@pytest.mark.parametrize(("kind", "gain"), [("denoise", 3.0), ("declip", 5.0)])
def test_damage_goes_away_from_tones(kind: str, gain: float, data: Dataset, tmp_path: Path) -> None:
    recipe = recipe_named("restore", {"kind": kind, "width": 64, "blocks": 2}, rank=1)
    model = train(recipe, data, tmp_path / "run", steps=150, **OPTIONS)
    torch.manual_seed(0)
    true = torch.from_numpy(tones(32, seed=1))
    given = model.task.prepare({"sample": true}).condition
    made = model.generate(torch.zeros(32, 0), given)
    assert (ratio(made, true) - ratio(given.map, true)).mean() > gain
    if kind == "declip":
        kept = given.map.abs() < 0.99 * given.map.abs().amax((1, 2), keepdim=True)
        assert kept.float().mean() > 0.3
        assert torch.equal(made[kept], given.map[kept]), "what was not cut off is kept to the bit"


def test_a_gap_is_filled_with_the_tone_around_it(data: Dataset, tmp_path: Path) -> None:
    flags = {"width": 96, "adversarial": 0.0}
    model = train(
        recipe_named("inpaint", flags, rank=1), data, tmp_path / "run", steps=200, **OPTIONS
    )
    true, mask = torch.from_numpy(tones(32, seed=1)), torch.zeros(32, 1, LENGTH)
    mask[..., 900:960] = 1
    known = model.task.known({"source": true, "mask": mask})
    made = model.generate(torch.zeros(32, 0), known)
    there = (mask == 0).expand_as(made)
    assert torch.equal(made[there], true[there])
    assert known.map is not None
    better = ratio(made[..., 900:960], true[..., 900:960])
    assert better.mean() > 1.0, "silence is 0"


@pytest.mark.parametrize("name", ["restore", "inpaint"])
def test_a_duel_over_spectra_resumes_exactly(
    name: str, data: Dataset, tmp_path: Path, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    flags = {"width": 16, "discriminator_width": 4, "adversarial": 1.0, "batch": 4}
    recipe = recipe_named(name, flags | ({"warmup": 0.5} if name == "restore" else {}), rank=1)
    recipe = recipe.lasting(16)
    train(recipe, data, tmp_path / "whole", steps=4, **OPTIONS)
    train(recipe, data, tmp_path / "parts", steps=2, **OPTIONS)
    resume(tmp_path / "parts", steps=4, quiet=True, trusted=(__name__,))
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_kinds_of_pictures_are_none_of_sound(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kind of restoration of sound 'jpeg'"):
        train(recipe_named("restore", {"kind": "jpeg"}, rank=1), data, tmp_path / "run", steps=1)
    assert not (tmp_path / "run").exists()
