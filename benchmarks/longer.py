"""Is longer better? r3 on fashion, one plain command for each length.

    python benchmarks/longer.py --minutes 2 10 40 --runs runs/longer
    python benchmarks/longer.py --steps 6000 15000 60000 --runs runs/longer

Runs `sparring train r3 --data fashion` as it stands for so many minutes, or steps where the machine
is busy, and scores 10,000 samples with `sparring evaluate`; runs that are there already are only
read. The data's judge also says which class each of 5,000 samples shows: a mode that was lost would
be a class with next to none. Prints the table that benchmarks/longer.md holds, beside what was
tried for r3's defaults.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from machine import machine, record, sparring_command

import sparring
from sparring.core.storage import read_json
from sparring.domains.image.judge import judge
from sparring.metrics.scores import Scores
from sparring.training import log

TRAIN = ("train", "r3", "--data", "fashion", "--seed", "0")
COLUMNS = ("frechet", "kernel", "precision", "recall", "density", "coverage")


def measure(budget: tuple[str, str], run: Path) -> dict[str, Any]:
    words = (*TRAIN, *budget)
    if not (run / "model").exists():
        sparring_command(*words, "--run", run, "--quiet")
    kept = run / "model" / "scores.json"
    if not kept.exists():
        sparring.evaluate(run, count=10_000)
    scores, last = Scores.from_json(read_json(kept)), log.read(run / "log.jsonl")[-1]
    return {
        "command": " ".join(("sparring", *words)),
        "steps": last["step"],
        "images": last["images"],
        **{name: list(scores.scores[name]) for name in COLUMNS},
        "classes": classes(sparring.Model.load(run)),
        "floor": {name: list(scores.floor.scores[name]) for name in COLUMNS},
    }


def classes(model: sparring.Model) -> list[int]:
    """How many of 5,000 samples the judge takes for each class."""
    read = judge("fashion").read
    logits = [read(batch).logits for batch in model.sample(5000, seed=0).split(500)]
    return torch.cat(logits).argmax(1).bincount(minlength=10).tolist()


def table(rows: list[dict[str, Any]]) -> str:
    made = machine()
    lines = [
        "# Longer is better",
        "",
        "`sparring evaluate RUN -n 10000` after each command, nothing else set, under the data's "
        f"own judge; one core of {made['processor']} ({made['vector']}, "
        f"{'AMX, bf16' if made['amx'] else 'fp32'}), torch {made['torch']}, {made['date']}. In "
        "brackets the 95 % intervals, which speak of sampling only; one seed. The floor is the "
        "training data scored in the same way. Made by `python benchmarks/longer.py`.",
        "",
        "| command | images | rarest class | " + " | ".join(COLUMNS) + " |",
        "|---" * (3 + len(COLUMNS)) + "|",
    ]
    lines += [line(row, first(row)) for row in rows]
    lines.append(line(rows[0]["floor"], "*floor* | | 10 % "))
    return "\n".join(lines) + "\n"


def first(row: dict[str, Any]) -> str:
    share = min(row["classes"]) / sum(row["classes"])
    return f"`{row['command']}` | {row['images']:,} | {share:.1%}"


def line(values: dict[str, Any], name: str) -> str:
    cells = ["{:.3g} ({:.3g} to {:.3g})".format(*values[column]) for column in COLUMNS]
    return "| " + " | ".join((name, *cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", nargs="*", default=["2", "10", "40"])
    parser.add_argument("--steps", nargs="*", help="instead of minutes")
    parser.add_argument("--runs", type=Path, default=Path("runs/longer"))
    given = parser.parse_args()
    kind = "steps" if given.steps else "minutes"
    rows = []
    for length in given.steps or given.minutes:
        run = given.runs / f"{kind}-{length}"
        rows.append(measure((f"--{kind}", length), run))
        model = sparring.Model.load(run)
        model.domain.preview(model.sample(40, seed=0), run / "grid.png", columns=10)
        print({k: v for k, v in rows[-1].items() if k != "floor"}, flush=True)
    record("longer", {"rows": rows})
    print(table(rows))


if __name__ == "__main__":
    main()
