"""How soon r3 is as good as the classic Keras GAN, and how good in the same time.

    python benchmarks/time_to_quality.py --keras /tmp/kerasenv/bin/python --seeds 3

For each seed, one after the other on the same machine: the reference (benchmarks/reference/
keras_gan.py, its own training seconds T), r3 for T / 30, r3 for T. All write 10,000 samples,
which one judge scores against Fashion-MNIST's 10,000 held-out pictures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import record

import sparring

REFERENCE = Path(__file__).parent / "reference" / "keras_gan.py"


def reference(python: str, seed: int, folder: Path) -> tuple[float, float]:
    samples, facts = folder / "keras.npy", folder / "keras.json"
    words = [python, REFERENCE, "--seed", seed, "--out", samples, "--json", facts]
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    seconds = json.loads(facts.read_text())["train_seconds"]
    return seconds, distance(samples)


def distance(what: Path) -> float:
    scores = sparring.evaluate(what, "fashion", count=10_000)
    return scores.scores["frechet"].value


def ours(seconds: float, seed: int, folder: Path) -> float:
    run = folder / f"r3-{seconds:.0f}"
    every = sparring.Intervals(sample=0, checkpoint=0)
    sparring.train(
        "r3", "fashion", run, minutes=seconds / 60, seed=seed, intervals=every, quiet=True
    )
    return distance(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keras", required=True, help="Python of the reference's environment")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    rows = []
    for seed in range(given.seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            seconds, target = reference(given.keras, seed, folder)
            early, late = ours(seconds / 30, seed, folder), ours(seconds, seed, folder)
        row = {
            "seed": seed,
            "reference_seconds": seconds,
            "reference_distance": target,
            "ours_in_a_thirtieth": early,
            "ours_in_the_same_time": late,
            "times_closer": target / late,
        }
        print(row, flush=True)
        rows.append(row)
    middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    record("time_to_quality", {"seeds": rows, "median": middle})


if __name__ == "__main__":
    main()
