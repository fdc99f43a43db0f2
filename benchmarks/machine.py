"""What a figure was measured on; every benchmark writes it beside its result."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
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
