"""Seconds from nothing to 64 digits on disk, in a fresh process.

python benchmarks/start_up.py runs/demo
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import record


def once(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "sparring", *words], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        grid = str(Path(folder) / "grid.png")
        sample = [once(["sample", sys.argv[1], "-n", "64", "--out", grid]) for _ in range(5)]
    plain = [once(["--help"]) for _ in range(5)]
    seconds = {"sample_64": statistics.median(sample), "help": statistics.median(plain)}
    record("start_up", {"seconds": seconds})


if __name__ == "__main__":
    main()
