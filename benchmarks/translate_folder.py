"""A folder through a model: `sparring translate` against a plain loop over its pictures.

    python benchmarks/translate_folder.py --pictures 1000 --side 64

Same model, same pictures, same machine; the plain loop opens, translates and saves one picture
after the other, as peers' test scripts do. Both write PNG. Blocks of both alternate.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import record
from PIL import Image

from sparring import Model, translate
from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.core.part import Part
from sparring.core.types import Condition, Spec
from sparring.recipes import recipe_named


def untrained(recipe: str, side: int) -> Model:
    made = recipe_named(recipe)
    shape = (3, side, side)
    picture = Part("sparring.domains.image.domain:Image", shape=shape)
    spec = Spec(shape, made.latent, map=made.task.build().map_shape(shape, shape))
    source = picture if made.task.build().sources != "none" else None
    manifest = Manifest(recipe=made, domain=picture, source_domain=source, spec=spec, data={})
    return Model(manifest, {"generator": build_network(manifest, "generator")})


def folder(place: Path, count: int, side: int) -> Path:
    random = np.random.default_rng(0)
    place.mkdir()
    for index in range(count):
        coarse = random.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        picture.save(place / f"{index:05d}.png")
    return place


@torch.no_grad()
def plain(model: Model, source: Path, out: Path) -> None:
    out.mkdir()
    network = model.networks["generator"]
    for path in sorted(source.iterdir()):
        values = np.asarray(Image.open(path).convert("RGB"))
        picture = torch.from_numpy(values.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1.0
        made = network(torch.zeros(1, 0), Condition(map=picture))[0].clamp(-1, 1)
        pixels = ((made + 1.0) * 127.5).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(out / path.name)


def seconds(work: object, *arguments: object) -> float:
    begin = time.perf_counter()
    work(*arguments)  # type: ignore[operator]
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--recipe", default="pix2pix")
    given = parser.parse_args()
    model = untrained(given.recipe, given.side)
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        source, out = folder(place / "in", given.pictures, given.side), place / "out"
        for _ in range(given.blocks):
            for kind, work in {"plain": plain, "ours": translate}.items():
                shutil.rmtree(out, ignore_errors=True)
                times[kind].append(seconds(work, model, source, out))
    middle = {kind: given.pictures / statistics.median(found) for kind, found in times.items()}
    row = {**vars(given), "pictures_per_second": middle, "ratio": middle["ours"] / middle["plain"]}
    record("translate_folder", row)


if __name__ == "__main__":
    main()
