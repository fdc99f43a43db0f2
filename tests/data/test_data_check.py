from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sparring.data import check, load

Writer = Callable[..., Path]


def facts(report: object) -> dict[str, str]:
    return dict(report.facts)  # type: ignore[attr-defined]


def test_a_sound_folder_is_counted(faces: Path) -> None:
    report = check(faces, batch=4)
    assert report.ok
    known = facts(report)
    assert known["pictures"] == "12" and known["sizes"] == "8 x 8 (12)"
    assert known["modes"] == "grey (12)" and known["one item"] == "1 x 8 x 8"
    assert known["labels"].startswith("2, from")
    assert report.lines()[-1].endswith("is ready to train on.")


def test_few_items_are_a_warning_and_fewer_than_a_batch_an_error(faces: Path) -> None:
    assert "11 items are few" in check(faces, batch=11).warnings[0]
    report = check(faces, batch=12)
    assert not report.ok and "fewer than a batch of 12" in report.errors[0]
    assert report.lines()[-1].endswith("cannot be trained on.")


def test_exact_duplicates_are_counted(faces: Path) -> None:
    for index in range(3):
        shutil.copy(faces / "cat" / "00.png", faces / "cat" / f"copy{index}.png")
    report = check(faces, held_out=0)
    assert any("3 of 15 items to train on are exact duplicates" in w for w in report.warnings)


def test_our_own_split_never_leaks_but_a_given_one_may(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (30, 4, 4), np.uint8)
    twice = np.concatenate([grey, grey])
    np.savez(tmp_path / "ours.npz", sample=twice)
    assert not any("flatters" in w for w in check(tmp_path / "ours.npz").warnings)
    np.savez(tmp_path / "given.npz", sample=twice, held_out=np.arange(60) >= 50)
    report = check(tmp_path / "given.npz")
    assert any("10 of 10 held-out items are also trained on" in w for w in report.warnings)


def test_uneven_labels_are_a_warning(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (600, 4, 4), np.uint8)
    np.savez(tmp_path / "x.npz", sample=grey, label=np.arange(600) < 12)
    warnings = check(tmp_path / "x.npz").warnings
    assert any("labels are uneven" in warning for warning in warnings)


def test_a_loaded_data_set_is_checked_without_reading_it_again(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load(faces)
    shutil.rmtree(faces)
    assert check(found, batch=4).ok


def test_blank_pictures_are_a_warning(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    np.save(tmp_path / "x.npy", noise)
    assert not any("one colour" in warning for warning in check(tmp_path / "x.npy").warnings)
    noise[:3] = (1, 2, 3)
    np.save(tmp_path / "x.npy", noise)
    warnings = check(tmp_path / "x.npy", held_out=0).warnings
    assert "3 of 20 samples to train on are of one colour throughout." in warnings
