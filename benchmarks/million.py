"""A stream of a million small pictures: first step, images a second, and resuming by position.

    python benchmarks/million.py --count 1000000 --shards 100 --side 28

Makes the shards (grey PNG) in a temporary folder, or in --folder where they are kept. Images a
second are those of reading and decoding alone, with all workers, and of training in one run.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from machine import record
from PIL import Image

import sparring
from sparring.core.recipe import Recipe
from sparring.data import load
from sparring.recipes import recipe_named
from sparring.training.loop import Intervals

BATCH = 32


def png(side: int, rng: np.random.Generator) -> bytes:
    file = io.BytesIO()
    coarse = rng.integers(0, 256, (4, 4), dtype=np.uint8)
    Image.fromarray(coarse).resize((side, side)).save(file, "png", compress_level=1)
    return file.getvalue()


def pictures(count: int, side: int, seed: int) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    return (png(side, rng) for _ in range(count))


def parquet(path: Path, files: Iterator[bytes]) -> None:
    values = {"image": [{"bytes": data, "path": None} for data in files]}
    features = datasets.Features({"image": datasets.Image()})
    datasets.Dataset.from_dict(values, features=features).to_parquet(str(path))


def tar(path: Path, files: Iterator[bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for index, data in enumerate(files):
            info = tarfile.TarInfo(f"{index:07d}.png")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def make(folder: Path, form: str, count: int, shards: int, side: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write = {"parquet": parquet, "tar": tar}[form]
    for shard in range(shards):
        path = folder / f"part-{shard:05d}.{form}"
        if not path.exists():
            write(path, pictures(count // shards, side, shard))


def seconds(since: float) -> float:
    return round(time.perf_counter() - since, 3)


def reading(folder: Path, batches: int, ahead: int) -> dict[str, float]:
    """Opening, the first batch, a stretch of batches, and a jump to a far one."""
    began = time.perf_counter()
    found = load(folder, streaming=True)
    opened = seconds(began)
    feed, began = found.feed(batch=BATCH, seed=0), time.perf_counter()
    feed.items(0)
    first, began = seconds(began), time.perf_counter()
    for number in range(1, batches):
        feed.items(number)
    speed = round((batches - 1) * BATCH / (time.perf_counter() - began))
    began = time.perf_counter()
    load(folder, streaming=True).feed(batch=BATCH, seed=0).items(ahead)
    return {
        "open_s": opened,
        "first_batch_s": first,
        "images_per_second": speed,
        f"open_and_jump_to_batch_{ahead}_s": seconds(began),
    }


def training(folder: Path, recipe: Recipe, steps: int) -> dict[str, float]:
    """From the call to the end of one step, and of several."""
    none = Intervals(log=0, sample=0, checkpoint=0)
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        options = {"intervals": none, "streaming": True, "quiet": True}
        sparring.train(recipe, str(folder), Path(place) / "run", steps=1, **options)
        first, began = seconds(began), time.perf_counter()
        sparring.resume(Path(place) / "run", steps=1 + steps, quiet=True)
        return {"train_one_step_s": first, f"resume_and_{steps}_steps_s": seconds(began)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--form", choices=("parquet", "tar"), default="parquet")
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--ahead", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place) / "shards"
        make(folder, given.form, given.count, given.shards, given.side)
        facts: dict[str, Any] = {"count": given.count, "shards": given.shards}
        facts |= {"side": given.side, "form": given.form, "batch": BATCH}
        facts |= reading(folder, given.batches, given.ahead)
        facts |= training(folder, recipe_named("r3"), 20)
        record("million", facts)


if __name__ == "__main__":
    main()
