"""Runs that earlier versions wrote go on to load, sample and resume (tests/frozen)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.verbs.report import report
from sparring.verbs.run import resume

FROZEN = Path(__file__).parent / "frozen" / "v0.1"


@pytest.mark.parametrize("name", ["points", "digits"])
def test_samples_are_those_of_version_0_1(name: str) -> None:
    samples = Model.load(FROZEN / name).sample(4, seed=0)
    expected = torch.from_numpy(np.load(FROZEN / f"{name}-samples.npy"))
    assert torch.allclose(samples, expected, atol=1e-5), "another CPU may round otherwise"


def test_a_translation_of_version_0_1_still_translates() -> None:
    model = Model.load(FROZEN / "pairs")
    assert model.source_domain is not None and model.source_domain.shape == (3, 16, 16)
    assert model.translate(torch.zeros(1, 3, 20, 16, dtype=torch.uint8)).shape == (1, 3, 20, 16)


@pytest.mark.parametrize(("name", "steps"), [("points", 6), ("digits", 4)])
def test_a_run_of_version_0_1_goes_on(name: str, steps: int, tmp_path: Path) -> None:
    run = Path(shutil.copytree(FROZEN / name, tmp_path / name))
    resume(run, steps=steps + 2, quiet=True)
    assert (run / "checkpoint" / f"step-{steps + 2:08d}").is_dir()
    report(run)


def test_opacity_of_earlier_versions_stays_straight(tmp_path: Path) -> None:
    model = Path(shutil.copytree(FROZEN / "digits" / "model", tmp_path / "model"))
    written = json.loads((model / "recipe.json").read_text())
    written["domain"]["shape"] = written["spec"]["shape"] = [4, 28, 28]
    (model / "recipe.json").write_text(json.dumps(written))
    domain = Manifest.read(model).domain.build()
    assert domain.decode(torch.zeros(1, 4, 28, 28)).unique().tolist() == [128]


def test_the_first_schema_still_loads(tmp_path: Path) -> None:
    model = Path(shutil.copytree(FROZEN / "points" / "model", tmp_path / "model"))
    written = json.loads((model / "recipe.json").read_text())
    del written["source"], written["spec"]["map"]
    written["spec"]["map_channels"] = 0
    (model / "recipe.json").write_text(json.dumps({**written, "schema": 1}))
    assert Manifest.read(model) == Manifest.read(FROZEN / "points" / "model")
