"""Schedules follow the budget, intervals are steps or minutes, and stopping changes neither."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import sparring
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.recipes import recipe_functions, recipe_named
from sparring.training import log
from sparring.training.budget import Budget, Intervals, Pace, due, length
from sparring.training.guard import Diverged
from sparring.training.step import Stepper
from sparring.verbs.run import resume, train

Build = Callable[..., Recipe]
Weights = Callable[[Path], dict[str, bytes]]

EVERY = Intervals(log=1, sample=0, checkpoint=0)
COSINE = Part("sparring.core.schedule:cosine", start=1e-3, end=1e-4)
FOLLOWS = {"learning_rates": dict.fromkeys(("generator", "discriminator"), COSINE)}
A_STEP = 8


class Clock:
    """Time that passes only in steps: so many seconds each, ten times as many in the first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float, late: float = 0.0) -> None:
        self.now, self.stop_at, self.steps = 0.0, 0, 0
        real = Stepper.step

        def step(stepper: Stepper, everyone: bool = False) -> dict[str, torch.Tensor]:
            warm = everyone or stepper.opens(stepper.state.progress.images)
            self.now += (late if late and warm else seconds) * (10 if self.steps == 0 else 1)
            self.steps += 1
            if self.stop_at and stepper.state.progress.step + 1 == self.stop_at:
                os.kill(os.getpid(), signal.SIGINT)
            return real(stepper, everyone)

        monkeypatch.setattr(Stepper, "step", step)
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


def sitting(run: Path) -> dict[str, object]:
    return json.loads((run / "recipe.json").read_text())["sitting"]


def rates(run: Path) -> list[float]:
    key = "learning_rate/generator"
    return [line[key] for line in log.read(run / "log.jsonl") if key in line]


