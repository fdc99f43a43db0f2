"""Training throughput, sampling and peak memory on whatever device is there: CUDA, MPS or CPU.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --quick --only r3

Of `r3`, `dcgan` and `pix2pix` at 64, 128 and 256 px, on random pictures, with each recipe's own
batch and the precision that it chooses here. Steps are whole ones: data, both players, averages,
guard. Peak memory is the device's own count on CUDA, the process's so far elsewhere, where one
process measures all: read it as a bound. --quick takes tiny pictures and few steps.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import record
from PIL import Image

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.streams import stream
from sparring.data import Dataset, load
from sparring.recipes import recipe_named
from sparring.training.engine import Engine
from sparring.training.loop import Budget, Loop
from sparring.verbs import check
from sparring.verbs.run import drawer, plan

RECIPES = ("r3", "dcgan", "pix2pix")
SIDES, QUICK = (64, 128, 256), (16, 32)
COLUMNS = ("recipe", "px", "batch", "precision", "images/s", "samples/s", "peak GiB", "weights")


def pictures(folder: Path, side: int, count: int, paired: bool) -> Dataset:
    """Random pictures; a pair of folders of them for recipes from pictures."""
    sample = torch.randint(0, 256, (count, 3, side, side), generator=stream("gpu")).byte().numpy()
    if not paired:
        np.savez(folder / "pictures.npz", sample=sample)
        return load(folder / "pictures.npz")
    for name in "AB":
        (folder / name).mkdir()
        for index, picture in enumerate(sample):
            Image.fromarray(picture.transpose(1, 2, 0)).save(folder / name / f"{index:04d}.png")
    return load(folder)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """What the work takes, all that it started on the device included."""
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began


def wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.get_device_module(device).synchronize()


def peak(device: torch.device) -> float:
    """GiB: of the device on CUDA, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def measure(name: str, side: int, warm: int, steps: int, count: int) -> dict[str, Any]:
    """One row: speed of training and of making samples, and memory."""
    paired = name == "pix2pix"
    with tempfile.TemporaryDirectory() as place:
        dataset = pictures(Path(place), side, count, paired)
        manifest = plan(recipe_named(name), dataset)
        engine = Engine("auto")
        check.check_run(manifest, engine.world, engine.beside)
        if engine.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(engine.device)
        draw = drawer(manifest, dataset, engine)
        loop = Loop(manifest, Path(place), engine, draw, Budget(steps=steps), quiet=True)
        for _ in range(warm):
            loop.stepper.step()
        taken = seconds(lambda: [loop.stepper.step() for _ in range(steps)], engine.device)
        model = Model(manifest, loop.state.averaged)
        sources = torch.rand(32, 3, side, side) * 2.0 - 1.0
        make = (lambda: model.translate(sources)) if paired else (lambda: model.sample(count))
        made = 32 if paired else count
        make()
        speed = made / seconds(make, engine.device)
    weights = sum(p.numel() for net in loop.state.networks.values() for p in net.parameters())
    return {
        "recipe": name,
        "px": side,
        "batch": manifest.recipe.batch,
        "precision": engine.precision,
        "images/s": round(steps * manifest.recipe.images_a_step / taken, 1),
        "samples/s": round(speed, 1),
        "peak GiB": round(peak(engine.device), 2),
        "weights": f"{weights / 1e6:.2f} M",
    }


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        COLUMNS,
        *[[str(row.get(name, row.get("refused", ""))) for name in COLUMNS] for row in rows],
    ]
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(f"{w:>{n}}" for w, n in zip(line, widths, strict=True)) for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--sides", nargs="+", type=int)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    sides = given.sides or (QUICK if given.quick else SIDES)
    steps = given.steps or (4 if given.quick else 50)
    warm, count = (1, 160) if given.quick else (10, 512)
    rows: list[dict[str, Any]] = []
    for name in given.only:
        for side in sides:
            try:
                rows.append(measure(name, side, warm, steps, count))
            except (InputError, torch.OutOfMemoryError) as error:
                rows.append({"recipe": name, "px": side, "batch": "-", "refused": "-"})
                print(f"{name} at {side} px: {str(error).splitlines()[0]}", file=sys.stderr)
    device = Engine("auto").device
    kept = "gpu-quick" if given.quick else f"gpu-{device.type}"
    record(kept, {"device": str(device), "steps": steps, "rows": rows})
    print(table(rows))


if __name__ == "__main__":
    main()
