"""Do r3 and gan find every mode of ring8 and grid25 within a minute?

python benchmarks/modes.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from machine import record

import sparring
from sparring.data.toys import mixture
from sparring.metrics.modes import modes_covered
from sparring.recipe import Recipe
from sparring.recipes import choices, recipe_named

SECONDS = 60


def recipes() -> dict[str, Recipe]:
    """r3 and the first GAN, both on dense networks of three layers of 128 units.

    The modes are 0.014 to 0.018 wide, so the discriminator must be steep: gamma is small.
    """
    wide = {"widths": (128,) * 3, "judge_widths": (128,) * 3, "norm": "none"}
    flags = {"lr": 2e-3, "batch": 128, "latent": 2}
    gan = recipe_named("gan", {**wide, **flags})
    r3 = recipe_named("r3", {**flags, "gamma": 1e-4, "images": 1_000_000})
    r3 = r3.override({f"optimizer.{player}.beta1": 0.5 for player in r3.optimizers})
    return {
        "r3, dense networks": r3.replace(networks=gan.networks),
        "gan --penalty r1": choices.with_penalty(gan, ["r1"], 1e-4, every=8),
    }


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
