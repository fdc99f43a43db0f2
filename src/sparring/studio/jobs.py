"""Trainings that the studio begins: ordinary runs of the ordinary verbs in processes of their own.

They outlive the page and the studio. Beside the runs, in `.studio/`, stands which process trains
which run, and what it printed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sparring.core.errors import InputError
from sparring.core.storage import writable_folder
from sparring.studio.processes import living, noted

NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TOLD = 2000
"""Last characters of what a process printed that are looked through."""


def checked_name(place: Path, name: str) -> str:
    """A new run's name, which is a word and no path.

    Raises:
        InputError: it is none, or a run has it.
    """
    name = checked_word(name.strip())
    if (place / name).exists():
        raise InputError(f"there is a run {name} already; choose another name.")
    return name


def checked_word(name: str) -> str:
    """A run's name, which leads nowhere else.

    Raises:
        InputError: it is a path, or nothing.
    """
    if not NAMES.fullmatch(name):
        raise InputError(
            f"a run's name is a word of letters, digits, dots and dashes, not {name[:64]!r}."
        )
    return name


def begin(place: Path, name: str, words: Sequence[str]) -> None:
    """Start `sparring WORDS` for the run of that name.

    Raises:
        InputError: it is being trained already, or the folder cannot be written.
    """
    if training(place, name):
        raise InputError(f"{name} is being trained already.")
    notes = place / ".studio"
    writable_folder(notes)
    with (notes / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sparring", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Somebody must wait for it, or it stays a zombie when it has ended.
    threading.Thread(target=process.wait, daemon=True).start()
    noted(_note(place, name), process.pid)


def training(place: Path, name: str) -> bool:
    """Whether a process that the studio began is at it."""
    return living(_note(place, name)) is not None


def stop(place: Path, name: str) -> None:
    """Ask the training to save and end.

    Raises:
        InputError: nothing trains it.
    """
    found = living(_note(place, name))
    if found is None:
        raise InputError(f"{name} is not being trained by a studio, so there is nothing to stop.")
    found[0].terminate()


def last_words(place: Path, name: str) -> str:
    """Why a training ended, where it ended badly: the sentence that it printed."""
    log = place / ".studio" / f"{name}.log"
    if not log.is_file():
        return ""
    lines = log.read_text(errors="replace")[-TOLD:].splitlines()
    said = [line.partition("sparring: ")[2] for line in lines if line.startswith("sparring: ")]
    return said[-1] if said else ""


def begun(place: Path) -> list[str]:
    """Names of the runs that a studio began, the newest last."""
    found = [*(place / ".studio").glob("*.json")]
    return [path.stem for path in sorted(found, key=lambda path: path.stat().st_mtime)]


def _note(place: Path, name: str) -> Path:
    """Where it stands which process trains the run."""
    return place / ".studio" / f"{name}.json"
