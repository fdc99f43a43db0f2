"""Checkpoints: folders that hold a run's whole state, written whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import write_model
from sparring.core.errors import InputError
from sparring.core.storage import read_json, read_tensors, whole_folder, write_json, write_tensors
from sparring.training.state import State


def save(run: Path, manifest: Manifest, state: State, keep: int) -> None:
    """Write the checkpoint of this step and the run's model; drop all but the last `keep`.

    Raises:
        InputError: it cannot be written; the former checkpoints are intact.
    """
    with whole_folder(run / "checkpoint" / f"step-{state.progress.step:08d}") as folder:
        write_tensors(folder / "state.safetensors", state.tensors())
        write_json(folder / "state.json", state.facts())
        (folder / "model").mkdir()
        write_model(folder / "model", manifest, state.averaged)
    write_run_model(run / "model", manifest, state)
    for old in steps(run)[:-keep]:
        if old != state.progress.best_step:
            shutil.rmtree(_folder(run, old), ignore_errors=True)


def write_run_model(target: Path, manifest: Manifest, state: State) -> None:
    """Put the averaged networks where `Model.load` looks."""
    with whole_folder(target) as folder:
        write_model(folder, manifest, state.averaged)


def steps(run: Path) -> list[int]:
    """The steps of the whole checkpoints, in order."""
    found = (run / "checkpoint").glob("step-*")
    return sorted(int(folder.name[5:]) for folder in found if folder.name[5:].isdecimal())


def load_last(run: Path, state: State) -> None:
    """Take up the last checkpoint.

    Raises:
        InputError: there is none, or it is damaged.
    """
    known = steps(run)
    if not known:
        raise InputError(f"{run} has no checkpoint to go on from; train it anew with --overwrite.")
    folder = _folder(run, known[-1])
    names = state.averaged
    averaged = {name: read_tensors(folder / "model" / f"{name}.safetensors") for name in names}
    state.load(
        read_tensors(folder / "state.safetensors"), averaged, read_json(folder / "state.json")
    )


def _folder(run: Path, step: int) -> Path:
    return run / "checkpoint" / f"step-{step:08d}"
