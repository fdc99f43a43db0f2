"""The recipes of people on held-out outfits, beside their baselines and the same on L1 alone.

    python benchmarks/people.py --runs runs

Trains those of COMMANDS that are not there yet, scores those that have no scores yet, and prints
what people.md tells. A front is made of two views, and of the first of them alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from machine import sparring_command

from sparring.artifact.model import Model
from sparring.data import load
from sparring.metrics.distances import frechet
from sparring.metrics.judging import measured
from sparring.verbs.evaluate import evaluate

SIDES = "characters:side+second-south"
COMMANDS = {
    "repose": "repose --data characters:standing+pose-person --steps 1800",
    "frontal": f"frontal --data {SIDES} --steps 1000",
    "dress": "dress --data characters:wearer+worn+clothes+garment-dressed --steps 1500",
}
ALONE = " --adversarial 0"
SHOWN = ("l1", "ssim", "perceptual", "miou", "frechet")


def scores(run: Path) -> dict[str, Any]:
    """Those that are kept in the run, or else new ones."""
    kept = run / "model" / "scores.json"
    if not kept.is_file():
        evaluate(run)
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def from_one(run: Path) -> dict[str, float]:
    """The scores of fronts made of the first view alone."""
    model, data = Model.load(run), load(SIDES)
    items = data.held_out.take(torch.arange(len(data.held_out)))
    true = model.domain.encode(items["sample"])
    assert model.source_domain is not None
    given = model.source_domain.encode(items["source"])
    given[:, true.shape[1] :] = 0.0  # a view that is missing
    made = model.translate(given)
    judging = model.domain.judging(data.name)
    read = judging.extractor().features
    found = {
        name: told.interval.value for name, told in measured(judging.measures, true, made).items()
    }
    return {**found, "frechet": frechet(read(true), read(made))}


def tell(who: str, values: Mapping[str, float]) -> None:
    print(who, *(f"{k} {values[k]:.4g}" for k in SHOWN if k in values), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    runs = parser.parse_args().runs
    for task, command in COMMANDS.items():
        for name, words in {task: command, f"{task}-l1": command + ALONE}.items():
            if not (runs / name).is_dir():
                sparring_command("train", *words.split(), "--seed", 0, "--run", runs / name)
            found = scores(runs / name)
            for who, told in {name: found, **found["others"]}.items():
                tell(who, {k: v["value"] for k, v in told["scores"].items()})
            if task == "frontal":
                tell(f"{name}, from one view", from_one(runs / name))


if __name__ == "__main__":
    main()
