"""The log: one line of JSON an interval, and the means that go into it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import torch
from torch import Tensor

from sparring.core.ranges import Count, fits


class _Line(TypedDict):
    """What a line counts; further names stand for scalars."""

    step: Count
    images: NotRequired[Count]
    skipped: NotRequired[Count]
    rollbacks: NotRequired[Count]
    warning: NotRequired[str]


class Tally:
    """Means of scalars since the last look; nothing is read off the device before."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Take in one step's scalars; a lazy term is averaged over its own steps alone."""
        for name, value in values.items():
            former = self._sums.get(name)
            self._sums[name] = value if former is None else former + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """The means, after which the tally starts anew."""
        if not self._sums:
            return {}
        counts = torch.tensor([float(self._counts[name]) for name in self._sums])
        means = torch.stack([value.float().cpu() for value in self._sums.values()]) / counts
        named = dict(zip(self._sums, means.tolist(), strict=True))
        self._sums, self._counts = {}, {}
        return named


def append(path: Path, line: Mapping[str, object]) -> None:
    """Add one line to a log."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """The numbers and warnings of all whole lines of a log.

    A line cut short by a crash, or that no run writes, is left out.
    """
    return [
        {name: v for name, v in line.items() if isinstance(v, str) == (name == "warning")}
        for line in _lines(path)
    ]


def cut(path: Path, step: int) -> None:
    """Drop the lines after a step, which a resumed run will write again."""
    kept = [line for line in _lines(path) if line["step"] <= step]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    lines = []
    for text in path.read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(text)
            if fits(line, dict[str, float | str]) and fits(line, _Line):
                lines.append(line)
    return lines
