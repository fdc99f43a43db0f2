"""One studio for a folder of runs: who has it says so in a file there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparring.core.errors import InputError
from sparring.core.storage import writable_folder
from sparring.studio.processes import living, noted

NAME = ".studio.json"


@contextmanager
def claimed(place: Path, address: str) -> Iterator[None]:
    """Have the folder to oneself; a studio that died has it no longer.

    Raises:
        InputError: another studio is open on it, or it cannot be written.
    """
    writable_folder(place)
    file = place / NAME
    found = living(file)
    if found:
        there = found[1].get("address", "another address")
        raise InputError(f"a studio is open on {place} already, at {there}; use that one.")
    noted(file, os.getpid(), address=address)
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
