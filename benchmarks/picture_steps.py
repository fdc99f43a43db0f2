"""Training speed of picture recipes against a plain eager fp32 loop, as ratios.

    python benchmarks/picture_steps.py --blocks 5

Same networks, batch, terms and update rule on pictures of 64 px; blocks of both alternate in one
process. Ours includes data loading, degradations, EMA, guard and logging; the reference gets its
batches ready-made. Ours draws a fresh batch and a fresh fake for each player, the reference one
for both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
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

sys.path.insert(0, str(Path(__file__).parent))
from reference import torch_pix2pix

SIDE, COUNT = 64, 512
RECIPES = ("pix2pix", "superres", "inpaint", "restore", "blend", "repose", "frontal")
SIDES = {"pix2pix": ("A", "B"), **dict.fromkeys(("repose", "frontal"), ("A", "A2", "B"))}
"""Folders of those that learn from pairs."""
SETTINGS = {"repose": {"warmup": 0.0}, "frontal": {"warmup": 0.0}}
"""A reference has all terms from the first step on."""


def data(folder: Path, sides: tuple[str, ...]) -> str:
    shape = (COUNT, 3, SIDE, SIDE)
    sample = torch.randint(0, 256, shape, generator=stream("picture steps")).byte().numpy()
    if not sides:
        np.savez(folder / "pictures.npz", sample=sample)
        return str(folder / "pictures.npz")
    from PIL import Image

    for side in sides:
        (folder / "pairs" / side).mkdir(parents=True)
        for index, picture in enumerate(sample):
            place = folder / "pairs" / side / f"{index:04d}.png"
            Image.fromarray(picture.transpose(1, 2, 0)).save(place)
    return str(folder / "pairs")


def compare(name: str, blocks: int, steps: int) -> dict[str, Any]:
    recipe = recipe_named(name, SETTINGS.get(name))
    with tempfile.TemporaryDirectory() as place:
        source = data(Path(place), SIDES.get(name, ()))
        weights = {
            term.name: float(term.arguments["weight"])
            for term in recipe.terms
            if "weight" in term.arguments
        }

        def reference(pair: list[nn.Module], batches: list[Batch]) -> float:
            return torch_pix2pix.train(*pair, batches, weights, recipe.latent)

        return beside(name, recipe, source, Path(place), reference, blocks, steps)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=RECIPES)
    given = parser.parse_args()
    rows = [compare(name, given.blocks, given.steps) for name in given.only]
    record("picture_steps", {"side": SIDE, "rows": rows})


if __name__ == "__main__":
    main()
