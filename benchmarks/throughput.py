"""Training speed of sparring against a plain eager fp32 PyTorch loop, as ratios.

    python benchmarks/throughput.py --blocks 5

Same networks, batch and update rule; blocks of both alternate in one process. Ours includes data
loading, EMA, guard and logging. bf16 is measured where the hardware multiplies it faster.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import record
from torch import nn

from sparring.core.recipe import Recipe
from sparring.core.streams import stream
from sparring.core.types import Batch
from sparring.data import load
from sparring.recipes import recipe_named
from sparring.training.budget import Budget, Intervals
from sparring.training.engine import Engine, resolve_precision
from sparring.training.loop import Loop
from sparring.verbs.run import drawer, plan

sys.path.insert(0, str(Path(__file__).parent))
from reference import torch_dcgan

BATCH = 64


def pictures(folder: Path, shape: tuple[int, ...], count: int = 2048) -> str:
    sample = torch.randint(0, 256, (count, *shape), generator=stream("throughput"))
    np.savez(folder / "pictures.npz", sample=sample.to(torch.uint8).numpy())
    return str(folder / "pictures.npz")


def loop(recipe: Recipe, data: str, folder: Path, precision: str) -> Loop:
    dataset = load(data)
    manifest, engine = plan(recipe, dataset), Engine(precision)
    every = Intervals(log=20, sample=0, checkpoint=0)
    run = folder / precision
    run.mkdir()
    manifest.write(run)
    draw = drawer(manifest, dataset, engine)
    return Loop(manifest, run, engine, draw, Budget(steps=5), every, quiet=True)


def advance(ours: Loop, steps: int) -> float:
    progress = ours.state.progress
    before, images = progress.seconds, progress.images
    ours.budget = Budget(steps=progress.step + steps)
    ours._saved_step = 0  # no first checkpoint inside the block
    ours.fit()
    return (ours.state.progress.images - images) / (ours.state.progress.seconds - before)


def compare(name: str, recipe: Recipe, shape: tuple[int, ...], blocks: int, steps: int) -> Any:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = pictures(folder, shape)
        fast = resolve_precision("auto")
        runs = {p: loop(recipe, data, folder, p) for p in dict.fromkeys(("fp32", fast))}
        store = load(data).train
        images = store.take(torch.arange(len(store)))["sample"].float() / 127.5 - 1.0
        spec = runs["fp32"].manifest.spec
        pair = [recipe.networks[n].build(spec) for n in ("generator", "discriminator")]
        return alternate(
            name,
            runs,
            lambda: torch_dcgan.train(*pair, images, BATCH, steps, recipe.latent, warmup=2),
            blocks,
            steps,
        )


def beside(
    name: str,
    recipe: Recipe,
    data: str,
    folder: Path,
    reference: Callable[[list[nn.Module], list[Batch]], float],
    blocks: int,
    steps: int,
) -> tuple[dict[str, Any], Loop]:
    """The recipe in each precision beside a loop of the same networks on its own batches.

    The run in fp32 is returned too.
    """
    kinds = dict.fromkeys(("fp32", resolve_precision("auto")))
    runs = {kind: loop(recipe, data, folder, kind) for kind in kinds}
    first = runs["fp32"]
    spec = first.manifest.spec
    pair = [recipe.networks[n].build(spec) for n in ("generator", "discriminator")]
    batches = [first.draw(k) for k in range(steps + 2)]
    return alternate(name, runs, lambda: reference(pair, batches), blocks, steps), first


def alternate(
    name: str, runs: dict[str, Loop], reference: Callable[[], float], blocks: int, steps: int
) -> dict[str, Any]:
    """Medians of blocks that take turns, in images a second, and what each run is of the reference.

    A noisy neighbour so slows all of them alike.
    """
    speeds: dict[str, list[float]] = {"reference": [], **{kind: [] for kind in runs}}
    for ours in runs.values():
        advance(ours, 5)
    for _ in range(blocks):
        speeds["reference"].append(reference())
        for kind, ours in runs.items():
            speeds[kind].append(advance(ours, steps))
    middle = {key: statistics.median(values) for key, values in speeds.items()}
    ratios = {f"{key}_ratio": middle[key] / middle["reference"] for key in runs}
    return {"name": name, "images_per_second": middle, **ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    small = recipe_named("dcgan", {"batch": BATCH})
    large = recipe_named("dcgan", {"batch": BATCH, "paper": True})
    rows = [
        compare("dcgan 28 px", small, (1, 28, 28), given.blocks, given.steps),
        compare("dcgan 64 px", large, (3, 64, 64), given.blocks, max(given.steps // 4, 2)),
    ]
    record("throughput", {"batch": BATCH, "rows": rows})


if __name__ == "__main__":
    main()
