"""Pictures with opacity: r3 on straight and on premultiplied colours, at the same steps and seed.

    python benchmarks/opacity.py --data sprites/ --runs runs/opacity

The data are any pictures with opacity; those of opacity.md are named there. Writes
benchmarks/results/opacity.json, and a picture of real ones and of samples, on white and on dark.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch
from machine import record
from PIL import Image
from torch import Tensor

import sparring
from sparring.domains.image.pretrained import efficientnet
from sparring.metrics.distances import frechet
from sparring.recipes import recipe_named

SIDE = 32
GROUNDS = {"white": 255.0, "dark": 40.0}
PICTURE = Path(__file__).parent.parent / "docs" / "images" / "opacity.png"


def on(stored: Tensor, ground: float) -> Tensor:
    """Stored pictures with opacity (N, 4, H, W) laid on a grey level: (N, 3, H, W), 0 to 255."""
    share = stored[:, 3:].float() / 255
    return stored[:, :3].float() * share + ground * (1 - share)


def looks(stored: Tensor) -> dict[str, float]:
    """Mean chroma of opaque pixels (most minus least channel, in [0, 1]), and shares of pixels."""
    alpha, colours = stored[:, 3], stored[:, :3].float() / 255
    chroma = colours.amax(1) - colours.amin(1)
    return {
        "chroma": float(chroma[alpha > 127].mean()),
        "half-transparent": float(((alpha > 12) & (alpha < 243)).float().mean()),
        "opaque": float((alpha >= 243).float().mean()),
    }


def sheet(rows: list[Tensor]) -> Image.Image:
    """Rows of pictures (N, 3, H, W), three times as large."""
    whole = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    picture = Image.fromarray(whole.round().byte().permute(1, 2, 0).numpy())
    return picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.NEAREST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    torch.set_num_threads(1)
    dataset = sparring.load_data(given.data, size=(SIDE, SIDE), channels=4)
    order = torch.randperm(dataset.count, generator=torch.Generator().manual_seed(0))
    real = dataset.train.take(order[: given.count])["sample"]
    reader = efficientnet()
    known = {name: reader.features(on(real, g) / 127.5 - 1) for name, g in GROUNDS.items()}
    results, rows = {"real": looks(real)}, [on(real[:16], 255.0)]
    for opacity in ("straight", "premultiplied"):
        data = dataclasses.replace(dataset, domain=dataset.domain.replace(opacity=opacity))
        run = given.runs / opacity
        recipe = recipe_named("r3")
        model = sparring.train(recipe, data, run, steps=given.steps, quiet=True, overwrite=True)
        made = model.domain.decode(model.sample(given.count, seed=1))
        results[opacity] = looks(made) | {
            f"frechet on {name}": frechet(known[name], reader.features(on(made, g) / 127.5 - 1))
            for name, g in GROUNDS.items()
        }
        rows += [on(made[:16], ground) for ground in GROUNDS.values()]
    record("opacity", {"data": given.data, "items": dataset.count, "results": results})
    sheet(rows).save(PICTURE)


if __name__ == "__main__":
    main()
