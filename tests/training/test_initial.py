"""Fine-tuning: a new run starts from the weights of a model, a run or a checkpoint."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

Build = Callable[..., Recipe]
EVERY = Intervals(log=0, sample=0, checkpoint=0, keep=10)


def started(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Playing networks and the averaged generator at step 0."""
    folder = run / "checkpoint" / "step-00000000"
    return load_file(folder / "state.safetensors"), load_file(
        folder / "model/generator.safetensors"
    )


@pytest.fixture
def trained(recipe: Build, pictures: str, tmp_path: Path) -> Path:
    train(recipe(), pictures, tmp_path / "trained", steps=5, intervals=EVERY, quiet=True)
    return tmp_path / "trained"


@pytest.mark.parametrize("place", ["", "checkpoint/step-00000005", "model"])
def test_a_run_starts_from_averages_and_the_discriminator_that_played(
    place: str, trained: Path, recipe: Build, pictures: str, tmp_path: Path
) -> None:
    run, origin = tmp_path / "run", trained / place
    train(*(recipe(), pictures, run), steps=2, seed=9, intervals=EVERY, quiet=True, initial=origin)
    playing, averaged = started(run)
    wanted = load_file(trained / "model" / "generator.safetensors")
    state = load_file(trained / "checkpoint" / "step-00000005" / "state.safetensors")
    assert wanted.keys() == averaged.keys()
    for name, value in wanted.items():
        assert torch.equal(averaged[name], value)
        assert torch.equal(playing[f"network.generator.{name}"], value)
    same = all(
        torch.equal(playing[name], value)
        for name, value in state.items()
        if name.startswith("network.discriminator.")
    )
    assert same == (place != "model"), "a model has no discriminator to go on with"
    noted = json.loads((run / "recipe.json").read_text())["sitting"]["initial"]
    assert noted["address"] == str(origin) and "generator" in noted["networks"]
    assert f"Fine-tuned from: {origin}" in (run / "model" / "README.md").read_text()


def test_a_fine_tuned_run_resumes_without_its_origin(
    trained: Path,
    recipe: Build,
    pictures: str,
    tmp_path: Path,
    weights: Callable[[Path], dict[str, bytes]],
) -> None:
    options = {"intervals": EVERY, "quiet": True, "initial": trained}
    for name, steps in (("whole", 6), ("parts", 3)):
        train(recipe(), pictures, tmp_path / name, steps=steps, **options)
    shutil.rmtree(trained)
    resume(tmp_path / "parts", steps=6, quiet=True)
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")


def test_other_shapes_are_one_sentence_and_nothing_is_written(
    trained: Path, recipe: Build, pictures: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    says = rf"generator of {re.escape(str(trained))} does not fit .* shape .*; set widths, latent"
    with pytest.raises(InputError, match=says):
        train(recipe(latent=6), pictures, run, steps=2, quiet=True, initial=trained)
    with pytest.raises(InputError, match="there is no run or model at"):
        train(recipe(), pictures, run, steps=2, quiet=True, initial=tmp_path / "nowhere")
    assert not run.exists()


def test_no_network_in_common_is_said(trained: Path, pictures: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has discriminator, generator, and 'vae' has encoder"):
        train("vae", pictures, tmp_path / "run", steps=2, batch=4, quiet=True, initial=trained)
