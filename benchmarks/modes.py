"""Do r3 and gan find every mode of ring8 and grid25 within a minute?

python benchmarks/modes.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from machine import record

import sparring
from sparring.core.recipe import Recipe
from sparring.domains.points.modes import modes_covered
from sparring.domains.points.toys import mixture
from sparring.recipes import choices, recipe_named

SECONDS = 60


def recipes() -> dict[str, Recipe]:
    """r3 as it is for points, and the first GAN with the same networks and penalties."""
    r3 = recipe_named("r3", rank=0)
    classic = choices.with_loss(r3, "non_saturating").replace(name="gan", batch=128)
    return {"r3": r3, "gan --penalty r1,r2, likewise": classic}


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
