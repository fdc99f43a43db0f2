"""Training speed of wavegan and melgan against a plain eager fp32 loop, and sound at sampling.

    python benchmarks/sound_steps.py --blocks 5

Same networks, batch, terms and update rule on pieces of 16,384 samples, as ratios; blocks of both
alternate in one process. Ours includes data loading, EMA, guard and logging; the reference gets
its batches ready-made. Ours draws a fresh batch and a fresh fake for each player, the reference
one for both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import record
from throughput import beside
from torch import nn

from sparring.core.streams import stream
from sparring.core.types import Batch
from sparring.recipes import recipe_named
from sparring.training.loop import Loop

sys.path.insert(0, str(Path(__file__).parent))
from reference import torch_r3

LENGTH, COUNT, RATE = 16_384, 256, 16_000
RECIPES = ("wavegan", "melgan")


def data(folder: Path) -> str:
    """Noise as a pack of two labels."""
    shape = (COUNT, 1, LENGTH)
    sample = torch.randint(-9000, 9000, shape, generator=stream("sound steps")).short().numpy()
    np.savez(folder / "sounds.npz", sample=sample, label=np.arange(COUNT) % 2)
    return str(folder / "sounds.npz")


def compare(name: str, blocks: int, steps: int) -> dict[str, Any]:
    recipe = recipe_named(name, {"conditional": True}, rank=1)
    with tempfile.TemporaryDirectory() as place:
        source = data(Path(place))
        gamma = float(recipe.terms[0].arguments["weight"].arguments["start"])

        def reference(pair: list[nn.Module], batches: list[Batch]) -> float:
            return torch_r3.train(*pair, batches, gamma, recipe.latent)

        row, first = beside(name, recipe, source, Path(place), reference, blocks, steps)
        return {**row, "sampled_seconds_per_second": sampled(first)}


def sampled(ours: Loop, count: int = 64) -> float:
    """Seconds of sound that one second makes, decoded to waveforms."""
    begin = time.perf_counter()
    ours.model.domain.decode(ours.model.sample(count, label=0))
    return count * LENGTH / RATE / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=RECIPES)
    given = parser.parse_args()
    rows = [compare(name, given.blocks, given.steps) for name in given.only]
    record("sound_steps", {"length": LENGTH, "rows": rows})


if __name__ == "__main__":
    main()
