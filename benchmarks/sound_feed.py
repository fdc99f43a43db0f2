"""Pieces of sound a second that a feed gives, against what the recipes for sound eat, in one run.

    python benchmarks/sound_feed.py

The claim: at least 10 times what the fastest of them eats. Pieces are a second at 16 kHz, noise,
stored as int16. Feeding and training take turns, so that a busy machine slows both alike; only the
ratios mean anything. `encoded` is what the drawing of a batch costs: from int16 to waveforms for
`wavegan`, to log-mel spectrograms for `melgan`.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from data_feed import stores
from machine import record

from sparring.core.types import Domain
from sparring.data import Feed
from sparring.data.stores import Mapped, Memory
from sparring.domains.mel.domain import Mel
from sparring.domains.sound.domain import Sound
from sparring.recipes import recipe_named
from sparring.verbs.run import train

COUNT, LENGTH, BATCH, STEPS, BLOCKS = 4096, 16_384, 16, 20, 3
SECONDS = 2.0
SEEN: dict[str, Domain] = {"wavegan": Sound(LENGTH), "melgan": Mel(LENGTH)}


def fed(store: Memory | Mapped, domain: Domain | None) -> float:
    """Pieces a second, after a warm-up."""
    feed, start, k = Feed(store, batch=BATCH, seed=0), 0.0, 0
    while not start or time.perf_counter() - start < SECONDS:
        sample = feed.items(k)["sample"]
        if domain is not None:
            domain.encode(sample)
        k += 1
        if k == 10:
            start = time.perf_counter()
    return (k - 10) * BATCH / (time.perf_counter() - start)


def eaten(name: str, samples: np.ndarray, folder: Path) -> float:
    """Pieces a second that a training takes, as its log says."""
    recipe, run = recipe_named(name, {"batch": BATCH}, rank=1), folder / "run"
    train(recipe, samples[:256], run, steps=STEPS, quiet=True, overwrite=True)
    last = (run / "log.jsonl").read_text().splitlines()[-1]
    return float(json.loads(last)["images_per_second"])


def main() -> None:
    samples = np.random.default_rng(0).integers(-9000, 9000, (COUNT, 1, LENGTH), np.int16)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        kept = stores(samples, folder)
        for _ in range(BLOCKS):
            for recipe, domain in SEEN.items():
                found.setdefault(f"{recipe}: eats", []).append(eaten(recipe, samples, folder))
                for name, store in kept.items():
                    for form, space in (("as stored", None), ("encoded", domain)):
                        key = f"{recipe}: {name}, {form}"
                        found.setdefault(key, []).append(fed(store, space))
    middle = {name: round(median(values)) for name, values in found.items()}
    times = {
        key: round(value / middle[f"{key.partition(':')[0]}: eats"], 1)
        for key, value in middle.items()
    }
    threads = {"batch": BATCH, "threads": torch.get_num_threads()}
    record("sound_feed", {**threads, "pieces_per_second": middle, "times_what_it_eats": times})


if __name__ == "__main__":
    main()
