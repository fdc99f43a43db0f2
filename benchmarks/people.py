"""The recipes of people on held-out outfits, beside their baselines and the same on L1 alone.

    python benchmarks/people.py --runs runs

Trains those of COMMANDS that are not there yet, scores each, and prints what people.md tells.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from machine import sparring_command

from sparring.verbs.evaluate import evaluate

COMMANDS = {
    "repose": "repose --data characters:standing+pose-person --steps 1800",
    "repose-l1": "repose --data characters:standing+pose-person --steps 1800 --adversarial 0",
    "frontal": "frontal --data characters:side+second-south --steps 1000",
    "frontal-l1": "frontal --data characters:side+second-south --steps 1000 --adversarial 0",
    "dress": "dress --data characters:wearer+worn+clothes+garment-dressed --steps 1500",
}
SHOWN = ("l1", "ssim", "perceptual", "miou", "frechet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    runs = parser.parse_args().runs
    for name, command in COMMANDS.items():
        if not (runs / name).is_dir():
            sparring_command("train", *command.split(), "--seed", 0, "--run", runs / name)
        found = evaluate(runs / name).to_json()
        for who, told in {name: found, **found["others"]}.items():
            scores = told["scores"]
            print(who, *(f"{k} {scores[k]['value']:.4g}" for k in SHOWN if k in scores), flush=True)


if __name__ == "__main__":
    main()
