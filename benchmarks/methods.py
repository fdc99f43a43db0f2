"""Every recipe on digits and on fashion for equal minutes.

    python benchmarks/methods.py --minutes 2 --runs runs/methods

Writes benchmarks/results/methods.json and the table benchmarks/methods.md; the runs stay, and
those that are there already are only read. Each
training has one core, so that several data sets may be run side by side (--data digits --part).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from machine import machine, record

import sparring
from sparring.core.part import Part, public_names
from sparring.core.recipe import Recipe
from sparring.core.storage import read_json
from sparring.metrics.scores import Scores
from sparring.recipes import recipe_named
from sparring.training import log

WIDTH = 16
"""Of all dcgan networks, a quarter of their own: full ones see too few pictures in minutes."""
BATCH = 32
RATES = {"dcgan": 5e-4, "lsgan": 5e-4, "wgan": 5e-4, "wgan-gp": 1e-3, "sngan": 5e-4, "cgan": 1e-3}
"""Higher learning rates than the papers', for runs of minutes; others keep their own."""
ROOM = "sparring.recipes.images"
COLUMNS = ("frechet", "kernel", "precision", "recall", "density", "coverage")


def small(name: str) -> Recipe:
    """The recipe with narrow networks and small batches."""
    flags = {"lr": RATES[name]} if name in RATES else {}
    recipe = recipe_named(name, {"batch": BATCH, **flags})
    networks = {n: narrow(p) if ".dcgan:" in p.call else p for n, p in recipe.networks.items()}
    return recipe.replace(networks=networks)


def narrow(part: Part) -> Part:
    generates = part.name == "Generator"
    return part.replace(widths=(4 * WIDTH, 2 * WIDTH, WIDTH) if generates else (WIDTH, 2 * WIDTH))


def measure(recipe: str, data: str, minutes: float, run: Path) -> dict[str, Any]:
    kept = run / "model" / "scores.json"
    if not kept.exists():
        every = sparring.Intervals(log=20, sample=0, checkpoint=0)
        sparring.train(
            small(recipe), data, run, minutes=minutes, intervals=every, quiet=True, overwrite=True
        )
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
        f"under the data's own judge; one core of {made['processor']}, "
        f"{made['vector']}, fp32, {made['date']}. Made by `python benchmarks/methods.py "
        f"--minutes {minutes:g}`: batches of {BATCH}, dcgan networks of width {WIDTH}, learning "
        f"rates {RATES}, all else as the recipes have "
        "it. The floor is the training data scored in the same way.",
    ]
    for data in dict.fromkeys(row["data"] for row in rows):
        mine = [row for row in rows if row["data"] == data]
        mine.sort(key=lambda row: row["frechet"][0])
        head = ("recipe", "images/s", *COLUMNS)
        lines += ["", f"## {data}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        lines += [line(row, row["recipe"], f"{row['images_per_second']:,.0f}") for row in mine]
        lines.append(line(mine[0]["floor"], "*floor*", ""))
    return "\n".join(lines) + "\n"


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
    torch.set_num_threads(1)
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
