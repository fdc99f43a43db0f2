"""Many files through a model: batched by extent, decoded ahead and encoded behind."""

from __future__ import annotations

import errno
import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from torch import Tensor

from sparring.artifact.given import at_once
from sparring.core.errors import InputError
from sparring.data.content import Progress

T = TypeVar("T")
THREADS = 4
"""Decoders and encoders; Pillow works without Python's lock."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the next file would fail of too."""
AHEAD = 2
"""Batches that are decoded before they are asked for."""


class Job(NamedTuple):
    """One file to make."""

    number: int
    """Names its latent."""
    source: Path
    out: Path


class Given(NamedTuple):
    """An item, read and fit for the model."""

    around: Any
    """What goes around the model, as `Opened.around`."""
    source: Tensor
    """(C, *space), encoded; of sounds (C, L), as stored."""
    mask: Tensor | None
    """(1, *space)."""


def taken(places: Iterable[Path]) -> list[Path]:
    """Those places where something is already."""
    return [place for place in places if os.path.exists(place)]  # False of names too long


def check_apart(jobs: Iterable[Job]) -> None:
    """Check that no source is lost.

    Raises:
        InputError: a result has the place of its source.
    """
    if any(job.out.resolve() == job.source.resolve() for job in jobs):
        raise InputError("the result would replace its own source; choose another --out.")


Writing = list[tuple[Job, "Future[None]"]]
"""Results on their way to disk."""


@dataclass
class Done:
    """What became of the files."""

    written: list[Path] = field(default_factory=list)
    skipped: int = 0
    """Those that were there already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Sources that could not be read or worked on, and why."""


def run(
    jobs: Sequence[Job],
    extent: Callable[[Path], tuple[int, ...]],
    read: Callable[[Path], Given],
    make: Callable[[list[int], list[Given]], Tensor],
    write: Callable[[Tensor, Path, Any], None],
    scale: int = 1,
    progress: Progress | None = None,
) -> Done:
    """Do all jobs; a file that cannot be read or made is noted, and the others go on.

    Raises:
        InputError: the disk is full, or nothing can be written on it.
    """
    done = Done()
    with _pool() as pool:
        opening = (
            [(job, pool.submit(read, job.source)) for job in batch]
            for batch in _batches(jobs, extent, scale, done)
        )
        behind: deque[Writing] = deque()
        for batch in _ahead(opening, AHEAD):
            ready = _ready(batch, done)
            if ready:
                behind.append(_made(pool, ready, make, write))
            while len(behind) > AHEAD:
                _finish(behind.popleft(), done)
            if progress is not None:
                under_way = sum(map(len, behind))
                progress("files", len(done.written) + under_way + len(done.failed), len(jobs))
        for writing in behind:
            _finish(writing, done)
    return done


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that end with what they are at; where all is ended early, nothing more is begun."""
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _batches(
    jobs: Sequence[Job], extent: Callable[[Path], tuple[int, ...]], scale: int, done: Done
) -> Iterator[list[Job]]:
    """Jobs whose items have one extent, so many that memory lasts."""
    found = []
    for job in jobs:
        try:
            found.append((extent(job.source), job))
        except InputError as error:
            done.failed[str(job.source)] = _why(error)
    found.sort(key=lambda pair: (pair[0], pair[1].number))
    for space, group in itertools.groupby(found, key=lambda pair: pair[0]):
        most = at_once(space, scale)
        alike = [job for _, job in group]
        yield from (alike[start : start + most] for start in range(0, len(alike), most))


def _ahead(items: Iterable[T], count: int) -> Iterator[T]:
    """The same items, so many of them taken before the first is handed on."""
    taken: deque[T] = deque()
    for item in items:
        taken.append(item)
        if len(taken) > count:
            yield taken.popleft()
    yield from taken


def _ready(batch: list[tuple[Job, Future[Given]]], done: Done) -> list[tuple[Job, Given]]:
    ready = []
    for job, future in batch:
        try:
            ready.append((job, future.result()))
        except InputError as error:
            done.failed[str(job.source)] = _why(error)
    return ready


def _made(
    pool: ThreadPoolExecutor,
    ready: list[tuple[Job, Given]],
    make: Callable[[list[int], list[Given]], Tensor],
    write: Callable[[Tensor, Path, Any], None],
) -> Writing:
    """The batch's results, handed to those who write them."""
    made = make([job.number for job, _ in ready], [given for _, given in ready])
    return [
        (job, pool.submit(write, row, job.out, given.around))
        for row, (job, given) in zip(made, ready, strict=True)
    ]


def _finish(writing: Writing, done: Done) -> None:
    """Wait for the files; one that cannot be written is noted, a full disk ends it all."""
    for job, future in writing:
        try:
            future.result()
        except InputError as error:
            noted(job, error, done)
        else:
            done.written.append(job.out)


def noted(job: Job, error: InputError, done: Done) -> None:
    """Note that a job failed.

    Raises:
        InputError: the error itself, where the next job would fail of it too.
    """
    if getattr(error.__cause__, "errno", None) in FULL:
        raise error
    done.failed[str(job.source)] = _why(error)


def _why(error: InputError) -> str:
    return str(error).rstrip(".")
