"""Which process is meant by a file: its number, and when it began, for numbers come again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.core.storage import read_json, write_json

if TYPE_CHECKING:
    import psutil


def noted(file: Path, number: int, **more: Any) -> None:
    """Write down a process that runs now, and what else there is to say of it."""
    import psutil

    began = psutil.Process(number).create_time()
    write_json(file, {"process": number, "began": began, **more})


def living(file: Path) -> tuple[psutil.Process, dict[str, Any]] | None:
    """The process that a file names and what stands there; None if it has ended."""
    import psutil

    with suppress(InputError, KeyError, psutil.Error, TypeError, ValueError):
        known = read_json(file)
        process = psutil.Process(int(known["process"]))
        same = process.create_time() == known["began"]
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process, known
    return None
