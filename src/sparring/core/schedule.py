"""Schedules: pure functions of the real samples ("images") seen so far."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """The same value for ever."""
    return lambda images: value


def cosine(start: float, end: float, images: int) -> Schedule:
    """From start to end along half a cosine over so many images, then constant."""

    def value(seen: int) -> float:
        progress = min(seen / images, 1.0) if images > 0 else 1.0
        return end + (start - end) * (1.0 + math.cos(math.pi * progress)) / 2.0

    return value


def linear(start: float, end: float, images: int, after: int = 0) -> Schedule:
    """From start to end in a straight line over so many images, beginning `after` some."""

    def value(seen: int) -> float:
        progress = min(max(seen - after, 0) / images, 1.0) if images > 0 else 1.0
        return start + (end - start) * progress

    return value


def after(value: float, images: int) -> Schedule:
    """0 for so many images, then the value."""
    return lambda seen: value if seen >= images else 0.0


def share(fraction: float, most: float) -> Schedule:
    """A fraction of the images seen, but at most so many: the usual EMA half-life."""
    return lambda images: min(fraction * images, most)


def scheduled(value: float | Schedule) -> Schedule:
    """A schedule as it is, a number as a constant one."""
    return value if callable(value) else constant(value)
