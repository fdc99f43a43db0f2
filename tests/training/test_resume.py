"""A run that was stopped and resumed is the run that never stopped, bit for bit."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import sparring.training.checkpoint
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.training import checkpoint
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

Weights = Callable[[Path], dict[str, bytes]]
Build = Callable[..., Recipe]

EVERY = Intervals(log=1, sample=0, checkpoint=4)


def progress(run: Path) -> dict[str, float]:
    last = sorted((run / "checkpoint").iterdir())[-1]
    return json.loads((last / "state.json").read_text())["progress"]


def without_time(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    clock = {"seconds", "images_per_second"}
    return [{k: v for k, v in line.items() if k not in clock} for line in lines]


VARIANTS = {
    "everything scheduled": {},
    "batch normalisation and dropout": {
        "networks": {
            "generator": Part("sparring.networks.dcgan:Generator", widths=(8, 8), doublings=1),
            "discriminator": Part("sparring.networks.dcgan:Discriminator", widths=(8, 8)),
        },
        "precision": "bf16",
    },
    "adaptive augmentation and anchors": {
        "augment": Part("sparring.networks.augment:Augment", strength="adaptive"),
        "terms": (Part("sparring.losses.penalties:lecam", weight=0.1),),
    },
    "clipped critic": {
        "loss": Part("sparring.losses.adversarial:wasserstein"),
        "terms": (),
        "clip": {"discriminator": 0.05},
        "betas": None,
        "learning_rates": {},
        "optimizers": dict.fromkeys(
            ("generator", "discriminator"), Part("sparring.training.optimizers:rmsprop", lr=1e-3)
        ),
        "turns": ("discriminator", "discriminator", "generator"),
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_resumed_equals_unbroken(
    variant: str, recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    tiny = recipe(**VARIANTS[variant])
    options = {"intervals": EVERY, "quiet": True, "seed": 5}
    train(tiny, pictures, tmp_path / "whole", steps=13, **options)
    train(tiny, pictures, tmp_path / "parts", steps=6, **options)
    resume(tmp_path / "parts", steps=13, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    assert without_time(tmp_path / "whole") == without_time(tmp_path / "parts")


def test_another_seed_is_another_run(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    for seed in (0, 1):
        train(recipe(), pictures, tmp_path / str(seed), seed=seed, intervals=EVERY, quiet=True)
    assert weights(tmp_path / "0") != weights(tmp_path / "1")


SCRIPT = """
import sys
from pathlib import Path
from sparring.artifact.manifest import Manifest
from sparring.core.recipe import Recipe
from sparring.verbs.run import train
from sparring.training.budget import Intervals
import json
recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
intervals = Intervals(log=1, sample=0, checkpoint=int(sys.argv[5]))
train(recipe, sys.argv[2], sys.argv[3], steps=int(sys.argv[4]), intervals=intervals, quiet=True)
"""


def start(recipe: Recipe, data: str, run: Path, steps: int, every: int) -> subprocess.Popen[bytes]:
    path = run.with_suffix(".json")
    path.write_text(json.dumps(recipe.to_json()))
    words = [sys.executable, "-c", SCRIPT, str(path), data, str(run), str(steps), str(every)]
    return subprocess.Popen(words)


def wait_for_lines(run: Path, count: int) -> None:
    log = run / "log.jsonl"
    for _ in range(600):
        if log.exists() and log.read_text().count("\n") >= count:
            return
        time.sleep(0.05)
    raise AssertionError("the run never got going")


def test_killed_run_goes_on_from_its_last_checkpoint(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    run = tmp_path / "killed"
    process = start(recipe(), pictures, run, steps=10**6, every=50)
    wait_for_lines(run, 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = len((run / "log.jsonl").read_text().splitlines())
    last = int(progress(run)["step"])
    assert last % 50 == 0
    end = max(reached, last) + 10
    resume(run, steps=end, quiet=True)
    whole = tmp_path / "whole"
    train(
        recipe(), pictures, whole, steps=end, intervals=Intervals(log=1, checkpoint=50), quiet=True
    )
    assert weights(run) == weights(whole)
    assert without_time(run) == without_time(whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_and_exits_cleanly(
    number: signal.Signals, recipe: Build, pictures: str, tmp_path: Path
) -> None:
    run = tmp_path / "stopped"
    process = start(recipe(), pictures, run, steps=10**6, every=10**6)
    wait_for_lines(run, 3)
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert progress(run)["step"] >= 3
    resume(run, steps=int(progress(run)["step"]) + 1, quiet=True)


def test_full_disk_keeps_the_former_checkpoint(
    recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Weights
) -> None:
    run = tmp_path / "run"
    train(recipe(), pictures, run, steps=4, intervals=EVERY, quiet=True)
    before = weights(run)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sparring.training.checkpoint, "write_tensors", full)
    with pytest.raises(InputError, match=r"No space left on device.*intact"):
        resume(run, steps=9, quiet=True)
    assert weights(run) == before
    assert not list(run.rglob(".*")), "a half-written draft was left behind"
    monkeypatch.undo()
    resume(run, steps=9, quiet=True)
    assert progress(run)["step"] == 9


def test_only_the_last_checkpoints_are_kept(recipe: Build, pictures: str, tmp_path: Path) -> None:
    train(recipe(), pictures, tmp_path / "run", steps=20, intervals=EVERY, quiet=True)
    assert checkpoint.steps(tmp_path / "run") == [16, 20]


def test_changed_data_is_refused(recipe: Build, pictures: str, tmp_path: Path) -> None:
    import numpy as np

    with np.load(pictures) as file:
        sample, label = file["sample"], file["label"]
    copy = tmp_path / "copy.npz"
    np.savez(copy, sample=sample, label=label)
    train(recipe(), str(copy), tmp_path / "run", steps=2, intervals=EVERY, quiet=True)
    np.savez(copy, sample=sample[:-1], label=label[:-1])
    with pytest.raises(InputError, match="has changed"):
        resume(tmp_path / "run", steps=4, quiet=True)


def test_damaged_checkpoint_is_one_sentence(recipe: Build, pictures: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(recipe(), pictures, run, steps=4, intervals=EVERY, quiet=True)
    for state in run.glob("checkpoint/*/state.safetensors"):
        state.write_bytes(state.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"is damaged.*no other to go on from"):
        resume(run, steps=6, quiet=True)
