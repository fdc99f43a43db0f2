"""Losses that are no longer numbers: skipped, rolled back, and given up with a reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.core.types import Batch
from sparring.data import load
from sparring.training import log
from sparring.training.budget import Budget, Intervals
from sparring.training.engine import Engine
from sparring.training.guard import MOST_ROLLBACKS, PATIENCE
from sparring.training.loop import Loop
from sparring.verbs.run import drawer, plan

Build = Callable[..., Recipe]
Poison = Callable[[int], bool]


def poisoned(recipe: Recipe, pictures: str, run: Path, bad: Poison, steps: int) -> Loop:
    """A loop whose batches of some numbers are not numbers."""
    dataset = load(pictures)
    manifest = plan(recipe, dataset)
    engine = Engine("fp32")
    clean = drawer(manifest, dataset, engine)

    def draw(number: int) -> Batch:
        batch = clean(number)
        return batch._replace(real=batch.real * math.nan) if bad(number) else batch

    run.mkdir()
    manifest.write(run)
    every = Intervals(log=1, sample=0, checkpoint=5)
    return Loop(manifest, run, engine, draw, Budget(steps=steps), every, quiet=True)


def finite(loop: Loop) -> bool:
    networks = [*loop.state.networks.values(), *loop.state.averaged.values()]
    return all(bool(torch.isfinite(p).all()) for net in networks for p in net.state_dict().values())


def test_one_bad_batch_is_skipped_and_counted(recipe: Build, pictures: str, tmp_path: Path) -> None:
    loop = poisoned(recipe(), pictures, tmp_path / "run", lambda number: number == 6, steps=8)
    assert loop.fit()
    assert loop.state.progress.skipped == 1
    assert loop.state.progress.rollbacks == 0
    assert finite(loop)


def test_bad_stretch_rolls_back_with_half_the_rate(
    recipe: Build, pictures: str, tmp_path: Path
) -> None:
    left = set(range(14, 14 + PATIENCE))

    def once(number: int) -> bool:
        found = number in left
        left.discard(number)
        return found

    loop = poisoned(recipe(), pictures, tmp_path / "run", once, steps=20)
    assert loop.fit()
    progress = loop.state.progress
    assert (progress.rollbacks, progress.rate_scale, progress.step) == (1, 0.5, 20)
    assert finite(loop)
    rates = {g["lr"] for g in loop.state.optimizers["discriminator"].param_groups}
    assert rates == {1e-3 / 2}
    steps = [line["step"] for line in log.read(tmp_path / "run/log.jsonl")]
    assert steps == sorted(steps), "lines after the checkpoint are dropped"


def test_hopeless_run_ends_with_its_reason(recipe: Build, pictures: str, tmp_path: Path) -> None:
    loop = poisoned(recipe(), pictures, tmp_path / "run", lambda number: number >= 12, steps=99)
    with pytest.raises(InputError, match="diverged again after 3 rollbacks"):
        loop.fit()
    assert loop.state.progress.rollbacks == MOST_ROLLBACKS
    again = Loop(loop.manifest, loop.run, loop.engine, loop.draw, Budget(steps=5), quiet=True)
    again.resume()
    assert finite(again), "the last good checkpoint is kept"
