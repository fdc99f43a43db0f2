"""Many pictures through a model: batched by extent, decoded ahead and encoded behind."""

from __future__ import annotations

import errno
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from torch import Tensor

from sparring.artifact.given import at_once
from sparring.core.errors import InputError
from sparring.data.content import Progress
from sparring.domains.image import raster
from sparring.verbs.translate.files import Opened

T = TypeVar("T")
THREADS = 4
"""Decoders and encoders; Pillow works without Python's lock."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the next file would fail of too."""
AHEAD = 2
"""Batches that are decoded before they are asked for."""


class Job(NamedTuple):
    """One picture to make."""

    number: int
    """Names its latent."""
    source: Path
    out: Path


class Given(NamedTuple):
    """A picture, read and fit for the model."""

    around: Opened
    source: Tensor
    """(C, H, W), encoded."""
    mask: Tensor | None
    """(1, H, W)."""


Writing = list[tuple[Job, "Future[None]"]]
"""Results on their way to disk."""


@dataclass
class Done:
    """What became of the pictures."""

    written: list[Path] = field(default_factory=list)
    skipped: int = 0
    """Those that were there already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Sources that could not be read or worked on, and why."""


def run(
    jobs: Sequence[Job],
    read: Callable[[Path], Given],
    make: Callable[[list[int], list[Given]], Tensor],
    write: Callable[[Tensor, Path, Opened], None],
    scale: int = 1,
    progress: Progress | None = None,
) -> Done:
    """Do all jobs; a picture that cannot be read or made is noted, and the others go on.

    Raises:
        InputError: the disk is full, or nothing can be written on it.
    """
    done = Done()
    with ThreadPoolExecutor(THREADS) as pool:
        opening = (
            [(job, pool.submit(read, job.source)) for job in batch]
            for batch in _batches(jobs, scale, done)
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
                progress("pictures", len(done.written) + under_way + len(done.failed), len(jobs))
        for writing in behind:
            _finish(writing, done)
    return done


def why(error: Exception) -> str:
    """A sentence's worth of why a picture could not be made."""
    return str(error).rstrip(".") if isinstance(error, InputError) else raster.reason(error)


def _batches(jobs: Sequence[Job], scale: int, done: Done) -> Iterator[list[Job]]:
    """Jobs whose pictures have one extent, so many that memory lasts."""
    found = []
    for job in jobs:
        header = raster.header(job.source)
        if header.problem:
            done.failed[str(job.source)] = header.problem
        else:
            found.append(((header.height, header.width), job))
    found.sort(key=lambda pair: (pair[0], pair[1].number))
    for (height, width), group in itertools.groupby(found, key=lambda pair: pair[0]):
        most = at_once((height, width), scale)
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
        except Exception as error:  # Pillow's readers raise almost anything for a damaged file.
            done.failed[str(job.source)] = why(error)
    return ready


def _made(
    pool: ThreadPoolExecutor,
    ready: list[tuple[Job, Given]],
    make: Callable[[list[int], list[Given]], Tensor],
    write: Callable[[Tensor, Path, Opened], None],
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
            if getattr(error.__cause__, "errno", None) in FULL:
                raise
            done.failed[str(job.source)] = why(error)
        else:
            done.written.append(job.out)
