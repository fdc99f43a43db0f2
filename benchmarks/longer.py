"""Is longer better? r3 on fashion for 2, 10 and 40 minutes, one plain command each.

    python benchmarks/longer.py --minutes 2 10 40 --runs runs/longer
    python benchmarks/longer.py --minutes 2 10 40 --runs runs/longer --work

Runs `sparring train r3 --data fashion --minutes M` as it stands and scores 10,000 samples with
`sparring evaluate`; runs that are there already are only read. --work turns minutes into steps by
the processor time that a step takes (see `machine.steps_in`), for a machine that is busy.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from machine import RESULTS, machine, record, sparring_command, steps_in

import sparring
from sparring.core.storage import read_json
from sparring.metrics.scores import Scores
from sparring.training import log

TRAIN = ("train", "r3", "--data", "fashion", "--seed", "0")
COLUMNS = ("frechet", "kernel", "precision", "recall", "density", "coverage")


def measure(minutes: float, run: Path, work: bool) -> dict[str, Any]:
    if not (run / "model").exists():
        budget = ("--steps", steps_in(TRAIN, minutes)) if work else ("--minutes", minutes)
        shutil.rmtree(run, ignore_errors=True)
        sparring_command(*TRAIN, *budget, "--run", run, "--quiet")
    kept = run / "model" / "scores.json"
    if not kept.exists():
        sparring.evaluate(run, count=10_000)
    scores, last = Scores.from_json(read_json(kept)), log.read(run / "log.jsonl")[-1]
    return {
        "minutes": minutes,
        "steps": last["step"],
        "images": last["images"],
        **{name: list(scores.scores[name]) for name in COLUMNS},
        "floor": {name: list(scores.floor.scores[name]) for name in COLUMNS},
    }


def table(rows: list[dict[str, Any]], work: bool) -> str:
    made = machine()
    clock = (
        "Minutes are of processor time of one core, turned into --steps by the time that a step "
        "took, because the machine was busy"
        if work
        else "Minutes are of the clock"
    )
    lines = [
        "# Longer is better",
        "",
        f"`sparring {' '.join(TRAIN)} --minutes M`, nothing else set, then `sparring evaluate RUN "
        f"-n 10000`, under the data's own judge. One core of {made['processor']} "
        f"({made['vector']}{', AMX, bf16' if made['amx'] else ', fp32'}), torch {made['torch']}, "
        f"{made['date']}. {clock}. In brackets the 95 % intervals, which speak of sampling only. "
        f"Made by `python benchmarks/longer.py{' --work' if work else ''}`.",
        "",
        "| minutes | steps | images | " + " | ".join(COLUMNS) + " |",
        "|---" * (3 + len(COLUMNS)) + "|",
    ]
    lines += [
        line(row, f"{row['minutes']:g} | {row['steps']:,} | {row['images']:,}") for row in rows
    ]
    lines.append(line(rows[0]["floor"], "*floor* | | "))
    return "\n".join(lines) + "\n"


def line(values: dict[str, Any], name: str) -> str:
    cells = ["{:.3g} ({:.3g} to {:.3g})".format(*values[column]) for column in COLUMNS]
    return "| " + " | ".join((name, *cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="*", default=[2.0, 10.0, 40.0])
    parser.add_argument("--runs", type=Path, default=Path("runs/longer"))
    parser.add_argument("--work", action="store_true", help="count processor time, not the clock")
    given = parser.parse_args()
    rows = []
    for minutes in given.minutes:
        run = given.runs / f"{minutes:g}"
        rows.append(measure(minutes, run, given.work))
        model = sparring.Model.load(run)
        model.domain.preview(model.sample(40, seed=0), run / "grid.png", columns=10)
        print({k: v for k, v in rows[-1].items() if k != "floor"}, flush=True)
    record("longer", {"work": given.work, "rows": rows})
    (RESULTS.parent / "longer.md").write_text(table(rows, given.work))


if __name__ == "__main__":
    main()
