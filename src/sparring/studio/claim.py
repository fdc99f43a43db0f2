"""One studio for a folder of runs: who has it says so in a file there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparring.core.errors import InputError
from sparring.core.storage import read_json, writable_folder, write_json

NAME = ".studio.json"


@contextmanager
def claimed(place: Path, address: str) -> Iterator[None]:
    """Have the folder to oneself; a studio that died has it no longer.

    Raises:
        InputError: another studio is open on it, or it cannot be written.
    """
    import psutil

    writable_folder(place)
    file, me = place / NAME, psutil.Process()
    other = _owner(file)
    if other:
        raise InputError(f"a studio is open on {place} already, at {other}; use that one.")
    write_json(file, {"process": me.pid, "began": me.create_time(), "address": address})
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()


def _owner(file: Path) -> str:
    """The address of the living studio that the file names; empty where there is none."""
    import psutil

    with suppress(InputError, KeyError, psutil.Error, TypeError, ValueError):
        known = read_json(file)
        if psutil.Process(int(known["process"])).create_time() == known["began"]:
            return str(known["address"])
    return ""