def test_steps_give_the_length_exactly(recipe: Build, pictures: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(recipe(**FOLLOWS), pictures, run, steps=20, intervals=EVERY, quiet=True)
    assert sitting(run)["images"] == 20 * A_STEP
    schedule = COSINE.replace(images=20 * A_STEP).build()
    assert rates(run) == pytest.approx([schedule(step * A_STEP) for step in range(20)])
    assert schedule(20 * A_STEP) == pytest.approx(1e-4)


def test_minutes_give_the_length_by_the_first_steps(
    recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds=0.1)
    run = tmp_path / "run"
    train(recipe(**FOLLOWS), pictures, run, minutes=0.5, intervals=EVERY, quiet=True)
    # 30 seconds of 0.1 a step, but for the first one, which took 1.
    assert len(rates(run)) == pytest.approx(291, abs=1)
    assert sitting(run)["images"] == pytest.approx(291 * A_STEP, abs=2 * A_STEP)
    assert rates(run)[-1] == pytest.approx(1e-4, rel=1e-2)
    assert rates(run)[:5] == [1e-3] * 5, "before the length is known, schedules stand at the start"


@pytest.mark.parametrize("stop_at", [3, 60])
def test_a_run_stopped_before_or_after_the_estimate_goes_on(
    stop_at: int,
    recipe: Build,
    pictures: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    weights: Weights,
) -> None:
    clock = Clock(monkeypatch, seconds=0.1)
    for name, stop in (("whole", 0), ("parts", stop_at)):
        clock.steps, clock.stop_at = 0, stop
        train(
            recipe(**FOLLOWS), pictures, tmp_path / name, minutes=0.5, intervals=EVERY, quiet=True
        )
    assert (sitting(tmp_path / "parts")["images"] is None) == (stop_at == 3)
    clock.stop_at = 0
    resume(tmp_path / "parts", quiet=True)
    whole, parts = sitting(tmp_path / "whole")["images"], sitting(tmp_path / "parts")["images"]
    assert parts == pytest.approx(whole, abs=2 * A_STEP)
    if stop_at == 60:
        assert parts == whole
        assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
        assert rates(tmp_path / "whole") == rates(tmp_path / "parts")


def test_a_killed_run_goes_on_with_the_length_from_the_same_step_on(
    recipe: Build,
    pictures: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    weights: Weights,
) -> None:
    Clock(monkeypatch, seconds=0.1)
    run, killed = tmp_path / "run", tmp_path / "killed"
    copy = Stepper.step

    def step(stepper: Stepper, everyone: bool = False) -> dict[str, torch.Tensor]:
        if stepper.state.progress.step == 100 and not killed.exists():
            shutil.copytree(run, killed)
        return copy(stepper, everyone)

    monkeypatch.setattr(Stepper, "step", step)
    train(recipe(**FOLLOWS), pictures, run, minutes=0.5, intervals=EVERY, quiet=True)
    resume(killed, quiet=True)
    assert rates(killed) == rates(run)
    assert weights(killed) == weights(run)


@pytest.mark.parametrize("in_trial", [False, True])
def test_a_run_that_is_rolled_back_is_timed_all_the_same(
    in_trial: bool, recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it diverges in the steps that are tried with the discriminator."""
    clock = Clock(monkeypatch, seconds=0.1)
    copy, diverged = Stepper.step, []

    def step(stepper: Stepper, everyone: bool = False) -> dict[str, torch.Tensor]:
        if clock.steps >= 5 and everyone == in_trial and not diverged:
            diverged.append(clock.steps)
            raise Diverged
        return copy(stepper, everyone)

    monkeypatch.setattr(Stepper, "step", step)
    run, loss = tmp_path / "run", Part("sparring.losses.adversarial:non_saturating")
    made = recipe(**FOLLOWS, warmup=0.5, loss=loss, terms=())
    train(made, pictures, run, minutes=0.5, intervals=EVERY, quiet=True)
    assert diverged
    assert log.read(run / "log.jsonl")[-1]["rollbacks"] == 1
    assert rates(run)[-1] == pytest.approx(0.5e-4, rel=0.05), "half of the last rate, as ever"


def test_a_warm_up_by_share_is_timed_with_both_speeds(
    recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps with the discriminator take thrice as long; half of the images are still before it."""
    Clock(monkeypatch, seconds=0.05, late=0.15)
    run = tmp_path / "run"
    loss = Part("sparring.losses.adversarial:non_saturating")
    made = recipe(**FOLLOWS, warmup=0.5, loss=loss, terms=())
    train(made, pictures, run, minutes=0.5, intervals=EVERY, quiet=True)
    lines = log.read(run / "log.jsonl")
    met = next(line["images"] for line in lines if "loss/discriminator" in line)
    total = sitting(run)["images"]
    assert met == pytest.approx(total / 2, abs=2 * A_STEP)
    assert lines[-1]["images"] == pytest.approx(total, rel=0.02)
    assert rates(run)[-1] == pytest.approx(1e-4, rel=0.05)


def test_beyond_the_end_rates_stay_or_are_stretched(
    recipe: Build, pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(recipe(**FOLLOWS), pictures, run, steps=10, intervals=EVERY, quiet=True)
    longer = Path(shutil.copytree(run, tmp_path / "longer"))
    resume(run, steps=20, quiet=True)
    assert "stay as they are then; --stretch" in capsys.readouterr().err
    assert rates(run)[10:] == pytest.approx([1e-4] * 10)
    resume(longer, steps=20, stretch=True, quiet=True)
    assert "--stretch" not in capsys.readouterr().err
    schedule = COSINE.replace(images=20 * A_STEP).build()
    assert rates(longer)[10:] == pytest.approx([schedule(s * A_STEP) for s in range(10, 20)])
    assert sitting(longer)["steps"] == 20


def test_a_stretched_run_is_timed_anew(
    recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds=0.1)
    run = tmp_path / "run"
    train(recipe(**FOLLOWS), pictures, run, minutes=0.25, intervals=EVERY, quiet=True)
    former = sitting(run)["images"]
    resume(run, minutes=0.5, stretch=True, quiet=True)
    assert sitting(run)["images"] == pytest.approx(2 * former, rel=0.1)
    assert rates(run)[-1] == pytest.approx(1e-4, rel=1e-2)


def test_intervals_by_minutes(
    recipe: Build, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds=1.0)
    run = tmp_path / "run"
    every = Intervals(log="0.1min", sample="0.5min", checkpoint="1min", keep=100)
    train(recipe(**FOLLOWS), pictures, run, minutes=3, intervals=every, quiet=True)
    assert len(list((run / "samples").iterdir())) == 6
    # At the start, at the estimate, and at the end of each minute.
    assert len(list((run / "checkpoint").iterdir())) == 5
    seconds = [line["seconds"] for line in log.read(run / "log.jsonl")]
    assert len(seconds) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("budget", [Budget(minutes=3.5), Budget(steps=3000)])
def test_by_default_samples_follow_the_budget(
    budget: Budget,
    recipe: Build,
    pictures: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = Intervals().within(budget)
    seconds = [step * 0.07 for step in range(3001)]
    for name, least, most in (("sample", 9, 11), ("log", 50, 210), ("checkpoint", 1, 11)):
        interval = getattr(every, name)
        ends = [due(interval, n, seconds[n - 1], seconds[n]) for n in range(1, 3001)]
        assert least <= sum(ends) <= most, name


@pytest.mark.parametrize("every", ["often", "2 hours", "-1min", "infmin", "0min", -3, True])
def test_wrong_intervals_are_refused(every: object) -> None:
    with pytest.raises(InputError, match="the interval sample"):
        Intervals(sample=every)  # type: ignore[arg-type]


def test_lengths_in_closed_form() -> None:
    assert length(90.0, 100, 10.0, 10.0, 0.0) == pytest.approx(1000)
    # Half the images at 10 a second, half at 5: 1000 take 150 seconds, of which 10 are over.
    assert length(140.0, 100, 10.0, 5.0, 0.5) == pytest.approx(1000)
    assert length(140.0, 100, 10.0, 5.0, 500.0) == pytest.approx(1000)
    pace = Pace(minutes=1.0, seconds=0.0)
    seen = [pace.speed(10 * n, 1.0 + 0.5 * n) for n in range(6)]
    assert seen == [None, None, None, None, 20.0, 20.0]


@pytest.mark.parametrize("name", recipe_functions())
def test_every_recipe_ends_with_the_run(name: str) -> None:
    """No span of a recipe lies beyond the end of a short run, but for caps of averages."""
    short = recipe_named(name).lasting(1000).to_json()
    spans = [part["images"] for part in _parts(short) if "images" in part]
    assert all(0 <= span <= 1000 for span in spans)


def _parts(value: object) -> list[dict[str, float]]:
    if isinstance(value, list):
        return [part for item in value for part in _parts(item)]
    if not isinstance(value, dict):
        return []
    inner = [part for item in value.values() for part in _parts(item)]
    return inner + ([value] if "call" in value else [])


def test_r3_has_networks_that_fit_points(tmp_path: Path) -> None:
    model = sparring.train("r3", "ring8", tmp_path / "run", steps=2, quiet=True)
    assert model.manifest.recipe == recipe_named("r3", rank=0)
    assert model.manifest.recipe.networks["generator"].call == "sparring.networks.dense:Generator"


@pytest.mark.parametrize("name", ["dcgan", "superres"])
def test_recipes_of_pictures_name_those_that_fit_points(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipes can: gan, .*r3"):
        sparring.train(name, "ring8", tmp_path / "run", steps=2, quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "early", "late"),
    [
        ("cosine", {"start": 1.0, "end": 0.0}, [1.0, 1.0], [1.0, 0.5, 0.0]),
        ("linear", {"start": 0.0, "end": 1.0, "after": 0.5, "images": 0.5}, [0.0, 0.0], [0, 0, 1]),
        ("after", {"value": 2.0, "images": 0.5}, [0.0, 0.0], [0.0, 2.0, 2.0]),
        ("share", {"fraction": 0.5, "most": 0.25}, [0.0, 500.0], [0.0, 250.0, 250.0]),
    ],
)
def test_shares_are_of_the_whole_run_and_wait_for_its_length(
    name: str,
    arguments: dict[str, float],
    early: list[float],
    late: list[float],
    recipe: Build,
) -> None:
    part = Part(f"sparring.core.schedule:{name}", **arguments)
    made = recipe(ema=part, betas=None, learning_rates={})
    assert made.follows_length
    assert [made.ema.build()(images) for images in (0, 1000)] == early
    lasting = made.lasting(1000)
    assert not lasting.follows_length
    schedule = lasting.ema.build()
    assert [schedule(images) for images in (0, 500, 1000)] == pytest.approx(late)
