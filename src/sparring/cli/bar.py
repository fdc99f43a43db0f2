"""The progress bar of verbs: on stderr, gone when done, and silent where that is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparring.core.device import speaks

if TYPE_CHECKING:
    from rich.progress import TaskID

    from sparring.data.content import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar a thing: what is being done, how much is done, and how much there is (0: unknown)."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    shown = console.is_terminal and speaks()
    with Bars(console=console, transient=True, disable=not shown) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total or None)

        yield show
