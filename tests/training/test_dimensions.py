"""Sound, pictures and volumes: one code trains on each, and resumes exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.data.content import Content
from sparring.data.dataset import dataset
from sparring.domains.points.domain import Points
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train


@dataclass(frozen=True)
class Field(Points):
    """Numbers on a line, a plane or in a volume, as they are."""

    shape: tuple[int, ...]  # type: ignore[assignment]


def recipe(network: str, **changes: Any) -> Recipe:
    small: dict[str, Any] = {"widths": (4, 4)} if network == "dcgan" else {"width": 4}
    grown = {"groups_of": 0} if network == "residual" else {}
    # Its schedules last 4 steps, also of the run that is stopped after 2.
    chosen = recipe_named("r3", {"batch": 8, "latent": 4}).lasting(32)
    return chosen.replace(
        networks={
            "generator": Part(f"sparring.networks.{network}:Generator", **small, **grown),
            "discriminator": Part(f"sparring.networks.{network}:Discriminator", **small, **grown),
        },
        precision="fp32",
        **changes,
    ).lasting(64)  # as long for the part as for the whole


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        *itertools.product(
            ("dcgan", "residual", "convolutional"), [(2, 24), (3, 8, 8), (1, 8, 4, 8)]
        ),
        ("wave", (2, 24)),
    ],
)
def test_every_rank_trains_and_resumes(
    network: str,
    shape: tuple[int, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    weights: Callable[[Path], dict[str, bytes]],
) -> None:
    rows = np.random.default_rng(0).normal(size=(60, math.prod(shape))).astype("float32")
    content = Content(sample=rows.reshape(60, *shape), domain=Part(Field, shape=shape))
    data = dataset(content, name="field", address="field", held_out=0.1, seed=0)
    monkeypatch.setattr("sparring.verbs.run.load", lambda address, **options: data)
    options: dict[str, Any] = {"intervals": Intervals(log=1, sample=0), "quiet": True}
    model = train(recipe(network), data, tmp_path / "whole", steps=4, **options)
    train(recipe(network), data, tmp_path / "parts", steps=2, **options)
    resume(tmp_path / "parts", steps=4, quiet=True, trusted=(__name__,))
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    samples = model.sample(3)
    assert samples.shape == (3, *shape) and bool(torch.isfinite(samples).all())
