"""Checkpoints that this run did not write: refused before use, or passed over with a word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.training import checkpoint
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

Build = Callable[..., Recipe]
MOMENT = "optimizer.generator.0.exp_avg"


@pytest.fixture(scope="session")
def _four_steps(pictures: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    kept: dict[str, Path] = {}

    def run(recipe: Recipe) -> Path:
        if recipe.name not in kept:
            kept[recipe.name] = tmp_path_factory.mktemp("four") / "run"
            every = Intervals(log=1, sample=0, checkpoint=2, keep=1)
            train(recipe, pictures, kept[recipe.name], steps=4, intervals=every, quiet=True)
        return kept[recipe.name]

    return run


@pytest.fixture
def run(_four_steps: Callable[..., Path], recipe: Build, tmp_path: Path) -> Path:
    """A run of four steps whose only checkpoint may be spoiled."""
    return Path(shutil.copytree(_four_steps(recipe()), tmp_path / "run"))


def last(run: Path) -> Path:
    return run / "checkpoint" / "step-00000004"


def spoil(run: Path, name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    path = last(run) / "state.safetensors"
    tensors = load_file(path)
    tensors[name] = change(tensors[name]).contiguous()
    save_file(tensors, path)


@pytest.mark.parametrize("name", [MOMENT, "optimizer.discriminator.1.exp_avg_sq"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda value: value.flatten()[:1], "has shape"),
        (lambda value: value.t() if value.dim() == 2 else value[:-1], "has shape"),
        (lambda value: value[None], "has shape"),
        (lambda value: value.double(), "float64, not torch.float32"),
        (lambda value: value.to(torch.uint8), "uint8, not torch.float32"),
        (lambda value: torch.zeros(()), "has shape"),
    ],
)
def test_moments_unlike_their_weights_are_refused(
    run: Path, name: str, change: Callable[[torch.Tensor], torch.Tensor], says: str
) -> None:
    spoil(run, name, change)
    with pytest.raises(InputError, match=f"{name}.*{says}|{says}"):
        resume(run, steps=6, quiet=True)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_step_counters_count(run: Path, value: float) -> None:
    spoil(run, "optimizer.generator.0.step", lambda old: torch.full_like(old, value))
    with pytest.raises(InputError, match="counts nothing"):
        resume(run, steps=6, quiet=True)


def test_weights_of_another_type_are_refused(run: Path) -> None:
    name = next(n for n in load_file(last(run) / "state.safetensors") if n.startswith("network."))
    spoil(run, name, lambda value: value.double())
    with pytest.raises(InputError, match="float64"):
        resume(run, steps=6, quiet=True)


@pytest.mark.parametrize("missing", [True, False])
def test_tensors_missing_or_foreign_are_refused(run: Path, missing: bool) -> None:
    path = last(run) / "state.safetensors"
    tensors = load_file(path)
    if missing:
        del tensors[MOMENT]
    else:
        tensors["optimizer.generator.99.exp_avg"] = torch.zeros(1)
    save_file(tensors, path)
    with pytest.raises(InputError, match=f"{MOMENT}' is missing|nothing here has a tensor"):
        resume(run, steps=6, quiet=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", "fast"),
        ("lr", float("nan")),
        ("betas", [0.5]),
        ("betas", None),
        ("params", [0, 1, 2]),
        ("params", 10**9),
        ("maximize", True),
        ("fused", None),
        ("surprise", 1),
    ],
)
def test_parameter_groups_are_checked(run: Path, name: str, value: object) -> None:
    path = last(run) / "state.json"
    facts = json.loads(path.read_text())
    facts["groups"]["generator"][0][name] = value
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match="groups"):
        resume(run, steps=6, quiet=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("images", -1), ("images", "many"), ("batches", 1.5), ("seconds", None), ("step", 3)],
)
def test_progress_is_checked(run: Path, name: str, value: object) -> None:
    path = last(run) / "state.json"
    facts = json.loads(path.read_text())
    facts["progress"][name] = value
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match=name):
        resume(run, steps=6, quiet=True)


@pytest.mark.parametrize("kind", ["empty", "half", "a file", "another step"])
def test_folders_that_are_no_checkpoint_are_passed_over(
    run: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = run / "checkpoint" / "step-99999999"
    if kind == "a file":
        foreign.write_text("notes")
    elif kind == "empty":
        foreign.mkdir()
    else:
        shutil.copytree(last(run), foreign)
        if kind == "half":
            (foreign / "state.safetensors").unlink()
    resume(run, steps=6, quiet=True)
    assert "passed over: " in (said := capsys.readouterr().err)
    assert "step-99999999" in said
    assert checkpoint.steps(run) == [6]
    assert foreign.exists(), "what is not ours is left alone"


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    recipe: Build, pictures: str, tmp_path: Path, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    every = Intervals(log=1, sample=0, checkpoint=2)
    for name in ("whole", "spoilt"):
        train(recipe(), pictures, tmp_path / name, steps=4, intervals=every, quiet=True)
    spoil(tmp_path / "spoilt", MOMENT, lambda value: value[None])
    for name in ("whole", "spoilt"):
        resume(tmp_path / name, steps=6, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "spoilt")


def test_players_without_a_turn_have_no_moments_yet(
    recipe: Build, pictures: str, tmp_path: Path, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    late = recipe(warmup=40)
    every = Intervals(log=1, sample=0, checkpoint=2)
    train(late, pictures, tmp_path / "whole", steps=7, intervals=every, quiet=True)
    train(late, pictures, tmp_path / "parts", steps=2, intervals=every, quiet=True)
    found = load_file(tmp_path / "parts" / "checkpoint" / "step-00000002" / "state.safetensors")
    assert not [name for name in found if name.startswith("optimizer.discriminator")]
    resume(tmp_path / "parts", steps=7, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_a_pool_of_fakes_is_no_larger_than_asked() -> None:
    from sparring.games.cycle import Pool

    pool = Pool(2)
    with pytest.raises(ValueError, match="cannot hold 3"):
        pool.load_state_dict({"kept": torch.zeros(3, 1)})
