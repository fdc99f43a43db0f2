"""Two processes at half the batch give one process's weights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from sparring.core.recipe import Recipe
from sparring.training import log

SCRIPT = """
import json, sys
from pathlib import Path
from sparring.core.recipe import Recipe
from sparring.verbs.run import train
from sparring.training.budget import Intervals
recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
train(recipe, sys.argv[2], sys.argv[3], steps=8, intervals=Intervals(log=4, sample=4, checkpoint=4),
      quiet=True)
"""


def run_with(world: int, recipe: Path, data: str, folder: Path) -> dict[str, torch.Tensor]:
    script = folder / f"script-{world}.py"
    script.write_text(SCRIPT)
    run = folder / f"run-{world}"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc_per_node", str(world), str(script), str(recipe), data, str(run)]
    done = subprocess.run(launch, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return load_file(run / "checkpoint/step-00000008/state.safetensors")


def test_two_equal_one(recipe: Callable[..., Recipe], pictures: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe().to_json()))
    one = run_with(1, path, pictures, tmp_path)
    two = run_with(2, path, pictures, tmp_path)
    assert one.keys() == two.keys()
    # The relativistic loss does not see the last bias: its gradient is rounding noise, which Adam
    # blows up to a full step. It has no effect on anything else.
    unseen = "network.discriminator.logits.linear.bias"
    for name, value in one.items():
        if name == unseen:
            continue
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6, msg=name)
    lines = [log.read(tmp_path / f"run-{world}/log.jsonl") for world in (1, 2)]
    assert [line["step"] for line in lines[0]] == [line["step"] for line in lines[1]] == [4, 8]
