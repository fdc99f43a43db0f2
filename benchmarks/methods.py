"""Every recipe on digits and on fashion for equal minutes.

    python benchmarks/methods.py --minutes 2 --runs runs/methods

Runs `sparring train RECIPE --data DATA --minutes M` with the flags in FLAGS, which the table
repeats: r3 and gan as they stand, the others with small networks. Writes
benchmarks/results/methods.json and the table benchmarks/methods.md; the runs stay, and those that
are there already are only read. Each training has one core, so that several data sets may be run
side by side (--data digits --part).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from machine import machine, record, sparring_command

import sparring
from sparring.core.part import public_names
from sparring.core.storage import read_json
from sparring.metrics.scores import Scores
from sparring.training import log

SMALL = "--batch 32 --set generator.widths=[64,32,16] --set discriminator.widths=[16,32]"
"""A quarter of dcgan's own channels: full networks see too few pictures in minutes."""
FLAGS = {
    **dict.fromkeys(("dcgan", "lsgan", "wgan", "sngan"), f"{SMALL} --lr 5e-4"),
    "wgan-gp": f"{SMALL} --lr 1e-3",
    "cgan": "--batch 32 --lr 1e-3",
    "vae": "--batch 32 --set decoder.widths=[64,32,16] --set encoder.widths=[16,32]",
}
"""Higher learning rates than the papers' too, for runs of minutes; r3 and gan need no flag."""
ROOM = "sparring.recipes.images"
COLUMNS = ("frechet", "kernel", "precision", "recall", "density", "coverage")


def measure(recipe: str, data: str, minutes: float, run: Path) -> dict[str, Any]:
    kept = run / "model" / "scores.json"
    if not kept.exists():
        words = ("train", recipe, "--data", data, *FLAGS.get(recipe, "").split())
        sparring_command(*words, "--minutes", minutes, "--run", run, "--overwrite", "--quiet")
        sparring.evaluate(run, count=5000)
    scores = Scores.from_json(read_json(kept))
    lines = [line for line in log.read(run / "log.jsonl") if "images_per_second" in line]
    last = lines[-1]
    return {
        "recipe": recipe,
        "data": data,
        "images": last["images"],
        "images_per_second": last["images"] / last["seconds"],
        **{name: list(scores.scores[name]) for name in COLUMNS},
        "floor": {name: list(scores.floor.scores[name]) for name in COLUMNS},
    }


def table(rows: list[dict[str, Any]], minutes: float) -> str:
    made = machine()
    lines = [
        "# Every recipe for equal minutes",
        "",
        f"{minutes:g} minutes of training each, seed 0, 5,000 samples against the held-out items "
        f"under the data's own judge; one core of {made['processor']}, {made['vector']}, "
        f"{'bf16' if made['amx'] else 'fp32'}, {made['date']}. Made by `python "
        f"benchmarks/methods.py --minutes {minutes:g}`, which runs `sparring train RECIPE --data "
        f"DATA --minutes {minutes:g} FLAGS`. The floor is the training data scored in the same "
        "way.",
        "",
        "| recipe | flags |",
        "|---|---|",
        *(f"| {name} | {f'`{words}`' if words else ''} |" for name, words in flags(rows).items()),
    ]
    for data in dict.fromkeys(row["data"] for row in rows):
        mine = [row for row in rows if row["data"] == data]
        mine.sort(key=lambda row: row["frechet"][0])
        head = ("recipe", "images/s", *COLUMNS)
        lines += ["", f"## {data}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        lines += [line(row, row["recipe"], f"{row['images_per_second']:,.0f}") for row in mine]
        lines.append(line(mine[0]["floor"], "*floor*", ""))
    return "\n".join(lines) + "\n"


def flags(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["recipe"]: FLAGS.get(row["recipe"], "") for row in rows}


def line(values: dict[str, Any], name: str, speed: str) -> str:
    cells = [f"{values[column][0]:.3g}" for column in COLUMNS]
    return "| " + " | ".join((name, speed, *cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--runs", type=Path, default=Path("runs/methods"))
    names = [name.replace("_", "-") for name in public_names(ROOM)]
    parser.add_argument("--only", nargs="*", default=names)
    parser.add_argument("--data", nargs="*", default=["digits", "fashion"])
    parser.add_argument("--part", action="store_true", help="train and score, write no table")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of the trainings, which are processes of their own
    rows = []
    for data in given.data:
        for recipe in given.only:
            run = given.runs / f"{recipe}-{data}"
            rows.append(measure(recipe, data, given.minutes, run))
            grid = given.runs / f"{recipe}-{data}.png"
            model = sparring.Model.load(run)
            model.domain.preview(model.sample(40, seed=0), grid, columns=10)
            print({k: v for k, v in rows[-1].items() if k != "floor"}, flush=True)
    if given.part:
        return
    record("methods", {"minutes": given.minutes, "rows": rows})
    (Path(__file__).parent / "methods.md").write_text(table(rows, given.minutes))


if __name__ == "__main__":
    main()
