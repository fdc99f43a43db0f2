"""What a run shows between its checkpoints: to whoever looks, and to nobody else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.storage import read_tensors
from sparring.recipes import recipe_named
from sparring.training import live
from sparring.training.state import State
from sparring.verbs.inside import players, players_now
from sparring.verbs.run import train


def trained(run: Path) -> dict[str, torch.Tensor]:
    """Weights of a tiny run of points, all of whose checkpoints are its first and its last."""
    recipe = recipe_named("gan", {"widths": (8,), "discriminator_widths": (8,)})
    train(recipe, "ring8", run, steps=4, batch=16, quiet=True)
    return read_tensors(run / "checkpoint" / "step-00000004" / "state.safetensors")


def test_whoever_looks_sees_each_step_and_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, steps, show = trained(tmp_path / "alone"), [], live.Window.show

    def look(window: live.Window, state: State) -> None:
        live.watch(window.run)
        show(window, state)
        now = players_now(window.run)
        if now is not None:
            steps.append(now.step)
            weights = now.discriminator.state_dict()
            for name, value in state.networks["discriminator"].state_dict().items():
                assert torch.equal(weights[name], value)

    monkeypatch.setattr(live.Window, "show", look)
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "REST", 0)
    watched = trained(tmp_path / "watched")
    assert steps == [1, 2, 3, 4]
    assert all(torch.equal(value, watched[name]) for name, value in alone.items())
    assert players_now(tmp_path / "watched") is None, "the last checkpoint holds it all"
    assert players(tmp_path / "watched").step == 4
    names = [path.name for path in (tmp_path / "watched").iterdir()]
    assert live.SHOWN not in names and live.WATCHED not in names


def test_nobody_looking_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("written for nobody")

    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "write_tensors", never)
    trained(tmp_path / "run")


def test_a_look_counts_for_some_seconds(tmp_path: Path) -> None:
    assert not live._watched(tmp_path)
    live.watch(tmp_path)
    assert live._watched(tmp_path)
    long_ago = time.time() - 2 * live.PATIENCE
    os.utime(tmp_path / live.WATCHED, (long_ago, long_ago))
    assert not live._watched(tmp_path)
    live.watch(tmp_path / "none")  # not there: told to nobody, and no harm


def test_a_damaged_file_shows_nothing_and_a_full_disk_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / live.SHOWN).write_bytes(b"torn")
    assert live.seen(tmp_path) is None

    def full(*_: object) -> None:
        raise InputError("cannot write: no space left.")

    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "write_tensors", full)
    monkeypatch.setattr(live, "_watched", lambda run: True)
    trained(tmp_path / "run")
