"""Do r3 and gan find every mode of ring8 and grid25 within a minute?

python benchmarks/modes.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from machine import record

import sparring
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.domains.points.modes import modes_covered
from sparring.domains.points.toys import mixture
from sparring.recipes import choices, recipe_named

SECONDS = 60
SEEN = {256: 1_500_000, 128: 1_000_000}
"""Batch -> images that are seen in that time: the schedules end there."""


def recipes() -> dict[str, Recipe]:
    """r3 and the first GAN, both on dense networks with Fourier features.

    The modes are 0.014 to 0.018 wide and 0.7 or more apart: the octaves show the discriminator
    such detail and let the generator jump; gamma starts high, so that all modes are found, and
    ends low, so that they become sharp.
    """
    gan = recipe_named("gan", {"widths": (128,) * 5, "norm": "none", "slope": 0.0})
    networks = {
        "generator": gan.networks["generator"].replace(octaves=6, init="kaiming"),
        "discriminator": Part(
            "sparring.networks.dense:Discriminator",
            widths=(128,) * 5,
            slope=0.0,
            octaves=4,
            init="kaiming",
        ),
    }
    flags = {"lr": 2e-3, "lr_end": 1e-4, "latent": 2, "gamma": 0.02, "gamma_end": 1e-4}
    large, small = (
        recipe_named("r3", {**flags, "batch": batch, "images": images}).replace(networks=networks)
        for batch, images in SEEN.items()
    )
    classic = choices.with_loss(small, "non_saturating").replace(name="gan")
    return {"r3, dense networks": large, "gan --penalty r1,r2, likewise": classic}


def measure(name: str, recipe: Recipe, data: str, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        every = sparring.Intervals(sample=0, checkpoint=0)
        model = sparring.train(
            recipe, data, run, minutes=SECONDS / 60, seed=seed, intervals=every, quiet=True
        )
    samples = model.domain.decode(model.sample(5000, seed=seed))
    found = modes_covered(samples, *mixture(data))
    return {
        "recipe": name,
        "data": data,
        "seed": seed,
        "modes": found.covered,
        "of": found.total,
        "within_3_std": found.share,
    }


def main() -> None:
    rows = []
    for name, recipe in recipes().items():
        for data in ("ring8", "grid25"):
            rows.append(measure(name, recipe, data, seed=0))
            print(rows[-1], flush=True)
    record("modes", {"seconds": SECONDS, "rows": rows})


if __name__ == "__main__":
    main()
