"""Images/s that a feed gives, in memory and memory-mapped, against what training consumes.

    python benchmarks/data_feed.py

The claim: at least 10 times what the fastest recipe consumes (3,000 to 10,000 pictures of
28 x 28 a second on 2 CPU cores). The data are Fashion-MNIST's 60,000 where it is installed,
else noise of that shape.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import record

from sparring.core.errors import InputError
from sparring.data import Feed, load
from sparring.data.cache import mapped
from sparring.data.stores import Mapped, Memory
from sparring.domains.image.domain import Image

BATCH = 128
SECONDS = 3.0


def pictures() -> np.ndarray:
    try:
        return load("fashion").train.fields["sample"].numpy()
    except InputError:
        return np.random.default_rng(0).integers(0, 256, (60000, 1, 28, 28), np.uint8)


def rate(store: Memory | Mapped, *, encode: bool) -> float:
    """Images/s over at least SECONDS, after one warm-up pass."""
    feed = Feed(store, batch=BATCH, seed=0)
    domain = Image(tuple(store.fields["sample"].shape[1:]))
    for k in range(20):
        feed.items(k)
    start, k = time.perf_counter(), 20
    while time.perf_counter() - start < SECONDS:
        sample = feed.items(k)["sample"]
        if encode:
            domain.encode(sample)
        k += 1
    return (k - 20) * BATCH / (time.perf_counter() - start)


def stores(sample: np.ndarray, folder: Path) -> dict[str, Memory | Mapped]:
    np.save(folder / "sample.npy", sample)
    lazy = torch.from_numpy(mapped(folder / "sample.npy"))
    return {
        "in memory": Memory({"sample": torch.from_numpy(sample)}),
        "memory-mapped": Mapped({"sample": lazy}, torch.arange(len(sample))),
    }


def main() -> None:
    speeds = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, store in stores(pictures(), Path(folder)).items():
            raw, encoded = rate(store, encode=False), rate(store, encode=True)
            speeds[name] = {"as stored": raw, "encoded": encoded}
    record("data_feed", {"batch": BATCH, "images_per_second": speeds})


if __name__ == "__main__":
    main()
