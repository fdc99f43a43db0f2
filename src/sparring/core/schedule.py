"""Schedules: pure functions of the real samples ("images") seen so far.

A span (`images`, `after`, `most`) up to 1 is a share of the run's length, a larger one is so many
images. `Recipe.lasting` puts images in the place of shares; as long as the length is not known, a
schedule stands where it begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sparring.core.ranges import Above, Amount

Schedule = Callable[[int], float]

SPANS = ("images", "after", "most")
"""The arguments below that are spans."""


def is_share(span: float) -> bool:
    """Whether a span is a share of the run's length."""
    return 0.0 < span <= 1.0


def span_within(span: float, length: int) -> float:
    """The span in images, in a run of so many images; 2 at least, as 1 would be a share again."""
    return max(round(span * length), 2) if is_share(span) else span


def constant(value: Amount) -> Schedule:
    """The same value for ever."""
    return lambda images: value


def cosine(start: Amount, end: Amount, images: Above = 1.0) -> Schedule:
    """From start to end along half a cosine over that span, then constant."""

    def value(seen: int) -> float:
        return end + (start - end) * (1.0 + math.cos(math.pi * _progress(seen, images))) / 2.0

    return value


def linear(start: Amount, end: Amount, images: Above = 1.0, after: Amount = 0.0) -> Schedule:
    """From start to end in a straight line over that span, which begins after another one."""

    def value(seen: int) -> float:
        begun = 0.0 if is_share(after) else max(seen - after, 0)
        return start + (end - start) * _progress(begun, images)

    return value


def after(value: Amount, images: Above) -> Schedule:
    """0 for that span, then the value."""
    return lambda seen: value if not is_share(images) and seen >= images else 0.0


def share(fraction: Amount, most: Amount) -> Schedule:
    """A fraction of the images seen, but at most that span: the usual EMA half-life."""
    limit = math.inf if is_share(most) else most
    return lambda images: min(fraction * images, limit)


def scheduled(value: Amount | Schedule) -> Schedule:
    """A schedule as it is, a number as a constant one."""
    return value if callable(value) else constant(value)


def _progress(seen: float, images: float) -> float:
    """How much of the span is over, in [0, 1]."""
    if is_share(images):
        return 0.0
    return min(seen / images, 1.0) if images > 0 else 1.0
