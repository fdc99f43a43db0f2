"""Several processes: what one does, they do together; where one is lost, the others end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.storage import read_json
from sparring.training import log
from sparring.training.checkpoint import steps

Build = Callable[..., Recipe]
Ranks = list[subprocess.Popen[str]]
Start = Callable[..., Ranks]
Finished = Callable[[Ranks], list[str]]
THREADS = """
import atexit, os
from pathlib import Path

def left():
    if any("gloo" in (task / "comm").read_text() for task in Path("/proc/self/task").iterdir()):
        os._exit(3)

atexit.register(left)  # first, and so last of all that happens at the end
"""
TRAIN = """
import json, sys
from pathlib import Path
from sparring.core.recipe import Recipe
from sparring.verbs.run import train
from sparring.training.budget import Intervals
recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
every = Intervals(log=4, sample=4, checkpoint=4, score=8)
train(recipe, sys.argv[2], sys.argv[3], steps=8, intervals=every, quiet=True)
"""
LOOP = """
import hashlib, json, math, os, signal, sys
from pathlib import Path
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.data import load
from sparring.training.engine import Engine
from sparring.training.budget import Budget, Intervals
from sparring.training.loop import Loop
from sparring.verbs.run import drawer, plan

recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
dataset, run, event = load(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
engine, manifest = Engine("fp32"), plan(recipe, dataset)
clean, other = drawer(manifest, dataset, engine), engine.rank == 1

def draw(number):
    batch = clean(number)
    if event == "disagree":
        return batch._replace(real=batch.real * math.nan) if other and number == 5 else batch
    if other and number == 14:  # step 7, after the checkpoint of step 4
        os.kill(os.getpid(), int(event))
    return batch

def score(model):
    loop._stop = other and loop.state.progress.step == 8
    return float(loop.state.progress.step if engine.main else -loop.state.progress.step)

if engine.main:
    run.mkdir()
    manifest.write(run)
engine.wait()
every = Intervals(log=2, sample=4, checkpoint=4, score=4)
loop = Loop(manifest, run, engine, draw, Budget(steps=99), every, score, quiet=True)
try:
    with engine.together(run):
        loop.fit()
except InputError as error:
    sys.exit(str(error))
digest = hashlib.sha256()
for name, value in sorted(loop.state.tensors().items()):
    digest.update(value.numpy().tobytes())
facts = {"step": loop.state.progress.step, "skipped": loop.state.progress.skipped}
facts |= {"best": loop.state.progress.best, "weights": digest.hexdigest()}
Path(f"{run}-{engine.rank}.json").write_text(json.dumps(facts))
engine.close()
"""


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoint/step-00000008/state.safetensors")


def assert_alike(one: dict[str, torch.Tensor], many: dict[str, torch.Tensor]) -> None:
    assert one.keys() == many.keys()
    # The relativistic loss does not see the last bias: its gradient is rounding noise, which Adam
    # blows up to a full step. It has no effect on anything else.
    unseen = "network.discriminator.logits.linear.bias"
    for name, value in one.items():
        if name != unseen:
            torch.testing.assert_close(many[name], value, rtol=1e-4, atol=1e-6, msg=name)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Recipe], Path]:
    def write(recipe: Recipe) -> Path:
        path = tmp_path / "recipe.json"
        path.write_text(json.dumps(recipe.to_json()))
        return path

    return write


def test_two_equal_one_and_so_do_four_with_a_batch_rounded(
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    start: Start,
    finished: Finished,
) -> None:
    path = written(recipe())
    for world in (1, 2):
        finished(start(TRAIN, world, [path, pictures, tmp_path / f"run-{world}"]))
    said = finished(start(TRAIN, 4, [written(recipe(batch=10)), pictures, tmp_path / "run-4"]))
    assert "a batch of 10 cannot be shared equally by 4 processes; it is 8 now" in said[0]
    assert said[1:] == [""] * 3, "only the first process speaks"
    one = weights_of(tmp_path / "run-1")
    assert_alike(one, weights_of(tmp_path / "run-2"))
    assert_alike(one, weights_of(tmp_path / "run-4"))
    lines = [log.read(tmp_path / f"run-{world}/log.jsonl") for world in (1, 2, 4)]
    assert [[line["step"] for line in each] for each in lines] == [[4, 8, 8]] * 3
    scores = [each[-1]["score"] for each in lines]
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-3)
    assert len(list((tmp_path / "run-4/samples").iterdir())) == 2


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted on Linux")
def test_a_group_ends_before_its_processes_do(
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    start: Start,
    finished: Finished,
) -> None:
    """A thread of it that outlives the interpreter aborts the process now and then."""
    finished(start(THREADS + TRAIN, 2, [written(recipe()), pictures, tmp_path / "run"]))


def test_two_nodes_find_each_other(
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    finished: Finished,
) -> None:
    script, path = tmp_path / "train.py", written(recipe())
    script.write_text(TRAIN)
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node"]
    launch += ["1", "--master-addr", "127.0.0.1", "--master-port", "29731"]
    nodes = [
        subprocess.Popen(
            [*launch, "--node-rank", str(node), str(script), str(path), pictures, tmp_path / "run"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node in (0, 1)
    ]
    finished(nodes)
    assert steps(tmp_path / "run") == [4, 8]


def test_what_one_process_sees_all_decide_alike(
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    start: Start,
    finished: Finished,
) -> None:
    run = tmp_path / "run"
    finished(start(LOOP, 2, [written(recipe()), pictures, run, "disagree"]))
    facts = [read_json(tmp_path / f"run-{rank}.json") for rank in (0, 1)]
    assert facts[0] == facts[1], "weights, counters and the best score"
    assert facts[0]["skipped"] == 1, "of a loss that only one process saw not finite"
    assert facts[0]["best"] == 4.0, "the first process's number"
    assert facts[0]["step"] == 9, "the other process alone was told to stop, after step 8"


@pytest.mark.parametrize("event", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_process_ends_the_others_with_a_sentence(
    event: signal.Signals,
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    start: Start,
) -> None:
    run, wait = tmp_path / "run", 5
    arguments = [written(recipe()), pictures, run, str(int(event))]
    first, other = start(LOOP, 2, arguments, SPARRING_TIMEOUT=str(wait))
    try:
        while first.poll() is None and not (run / "log.jsonl").exists():
            time.sleep(0.1)
        began = time.monotonic()
        said = first.communicate(timeout=60)[1].strip()
        assert time.monotonic() - began < 2 * wait + 5
    finally:
        for rank in (first, other):
            rank.kill()
            rank.communicate()
    assert first.returncode == 1, said
    assert len(said.splitlines()) == 1
    assert said.startswith("process 0 of 2 has lost another one")
    assert "go on from the last checkpoint" in said
    assert steps(run) == [0, 4]


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
    recipe: Build,
    written: Callable[[Recipe], Path],
    pictures: str,
    tmp_path: Path,
    start: Start,
    finished: Finished,
) -> None:
    """With a warm-up, whose trial and checkpoints by the clock both have to meet at as well."""
    fall = Part("sparring.core.schedule:cosine", start=1e-3, end=1e-4)
    made = recipe(
        learning_rates={"generator": fall, "discriminator": fall},
        warmup=0.5,
        loss=Part("sparring.losses.adversarial:non_saturating"),
    )
    run = tmp_path / "run"
    finished(start(MINUTES, 2, [written(made), pictures, run]))
    heard = [json.loads((tmp_path / f"length-{rank}.json").read_text()) for rank in (0, 1)]
    assert heard[0] == heard[1]
    sitting = json.loads((run / "recipe.json").read_text())["sitting"]
    assert sitting["images"] == heard[0][1]
    assert len(list((run / "checkpoint").iterdir())) > 2
