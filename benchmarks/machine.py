"""What a figure was measured on; every benchmark writes it beside its result."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Processor, cores, what it multiplies fast, and the versions."""
    words = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    model = next((w.partition(":")[2].strip() for w in words.splitlines() if "Model name" in w), "")
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "vector": torch.backends.cpu.get_cpu_capability(),
        "amx": torch.cpu._is_amx_tile_supported(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def record(name: str, result: dict[str, Any]) -> None:
    """Write a result where the documentation finds it."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), **result}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)


def sparring_command(*words: object) -> None:
    """Run `sparring WORDS`, as anyone would, in a process of its own."""
    subprocess.run([sys.executable, "-m", "sparring", *map(str, words)], check=True)


def steps_in(train: Sequence[str], minutes: float) -> int:
    """Steps of a `train ...` command that so many minutes of one core's work give.

    Measured as the processor time of 200 steps, without what starting up costs: on a busy machine
    a minute of the clock is not a minute of work.
    """
    few, many = (_work(train, steps) for steps in (50, 250))
    return int(60 * minutes * 200 / (many - few))


def _work(train: Sequence[str], steps: int) -> float:
    """Processor seconds of a run of so many steps."""
    before = _spent()
    with tempfile.TemporaryDirectory() as place:
        sparring_command(*train, "--steps", steps, "--run", Path(place) / "run", "--quiet")
    return _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
