"""Checkpoints: folders that hold a run's whole state, written whole or not at all."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sparring.artifact.manifest import Manifest
from sparring.artifact.stored import write_model
from sparring.core.errors import InputError
from sparring.core.storage import read_json, read_tensors, whole_folder, write_json, write_tensors
from sparring.training.state import Progress, State, progress_of


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
    # Folders of later steps are none of ours, or were passed over and will be written again.
    done = [step for step in steps(run) if step <= state.progress.step]
    for old in done[:-keep]:
        if old != state.progress.best_step:
            shutil.rmtree(_folder(run, old), ignore_errors=True)


def write_run_model(target: Path, manifest: Manifest, state: State) -> None:
    """Put the averaged networks where `Model.load` looks."""
    with whole_folder(target) as folder:
        write_model(folder, manifest, state.averaged)


def steps(run: Path) -> list[int]:
    """The steps of the checkpoints that look whole, in order."""
    return [step for step, folder in _named(run) if _progress(folder, step) is not None]


def reached(run: Path) -> Progress:
    """How far the run's last checkpoint is that looks whole; nowhere where there is none."""
    known = (_progress(folder, step) for step, folder in reversed(_named(run)))
    return next((found for found in known if found is not None), Progress())


def load_last(run: Path, state: State) -> list[str]:
    """Take up the last whole checkpoint; why later folders were passed over is returned.

    Raises:
        InputError: there is none that this run could have written.
    """
    words: list[str] = []
    for step, folder in reversed(_named(run)):
        try:
            _load(folder, step, state)
            return words
        except InputError as error:
            words.append(f"{folder} is not a whole checkpoint of this run ({error})".rstrip("."))
    if words:
        raise InputError(f"{words[0]}, and there is no other to go on from.")
    raise InputError(f"{run} has no checkpoint to go on from; train it anew with --overwrite.")


def _load(folder: Path, step: int, state: State) -> None:
    facts = read_json(folder / "state.json")
    if progress_of(facts).step != step:
        raise InputError("its state.json is of another step")
    names = state.averaged
    averaged = {name: read_tensors(folder / "model" / f"{name}.safetensors") for name in names}
    state.load(read_tensors(folder / "state.safetensors"), averaged, facts)


def _named(run: Path) -> list[tuple[int, Path]]:
    """Folders named like checkpoints, whole or not, with their steps, in order."""
    found = (run / "checkpoint").glob("step-*")
    return sorted((int(f.name[5:]), f) for f in found if re.fullmatch("step-[0-9]{8,18}", f.name))


def _progress(folder: Path, step: int) -> Progress | None:
    try:
        found = progress_of(read_json(folder / "state.json"))
    except InputError:
        return None
    return found if found.step == step else None


def _folder(run: Path, step: int) -> Path:
    return run / "checkpoint" / f"step-{step:08d}"
