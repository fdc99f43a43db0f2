"""Every recipe that makes pictures from pictures, on real data, beside its baselines.

    python benchmarks/pictures.py --runs runs/pictures
    python benchmarks/pictures.py --runs runs/pictures --only pix2pix-emoji superres-x4

Trains what is not there yet, each on one core, so that two may go side by side (taskset -c 0, -c 1,
each with --only and --part); then scores the held-out items, with the same network trained on L1
alone beside it where one is named. Writes benchmarks/results/pictures.json, the tables of
benchmarks/pictures.md, and a strip of held-out items for the docs.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from machine import machine, record

import sparring
from sparring.core.storage import read_json
from sparring.metrics.scores import Scores
from sparring.recipes import recipe_named
from sparring.training import log

DONE = "benchmark-done"
COUNT = 300
"""Held-out items that are judged, where there are as many."""
STRIPS = Path(__file__).parent.parent / "docs" / "images"
COLUMNS = ("l1", "psnr", "ssim", "perceptual", "frechet", "kernel", "miou", "cycle_error")


@dataclass(frozen=True)
class Case:
    """One training, and what stands beside it in its table."""

    recipe: str
    data: str
    flags: dict[str, Any] = field(default_factory=dict)
    minutes: float = 5.0
    against: tuple[str, ...] = ()

    def command(self, name: str) -> str:
        """The same training on the command line."""
        flags = "".join(f" {_flag(key, value)}" for key, value in self.flags.items())
        return (
            f"sparring train {self.recipe} --data {self.data}{flags} --minutes {self.minutes:g} "
            f"--run runs/{name}"
        )


def _flag(name: str, value: Any) -> str:
    name = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {value}"


def _pair(recipe: str, data: str, minutes: float, **flags: Any) -> list[Case]:
    """A case, and the same network on L1 alone for as long."""
    plain = {name: value for name, value in flags.items() if name != "warmup"}
    plain |= {"adversarial": 0, "perceptual": 0}
    return [Case(recipe, data, flags, minutes), Case(recipe, data, plain, minutes)]


def _cases() -> dict[str, Case]:
    """All trainings by name."""
    paired = {"width": 24, "perceptual": 2, "batch": 4}
    pairs = {
        "pix2pix-emoji": _pair("pix2pix", "emoji:google-twitter", 8, width=24, perceptual=2),
        "pix2pix-edges": _pair("pix2pix", "emoji:edges-google", 5, **paired),
        "pix2pix-maps": _pair("pix2pix", "maps:relief-satellite", 6, **paired),
        "pix2pix-maps-back": _pair("pix2pix", "maps:satellite-relief", 6, **paired),
        "superres-x4": _pair("superres", "landscapes", 8, scale=4, perceptual=2),
        "superres-x2": _pair(
            "superres",
            "landscapes",
            8,
            scale=2,
            perceptual=2,
            width=32,
            warmup=0.62,
        ),
        "inpaint": _pair("inpaint", "landscapes", 8, width=24, perceptual=2),
        "denoise": _restored("denoise"),
        "jpeg": _restored("jpeg"),
        "deblur": _restored("deblur"),
        "watermark": _restored("watermark"),
        "colour": _restored("colour"),
        "blend": _pair("blend", "landscapes", 8, width=24, perceptual=2, warmup=0.78),
    }
    cases = {}
    for name, (whole, plain) in pairs.items():
        cases[name] = dataclasses.replace(whole, against=(f"{name}-l1",))
        cases[f"{name}-l1"] = plain
    layouts = {"width": 24}
    spade = {"perceptual": 2, "batch": 4, "lr": 1e-3}
    unpaired = {"width": 24, "batch": 2}
    return cases | {
        "pix2pix-terrain": Case("pix2pix", "terrain:layout-drawn", layouts, 10),
        "spade-terrain": Case("spade", "terrain:layout-drawn", spade, 18, ("pix2pix-terrain",)),
        "pix2pix-classes": Case("pix2pix", "maps:classes-satellite", layouts, 8),
        "spade-maps": Case("spade", "maps:classes-satellite", spade, 12, ("pix2pix-classes",)),
        "cyclegan-winter": Case("cyclegan", "terrain:summer-winter", unpaired | {"gamma": 0.5}, 14),
        "cut-winter": Case("cut", "terrain:summer-winter", unpaired | {"gamma": 0.5}, 7),
        "cyclegan-emoji": Case("cyclegan", "emoji:google-twitter", unpaired, 14),
        "cut-emoji": Case("cut", "emoji:google-twitter", unpaired, 7),
    }


def _restored(kind: str) -> list[Case]:
    flags = {"kind": kind, "width": 32, "perceptual": 2, "batch": 4}
    return _pair("restore", "landscapes", 10, **flags, adversarial=1)


CASES = _cases()


def train(name: str, case: Case, runs: Path) -> None:
    run = runs / name
    if (run / DONE).exists():
        return
    every = sparring.Intervals(log=20, sample=0, checkpoint=0)
    sparring.train(
        recipe_named(case.recipe, case.flags),
        case.data,
        run,
        minutes=case.minutes,
        intervals=every,
        quiet=True,
        overwrite=True,
    )
    (run / DONE).touch()


def judge(name: str, case: Case, runs: Path) -> dict[str, Any]:
    run = runs / name
    kept = run / "model" / "scores.json"
    if not kept.exists():
        others = [runs / other for other in case.against]
        sparring.evaluate(run, count=COUNT, against=others)
    scores = Scores.from_json(read_json(kept))
    strip = _strip(run, STRIPS / f"strip-{name}.png")
    lines = [line for line in log.read(run / "log.jsonl") if "images_per_second" in line]
    rows = {"this model": scores, **scores.others}
    return {
        "name": name,
        "command": case.command(name),
        "images": lines[-1]["images"],
        "strip": strip.name,
        "edits": edited(run) if case.recipe == "spade" else {},
        "floor": _picked(scores.floor) if scores.floor else {},
        "rows": {kind: _picked(found) for kind, found in rows.items()},
    }


def edited(run: Path) -> dict[str, float]:
    """What a changed region of layouts changes (L1), in it and away; what another style does."""
    from sparring.verbs.reals import data_of

    model = sparring.Model.load(run)
    stored = data_of(model).held_out.take(torch.arange(64))["source"]
    away = torch.ones(stored.shape[-2:], dtype=torch.bool)
    side = stored.shape[-1]
    box = slice(side // 4, side // 2)
    away[: side // 2 + 8, : side // 2 + 8] = False
    other = stored.clone()
    other[:, :, box, box] = (stored[:, :, box, box] + 1) % model.ends()[0].shape[0]
    plain, changed = model.translate(stored), model.translate(other)
    restyled = model.translate(stored, seed=1)
    moved = (plain - changed).abs()
    return {
        "edit inside": float(moved[:, :, box, box].mean()),
        "edit away": float(moved[:, :, away].mean()),
        "another style": float((plain - restyled).abs().mean()),
    }


def _picked(scores: Scores) -> dict[str, list[float]]:
    return {name: list(scores.scores[name]) for name in COLUMNS if name in scores.scores}


def _strip(run: Path, out: Path) -> Path:
    """The last strip of the run, drawn anew from its model."""
    from sparring.core.types import Batch
    from sparring.verbs.reals import data_of, reals_of
    from sparring.verbs.strips import write_strip

    model = sparring.Model.load(run)
    dataset = data_of(model)
    batch = reals_of(model, dataset, len(dataset.held_out))
    picks = torch.arange(12) * len(batch.real) // 12
    condition = batch.condition.apply(lambda value: value[picks])
    write_strip(model, Batch(batch.real[picks], condition), out)
    return out


def table(results: list[dict[str, Any]]) -> str:
    made = machine()
    lines = [
        "# Pictures from pictures",
        "",
        f"Held-out items, seed 0; one core of {made['processor']}, {made['vector']}, fp32, "
        f"{made['date']}. Made by `python benchmarks/pictures.py`; intervals are in "
        "results/pictures.json.",
    ]
    for result in results:
        names = [n for n in COLUMNS if any(n in row for row in result["rows"].values())]
        lines += [
            "",
            f"## {result['name']}",
            "",
            f"`{result['command']}`: {result['images']:,} images.",
            "",
            f"![given, made, true](../docs/images/{result['strip']})",
            "",
            "| | " + " | ".join(names) + " |",
            "|---" * (len(names) + 1) + "|",
        ]
        for kind, row in result["rows"].items():
            cells = (f"{row[n][0]:.4g}" if n in row else "" for n in names)
            lines.append(f"| {kind} | " + " | ".join(cells) + " |")
        if result["edits"]:
            words = ", ".join(f"{what} {value:.3f}" for what, value in result["edits"].items())
            lines += ["", f"L1 between pictures of one layout and of another: {words}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--part", action="store_true", help="train only, write nothing")
    parser.add_argument("--again", action="store_true", help="train again what is there")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.only:
        if given.again:
            shutil.rmtree(given.runs / name, ignore_errors=True)
        train(name, CASES[name], given.runs)
    if given.part:
        return
    results = [judge(name, CASES[name], given.runs) for name in given.only]
    record("pictures", {"results": results})
    (Path(__file__).parent / "pictures.md").write_text(table(results))


if __name__ == "__main__":
    main()
