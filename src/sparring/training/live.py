"""Live: all networks as they play now, for whoever looks at a run between its checkpoints."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import read_tensors, whole_file, write_tensors
from sparring.training.state import State

SHOWN, WATCHED = "live.safetensors", ".watched"
"""What a run shows, and the file whose age says when somebody last looked."""
PAUSE, PATIENCE = 0.5, 15.0
"""Seconds between two looks for that file, and those for which a look counts."""
REST = 10
"""Times as long as it took to write is not written again: at most a tenth of the time is lost."""


class Window:
    """What a run shows of itself while somebody looks; nothing else is ever written or read.

    Training is the same to the bit, looked at or not.
    """

    def __init__(self, run: Path) -> None:
        self.run, self._next = run, 0.0

    def show(self, state: State) -> None:
        """Write the networks, if somebody looks and it is time."""
        began = time.monotonic()
        if began < self._next:
            return
        self._next = began + PAUSE
        if not _watched(self.run):
            return
        with suppress(InputError):  # whatever is in the way, hours of training go on
            step = torch.tensor(state.progress.step)
            with whole_file(self.run / SHOWN) as draft:
                write_tensors(draft, {**state.playing(), "step": step})
        self._next = max(self._next, time.monotonic() + REST * (time.monotonic() - began))

    def close(self) -> None:
        """Nothing moves any more: the last checkpoint holds it all."""
        for name in (SHOWN, WATCHED):
            with suppress(OSError):
                (self.run / name).unlink()


def watch(run: Path) -> None:
    """Let the trainer know that somebody looks; where that cannot be written, it is not told."""
    with suppress(OSError):
        (run / WATCHED).touch()


def seen(run: Path) -> tuple[int, dict[str, Tensor]] | None:
    """The step at which a run last showed itself, and its networks' weights by dotted name."""
    try:
        found = read_tensors(run / SHOWN)
        return int(found.pop("step")), found
    except (InputError, KeyError):
        return None


def _watched(run: Path) -> bool:
    try:
        return time.time() - (run / WATCHED).stat().st_mtime < PATIENCE
    except OSError:
        return False
