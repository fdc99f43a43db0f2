"""Budget, intervals, and pace: how long a run is, what happens on the way, and how fast it goes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from sparring.core.errors import InputError
from sparring.core.ranges import LONGEST as SHOWN
from sparring.core.ranges import Count, Every, check
from sparring.core.schedule import is_share

WINDOW = 0.05
"""Share of the minutes after which the run's length is estimated, from the second half of it."""
LONGEST = 60.0
"""Seconds after which it is estimated at the latest."""

AT_MOST = {"log": 0.25, "sample": math.inf, "checkpoint": 3.0}
"""Minutes between two that an interval of the budget never exceeds."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to train: to a step, or until so many minutes of training are over."""

    steps: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """From one to the next: steps, minutes such as "2min", or 0 for never.

    None follows the budget: about ten samples, two hundred lines of log, and a checkpoint at least
    every three minutes.

    Raises:
        InputError: none of these.
    """

    log: int | str | None = None
    sample: int | str | None = None
    checkpoint: int | str | None = None
    score: int | str = 0
    keep: int = 2
    """Checkpoints kept, beside the best."""

    def __post_init__(self) -> None:
        check("keep", self.keep, Every)
        for name in ("log", "sample", "checkpoint", "score"):
            object.__setattr__(self, name, _checked(name, getattr(self, name)))

    def within(self, budget: Budget) -> Intervals:
        """The intervals with those filled in that follow the budget."""
        usual: dict[str, Any]
        if budget.steps is not None:
            log = max(min(budget.steps // 200, 50), 1)
            usual = {"log": log, "sample": max(budget.steps // 10, 10), "checkpoint": "3min"}
        else:
            minutes = budget.minutes or 1.0
            spans = {"log": minutes / 200, "sample": minutes / 10, "checkpoint": minutes / 10}
            usual = {name: f"{min(span, AT_MOST[name])}min" for name, span in spans.items()}
        chosen = {name: every for name, every in vars(self).items() if every is not None}
        return Intervals(**{**usual, **chosen})


def due(every: int | str | None, step: int, before: float, now: float) -> bool:
    """Whether an interval ended with this step, in which training went from `before` to `now`."""
    if isinstance(every, str):
        period = 60.0 * _minutes(every)
        return int(now / period) > int(before / period)
    return bool(every) and step % every == 0  # type: ignore[operator]


class Pace:
    """Measures, in the first steps of a sitting, how fast it goes; the very first are slower."""

    def __init__(self, minutes: float, seconds: float) -> None:
        self._begin, self._window = seconds, min(60.0 * minutes * WINDOW, LONGEST)
        self._mark: tuple[int, float] | None = None

    def speed(self, images: int, seconds: float) -> float | None:
        """Images a second, once enough steps were seen; None before."""
        passed = seconds - self._begin
        if self._mark is None:
            if passed >= self._window / 2.0:
                self._mark = (images, seconds)
            return None
        known = passed >= self._window and seconds > self._mark[1]
        return (images - self._mark[0]) / (seconds - self._mark[1]) if known else None


def length(left: float, images: int, alone: float, together: float, warmup: float) -> float:
    """Images that a run will have seen when so many seconds more are over.

    Args:
        left: seconds to go.
        images: seen already.
        alone: images a second before the discriminator's first turn.
        together: images a second after it.
        warmup: the span before it, a share of the run or images.
    """
    if is_share(warmup):
        return (left + images / alone) / (warmup / alone + (1.0 - warmup) / together)
    waiting = min(max(warmup - images, 0.0), left * alone)
    return images + waiting + (left - waiting / alone) * together


def _checked(name: str, every: int | str | None) -> int | str | None:
    if isinstance(every, str) and re.fullmatch("[0-9]{1,15}", every.strip()):
        every = int(every)
    if isinstance(every, str):
        _minutes(every, name)
    else:
        check(f"the interval {name}, in steps,", every, Count | None)
    return every


def _minutes(every: str, name: str = "") -> float:
    try:
        minutes = float(every.strip().removesuffix("min"))
    except ValueError:
        minutes = math.nan
    if not (every.strip().endswith("min") and 0.0 < minutes < math.inf):
        said = every[:SHOWN]
        raise InputError(f"the interval {name} is in steps (500) or minutes (2min), not {said!r}.")
    return minutes
