"""Runs on data handed over in Python, on folders that moved, from other working folders."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

import sparring
from sparring.artifact.manifest import Manifest
from sparring.cli import call
from sparring.core.errors import InputError

POINTS = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
TINY: dict[str, Any] = {
    "batch": 8,
    "settings": {"generator.widths": [8], "discriminator.widths": [8]},
    "intervals": sparring.Intervals(log=0, sample=0, checkpoint=1),
    "quiet": True,
}


def weights(run: Path) -> bytes:
    return (run / "model" / "generator.safetensors").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 24 pictures."""
    (tmp_path / "holiday").mkdir()
    for number in range(24):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(noise).save(tmp_path / "holiday" / f"{number}.png")
    return tmp_path / "holiday"


@pytest.mark.parametrize(
    "data",
    [POINTS, torch.from_numpy(POINTS), TensorDataset(torch.from_numpy(POINTS)), POINTS.tolist()],
    ids=["array", "tensor", "torch data set", "list"],
)
def test_data_handed_over_train_as_their_file_and_go_on(tmp_path: Path, data: Any) -> None:
    np.save(tmp_path / "x.npy", POINTS)
    sparring.train("gan", tmp_path / "x.npy", tmp_path / "whole", steps=4, **TINY)
    sparring.train("gan", data, tmp_path / "run", steps=2, **TINY)
    sparring.resume(tmp_path / "run", data=data, steps=4, quiet=True)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


def test_a_run_on_data_handed_over_asks_for_them(tmp_path: Path) -> None:
    model = sparring.train("gan", POINTS, tmp_path / "run", steps=1, **TINY)
    with pytest.raises(InputError, match=r"handed over in Python .ndarray.*data=…"):
        sparring.resume(tmp_path / "run", steps=2, quiet=True)
    with pytest.raises(InputError, match="handed over in Python"):
        sparring.evaluate(model)
    with pytest.raises(InputError, match="has changed since"):
        sparring.resume(tmp_path / "run", data=POINTS + 1, steps=2, quiet=True)
    with pytest.raises(InputError, match=r"have shape .3,"):
        sparring.evaluate(model, POINTS[:, [0, 1, 1]])
    assert sparring.evaluate(model, POINTS).scores
    page = sparring.report(tmp_path / "run").read_text()
    assert "sparring.train(recipe, data, " in page.replace("&#x27;", "'")


def test_samples_in_memory_are_scored(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 8, 8), np.uint8)
    pictures = [Image.fromarray(values) for values in noise]
    found = sparring.evaluate(pictures[:40], pictures, size=8, extractor="pixels")
    stored = torch.from_numpy(noise[:40, None])
    encoded = sparring.load_data(noise).domain.build().encode(stored)
    for same in (encoded, encoded.numpy()):
        assert sparring.evaluate(same, noise, extractor="pixels").scores == found.scores


def test_a_list_of_pictures_is_trained_on_with_options(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (12, 8), (n, 0, 255 - n)) for n in range(20)]
    options: dict[str, Any] = {"size": 8, "fit": "pad", "dedupe": True, "channels": 3}
    sparring.train("gan", pictures, tmp_path / "run", steps=1, **options, **TINY)
    assert Manifest.read(tmp_path / "run").sitting["reading"] == options
    model = sparring.resume(tmp_path / "run", data=pictures, steps=2, quiet=True)
    assert model.sample(2).shape == (2, 3, 8, 8)


def test_a_folder_may_move_and_the_working_folder_change(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sparring.train("gan", Path("holiday"), "run", steps=1, **TINY)
    run = tmp_path / "run"
    assert Manifest.read(run).data["address"] == str(folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    sparring.resume(run, steps=2, quiet=True)
    folder.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="no file or folder"):
        sparring.resume(run, steps=3, quiet=True)
    assert call(["resume", str(run), "--steps", "3", "--data", "../moved", "--quiet"]) == 0
    assert Manifest.read(run).data["address"] == str(tmp_path / "elsewhere" / ".." / "moved")
    monkeypatch.chdir(tmp_path)
    sparring.resume(run, steps=4, quiet=True)
    shutil.copy("moved/0.png", "moved/again.png")
    assert call(["resume", str(run), "--steps", "5", "--quiet"]) == 2
    assert call(["resume", str(run), "--steps", "5", "--data", "digits", "--quiet"]) == 2


def test_flags_of_reading_reach_the_run(tmp_path: Path, folder: Path) -> None:
    (folder / "broken.png").write_text("no picture")
    shutil.copy(folder / "0.png", folder / "again.png")
    flags = ["--size", "4x8", "--fit", "stretch", "--skip-broken", "--dedupe"]
    small = ["--set", "generator.widths=[8]", "--set", "discriminator.widths=[8]", "--batch", "4"]
    run = ["--run", str(tmp_path / "run"), "--steps", "1", "--quiet"]
    assert call(["train", "gan", "--data", str(folder), *flags, *small, *run]) == 0
    manifest = Manifest.read(tmp_path / "run")
    assert manifest.sitting["reading"] == {
        **{"size": [4, 8], "fit": "stretch", "skip_broken": True, "dedupe": True}
    }
    assert manifest.data["train"] + manifest.data["held_out"] == 24
    sparring.resume(tmp_path / "run", steps=2, quiet=True)


def test_flags_of_arrays_reach_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.linspace(0, 3, 80 * 20).reshape(80, 1, 20))
    check = ["data", "check", str(tmp_path / "x.npy")]
    assert call(check) == 2 and "--data-kind pictures|points" in capsys.readouterr().out
    assert call([*check, "--data-kind", "pictures", "--range", "0..4"]) == 0
    assert "from 0 to 4 as stated" in capsys.readouterr().out
    assert call([*check, "--data-kind", "pictures", "--range", "4"]) == 2
    assert call(["train", "r3", "--data", "digits", "--range", "x..y"]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stepz": 3}, "unknown option of train 'stepz'"),
        ({"dedup": True}, "did you mean 'dedupe'"),
        ({"size": 4.5}, "size must be"),
    ],
)
def test_options_that_there_are_not(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        sparring.train("gan", POINTS, tmp_path / "run", steps=1, **options)
    assert not (tmp_path / "run").exists()


def test_a_dataset_is_read_already(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="read already; give size"):
        sparring.train("gan", sparring.load_data(POINTS), tmp_path / "run", size=8)
