# ink/files.py
"""Where strokes come from: `.ink` files, and a toy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ink.domain import PAGE, Ink
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.kinds import Reading

POINTS = 16


def read(path: Path, reading: Reading) -> Content:
    """A file of strokes, each of as many points as it likes.

    Raises:
        InputError: a line that is no stroke.
    """
    lines = path.read_text().splitlines()
    return content(np.stack([_stroke(f"{path}:{n}", line) for n, line in enumerate(lines, 1)]))


def spirals() -> Content:
    """Strokes (2000, 2, 16) that wind around the middle of the page, half of them each way."""
    random = np.random.default_rng(0)
    way = np.linspace(0, 1, POINTS)
    turn = random.uniform(3, 6, (2000, 1)) * random.choice([-1, 1], (2000, 1))
    angle = random.uniform(0, 2 * np.pi, (2000, 1)) + turn * way
    places = np.stack([np.cos(angle), np.sin(angle)], 1) * way
    return content((places * 0.45 + 0.5) * PAGE)


def content(strokes: np.ndarray) -> Content:
    """Strokes (N, 2, P) in mm, as sparring takes them."""
    return Content(sample=strokes.astype("float32"), domain=Part(Ink, points=strokes.shape[2]))


def _stroke(where: str, line: str) -> np.ndarray:
    """(2, 16): a polyline's points, evenly spaced along its way."""
    try:
        places = np.array(json.loads(line), dtype="float64").reshape(-1, 2)
    except (ValueError, TypeError) as error:
        raise InputError(f"{where} is no stroke [[right, down], ...]: {error}.") from error
    if not (len(places) and (places >= 0).all() and (places <= PAGE).all()):
        raise InputError(f"{where} has no point, or one that is off the page of {PAGE:g} mm.")
    steps = np.hypot(*np.diff(places, axis=0).T)
    way = np.concatenate([[0], np.cumsum(steps)])
    even = np.linspace(0, way[-1], POINTS)
    return np.stack([np.interp(even, way, column) for column in places.T])
