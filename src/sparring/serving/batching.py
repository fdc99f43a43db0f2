"""Requests gathered into forward passes of fixed sizes, on one thread, oldest first.

Kernels sum in an order that depends on a pass's number of rows, not on what the rows hold. So every
pass of a kind has the same number of rows, and a sample is the same to the bit in any company.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

Rows = Mapping[str, Tensor]
"""Fields of what a pass is made of, each (N, ...)."""
Alive = Callable[[], None]
"""To be called now and then in long work; raises CancelledError where nobody waits any more."""


class Work(Protocol):
    """What one request wants made."""

    @property
    def group(self) -> Hashable:
        """Requests of one group may share a pass."""

    @property
    def count(self) -> int:
        """Its rows."""

    @property
    def size(self) -> int:
        """Rows of every pass of its group."""

    def load(self) -> Rows:
        """Its rows, read no earlier than they are needed.

        Raises:
            InputError: what was sent cannot be used.
        """

    def make(self, rows: Rows, alive: Alive) -> Tensor:
        """One pass for `size` rows of any requests of the group."""

    def answered(self, made: Tensor) -> Any:
        """The answer, of what was made of its own rows."""


class _Waiting(NamedTuple):
    work: Work
    future: Future[Any]
    since: float


class Batcher:
    """The thread that runs the passes, and the threads that encode answers."""

    def __init__(self, window: float, told: Callable[[int, int], None]) -> None:
        """A window in seconds; `told` hears of each pass's rows and how many were padding."""
        self._window, self._told = window, told
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._open = True
        encoders = os.cpu_count() or 1
        self._encoders = ThreadPoolExecutor(encoders, "sparring-encoder")
        # Results in memory are bounded: passes that wait to be encoded hold the next one up.
        self._room = threading.Semaphore(2 * encoders)
        self._thread = threading.Thread(target=self._loop, name="sparring-passes", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[Any]:
        """The answer to come; cancelling it takes the work off the queue, or stops it midway."""
        future: Future[Any] = Future()
        with self._changed:
            self._queue.append(_Waiting(work, future, time.monotonic()))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Finish all that was submitted, then stop."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()
        self._encoders.shutdown()

    def _loop(self) -> None:
        while jobs := self._gathered():
            self._run(jobs)

    def _gathered(self) -> list[_Waiting]:
        """The oldest request with those that share its pass; none once closed and done."""
        with self._changed:
            while self._open and not self._queue:
                self._changed.wait()
            while self._queue:
                oldest = self._queue[0]
                jobs = self._sharing(oldest.work)
                left = oldest.since + self._window - time.monotonic()
                full = sum(job.work.count for job in jobs) >= oldest.work.size
                if full or left <= 0 or not self._open:
                    for job in jobs:
                        self._queue.remove(job)
                    return jobs
                self._changed.wait(left)
        return []

    def _sharing(self, first: Work) -> list[_Waiting]:
        jobs: list[_Waiting] = []
        rows = 0
        for job in self._queue:
            fits = not jobs or rows + job.work.count <= first.size
            if job.work.group == first.group and fits:
                jobs.append(job)
                rows += job.work.count
        return jobs

    def _run(self, jobs: Sequence[_Waiting]) -> None:
        loaded = [(job, rows) for job in jobs if (rows := _loaded(job)) is not None]
        if not loaded:
            return
        jobs = [job for job, _ in loaded]

        def alive() -> None:
            if all(job.future.cancelled() for job in jobs):
                raise CancelledError

        try:
            made = self._made(jobs[0].work, [rows for _, rows in loaded], alive)
        except BaseException as error:
            for job in jobs:
                _fail(job.future, error)
            return
        self._room.acquire()
        self._encoders.submit(self._answer, jobs, made)

    def _made(self, work: Work, loaded: Sequence[Rows], alive: Alive) -> Tensor:
        rows = {name: torch.cat([rows[name] for rows in loaded]) for name in loaded[0]}
        count = len(next(iter(rows.values())))
        pieces = []
        for start in range(0, count, work.size):
            alive()
            # Padding repeats the last row: whatever a row must be, a copy of one is.
            index = torch.arange(start, start + work.size).clamp(max=count - 1)
            made = work.make({name: value[index] for name, value in rows.items()}, alive)
            pieces.append(made[: count - start])
            self._told(work.size, max(0, start + work.size - count))
        return torch.cat(pieces)

    def _answer(self, jobs: Sequence[_Waiting], made: Tensor) -> None:
        """Encode what was made of each; whole passes at a time, since threads cost more."""
        try:
            for job, own in zip(jobs, made.split([job.work.count for job in jobs]), strict=True):
                _answer(job, own)
        finally:
            self._room.release()


def _answer(job: _Waiting, made: Tensor) -> None:
    try:
        answer = job.work.answered(made)
    except BaseException as error:
        _fail(job.future, error)
    else:
        with suppress(InvalidStateError):
            job.future.set_result(answer)


def _loaded(job: _Waiting) -> Rows | None:
    if job.future.cancelled():
        return None
    try:
        return job.work.load()
    except BaseException as error:
        _fail(job.future, error)
        return None


def _fail(future: Future[Any], error: BaseException) -> None:
    with suppress(InvalidStateError):
        future.set_exception(error)
