"""The progress bar: how far, how fast, how long still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from sparring.training.budget import Budget
    from sparring.training.state import Progress as RunProgress


class Bar:
    """A Rich bar over the run's budget, in steps or in seconds."""

    def __init__(self, budget: Budget, shown: bool) -> None:
        self._by_time = budget.steps is None
        total = 60.0 * (budget.minutes or 0.0) if self._by_time else budget.steps
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            disable=not shown,
        )
        self._task = self._progress.add_task("training", total=total, speed="")
        self._started: tuple[int, float] | None = None

    def show(self, progress: RunProgress) -> None:
        """Move the bar to where the run is."""
        if self._progress.disable:
            return
        done = progress.seconds if self._by_time else progress.step
        self._started = self._started or (progress.images, progress.seconds)
        images, seconds = progress.images - self._started[0], progress.seconds - self._started[1]
        speed = f"step {progress.step}, {images / seconds:,.0f} images/s" if seconds else ""
        self._progress.update(self._task, completed=done, speed=speed)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()
