"""onnxruntime's speed beside PyTorch's, both in one process on as many threads, in turns.

python benchmarks/export.py --threads 1

Networks are those of the recipes, untrained, at the extent that stands beside them: how long they
take does not depend on what they know.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from machine import record

from sparring.artifact.model import Model
from sparring.exporting.checking import run, session
from sparring.exporting.graph import Graph, expected
from sparring.exporting.tracing import halved, traced

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from exporting.models import LAYOUTS, pictures, untrained

CASES: dict[str, tuple[Callable[[], Model], int, tuple[int, ...]]] = {
    "r3, 16 samples of 64 px": (lambda: untrained("r3", pictures(3, 64)), 16, ()),
    "dcgan, 16 samples of 64 px": (lambda: untrained("dcgan", pictures(3, 64)), 16, ()),
    "pix2pix, one of 256 px": (
        lambda: untrained("pix2pix", pictures(3, 64), pictures(3, 64)),
        1,
        (256, 256),
    ),
    "cut, one of 256 px": (
        lambda: untrained("cut", pictures(3, 64), pictures(3, 64)),
        1,
        (256, 256),
    ),
    "superres x4, one of 128 px": (lambda: untrained("superres", pictures(3, 64)), 1, (128, 128)),
    "restore, one of 256 px": (lambda: untrained("restore", pictures(3, 64)), 1, (256, 256)),
    "spade, one of 64 px": (lambda: untrained("spade", pictures(3, 32), LAYOUTS), 1, (64, 64)),
}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(
    build: Callable[[], Model], batch: int, space: tuple[int, ...], rounds: int
) -> dict[str, float]:
    """PyTorch's milliseconds, and how many times as fast onnxruntime is."""
    graph = Graph(build())
    content = traced(graph, fixed=False)
    given = graph.example(batch, space)
    whole, half = session(content), session(halved(content))
    ways = (lambda: expected(graph, given), lambda: run(whole, given), lambda: run(half, given))
    # In turns, so that what else the machine does falls on all alike; the first is a warm-up.
    rows = [[seconds(way) for way in ways] for _ in range(rounds + 1)][1:]
    ratio = [statistics.median(row[0] / row[i] for row in rows) for i in (1, 2)]
    milliseconds = 1000 * statistics.median(row[0] for row in rows)
    found = {"torch_ms": milliseconds, "onnx": ratio[0], "onnx_fp16": ratio[1]}
    print(found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    found = {name: measured(*case, asked.rounds) for name, case in CASES.items()}
    record("export", {"threads": asked.threads, "times_as_fast_as_torch": found})


if __name__ == "__main__":
    main()
