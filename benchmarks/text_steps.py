"""Training speed of text2image against a plain eager fp32 loop, as ratios.

    python benchmarks/text_steps.py --blocks 5

Same networks, batch, terms and update rule on pictures of 64 px with sentences of up to 24 of 80
words; blocks of both alternate in one process. Ours includes data loading, EMA, guard and logging;
the reference gets its batches ready-made. Ours draws a fresh batch and a fresh fake for each
player, the reference one for both.
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
from reference import torch_text

SIDE, COUNT, WORDS, LONGEST = 64, 512, 80, 24


def data(folder: Path) -> str:
    random = stream("text steps")
    sample = torch.randint(0, 256, (COUNT, 3, SIDE, SIDE), generator=random).byte()
    tokens = torch.randint(0, WORDS, (COUNT, LONGEST), generator=random)
    lengths = torch.randint(8, LONGEST + 1, (COUNT, 1), generator=random)
    tokens[torch.arange(LONGEST) >= lengths] = -1
    np.savez(folder / "told.npz", sample=sample.numpy(), tokens=tokens.numpy())
    return str(folder / "told.npz")


def compare(attention: bool, blocks: int, steps: int) -> dict[str, Any]:
    recipe = recipe_named("text2image", {"attention": attention})
    weights = {"gamma": 0.5, "mismatched": 0.5, "matched": 1.0}
    with tempfile.TemporaryDirectory() as place:

        def reference(pair: list[nn.Module], batches: list[Batch]) -> float:
            return torch_text.train(*pair, batches, weights, recipe.latent)

        name = "text2image --attention" if attention else "text2image"
        source = data(Path(place))
        return beside(name, recipe, source, Path(place), reference, blocks, steps)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--steps", type=int, default=16)
    given = parser.parse_args()
    rows = [compare(attention, given.blocks, given.steps) for attention in (False, True)]
    record("text_steps", {"side": SIDE, "rows": rows})


if __name__ == "__main__":
    main()
