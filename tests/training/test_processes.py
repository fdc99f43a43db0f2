"""Two processes at half the batch give one process's weights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from sparring.core.part import Part
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


def launch(world: int, text: str, recipe: Path, data: str, folder: Path) -> Path:
    script = folder / f"script-{world}.py"
    script.write_text(text)
    run = folder / f"run-{world}"
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words += ["--nproc_per_node", str(world), str(script), str(recipe), data, str(run)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return run


def run_with(world: int, recipe: Path, data: str, folder: Path) -> dict[str, torch.Tensor]:
    run = launch(world, SCRIPT, recipe, data, folder)
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


MINUTES = """
import json, sys
from pathlib import Path
from sparring.core.recipe import Recipe
from sparring.training.budget import Intervals
from sparring.training.loop import Loop
from sparring.verbs.run import train

run, told = Path(sys.argv[3]), Loop._last

def _last(loop, images):
    path = run.with_name(f"length-{loop.engine.rank}.json")
    path.write_text(json.dumps([loop.state.progress.step, images]))
    told(loop, images)

Loop._last = _last
recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
every = Intervals(log="0.005min", sample="0.01min", checkpoint="0.01min", keep=50)
train(recipe, sys.argv[2], run, minutes=0.05, intervals=every, quiet=True)
"""


def test_two_hear_of_one_length_at_one_step(
    recipe: Callable[..., Recipe], pictures: str, tmp_path: Path
) -> None:
    """With a warm-up, whose trial and checkpoints by the clock both have to meet at as well."""
    fall = Part("sparring.core.schedule:cosine", start=1e-3, end=1e-4)
    made = recipe(
        learning_rates={"generator": fall, "discriminator": fall},
        warmup=0.5,
        loss=Part("sparring.losses.adversarial:non_saturating"),
    )
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(made.to_json()))
    run = launch(2, MINUTES, path, pictures, tmp_path)
    heard = [json.loads((tmp_path / f"length-{rank}.json").read_text()) for rank in (0, 1)]
    assert heard[0] == heard[1]
    sitting = json.loads((run / "recipe.json").read_text())["sitting"]
    assert sitting["images"] == heard[0][1]
    assert len(list((run / "checkpoint").iterdir())) > 2
