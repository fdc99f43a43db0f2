"""A tiny run that every training test can afford: 8 x 8 pictures, narrow networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sparring.core.part import Part
from sparring.core.recipe import Recipe


@pytest.fixture(scope="session")
def pictures(tiny_npz: str) -> str:
    """An .npz of pictures of two kinds, with labels."""
    return tiny_npz


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """Builds the tiny recipe: relativistic, R1 and R2, norm-free, everything scheduled."""

    def build(**changes: object) -> Recipe:
        adam = Part("sparring.training.optimizers:adam", lr=1e-3, beta1=0.0, beta2=0.99)
        tiny = Recipe(
            name="tiny",
            game=Part("sparring.games.duel:Duel"),
            networks={
                "generator": Part("sparring.networks.dense:Generator", widths=(16,), norm="none"),
                "discriminator": Part("sparring.networks.dense:Discriminator", widths=(16,)),
            },
            optimizers={"generator": adam, "discriminator": adam},
            loss=Part("sparring.losses.adversarial:relativistic"),
            terms=(
                Part("sparring.losses.penalties:r1", weight=0.5, every=2),
                Part("sparring.losses.penalties:r2", weight=0.5, every=2),
            ),
            learning_rates={
                "generator": Part("sparring.core.schedule:cosine", start=1e-3, end=1e-4, images=200)
            },
            betas=Part("sparring.core.schedule:cosine", start=0.9, end=0.99, images=200),
            ema=Part("sparring.core.schedule:share", fraction=0.1, most=1000.0),
            latent=4,
            batch=8,
            steps=10,
            precision="fp32",
        )
        return tiny.replace(**changes)

    return build


@pytest.fixture
def weights() -> Callable[[Path], dict[str, bytes]]:
    """Reads all that a run's last checkpoint holds, as bytes."""

    def read(run: Path) -> dict[str, bytes]:
        last = sorted((run / "checkpoint").iterdir())[-1]
        return {
            str(path.relative_to(last)): path.read_bytes() for path in last.rglob("*.safetensors")
        }

    return read
