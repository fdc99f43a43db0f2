"""From a large folder of tiny pictures to the first step: surveyed in full, and by a sample.

    python benchmarks/folder.py --count 200000

Pictures of 8 px, a thousand different ones under many names (hard links). Times are of the
processor, so that what else the machine does counts less; both are taken in one process, in turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from sparring.data import check, content, load
from sparring.domains.image import folder

DIFFERENT, A_FOLDER = 1000, 5000


def filled(path: Path, count: int) -> None:
    for number in range(count):
        file = path / f"{number // A_FOLDER:04}" / f"{number:08}.png"
        if number < DIFFERENT:
            file.parent.mkdir(exist_ok=True)
            noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(noise).save(file)
        else:
            file.parent.mkdir(exist_ok=True)
            first = number % DIFFERENT
            os.link(path / f"{first // A_FOLDER:04}" / f"{first:08}.png", file)


def seconds(path: Path, looked: int) -> float:
    """Of the processor, to read, split and check the folder as `train` does."""
    content.LOOKED = folder.LOOKED = looked
    began = time.process_time()
    check(load(path), batch=32)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        filled(Path(place), asked.count)
        seconds(Path(place) / "0000", asked.count)  # what is imported and cached once
        full, some = seconds(Path(place), asked.count), seconds(Path(place), 10_000)
    print(
        f"{asked.count} pictures: {full:.1f} s surveyed in full, {some:.1f} s by a sample of "
        f"10,000: a factor of {full / some:.2f}"
    )


if __name__ == "__main__":
    main()
