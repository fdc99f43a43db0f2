"""Do the plain commands find every mode of ring8 and of grid25 within a minute?

    python benchmarks/modes.py --seeds 3
    python benchmarks/modes.py --seeds 3 --work

Runs `sparring train RECIPE --data DATA --minutes 1` as it stands, with no flag that changes what
is trained, and counts modes among 5,000 samples. --work turns the minute into steps by the
processor time that a step takes (see `machine.steps_in`), for a machine that is busy.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from machine import record, sparring_command, steps_in

import sparring
from sparring.domains.points.modes import modes_covered
from sparring.domains.points.toys import mixture
from sparring.training import log

DATA = ("ring8", "grid25")


def measure(
    train: tuple[str, ...], data: str, seed: int, budget: tuple[str, ...]
) -> dict[str, Any]:
    words = (*train, *budget, "--seed", str(seed))
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        sparring_command(*words, "--run", run, "--quiet")
        model, last = sparring.Model.load(run), log.read(run / "log.jsonl")[-1]
    found = modes_covered(model.domain.decode(model.sample(5000, seed=seed)), *mixture(data))
    return {
        "command": " ".join(("sparring", *words)),
        "images": last["images"],
        "seconds": last["seconds"],
        "modes": found.covered,
        "of": found.total,
        "within_3_std": found.share,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="*", default=["r3"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--work", action="store_true", help="count processor time, not the clock")
    given = parser.parse_args()
    rows = []
    for recipe in given.recipes:
        for data in DATA:
            train = ("train", recipe, "--data", data)
            budget = ("--steps", str(steps_in(train, 1))) if given.work else ("--minutes", "1")
            for seed in range(given.seeds):
                rows.append(measure(train, data, seed, budget))
                print(rows[-1], flush=True)
    record("modes", {"rows": rows})


if __name__ == "__main__":
    main()
