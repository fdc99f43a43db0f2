"""Sounds of hours through a model: read, made and written in parts, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sparring.artifact import given
from sparring.artifact.model import Model
from sparring.artifact.translating import Asked, streamed
from sparring.core.domain import Files, Lasting
from sparring.core.errors import InputError
from sparring.verbs.translate.folder import Done, Job, noted


class Through(NamedTuple):
    """A model with how its files are read and written, and what is asked of it."""

    model: Model
    entry: Files
    leaving: Files
    mask: str | None
    asked: Callable[[int], Asked]
    """By the number of a job."""


def apart(jobs: Sequence[Job], through: Through) -> tuple[list[Job], list[Job]]:
    """Jobs whose files are worked on whole, and those that are too long for that."""
    long = [job for job in jobs if _is_long(job, through)]
    return [job for job in jobs if job not in long], long


def _is_long(job: Job, through: Through) -> bool:
    if through.entry.lasting is None or through.leaving.lasting is None:
        return False
    try:
        (length,) = through.entry.extent(job.source)
    except InputError:  # noted where all others are
        return False
    return 0 < given.piece_of(through.asked(0).tile, length) < length


def run(jobs: Sequence[Job], through: Through, done: Done) -> None:
    """Do these jobs, one after the other; what cannot be done is noted.

    Raises:
        InputError: the disk is full, or nothing can be written on it.
    """
    entry, leaving = through.entry.lasting, through.leaving.lasting
    if entry is None or leaving is None:
        return
    for job in jobs:
        try:
            _one(job, through, entry, leaving)
        except InputError as error:
            noted(job, error, done)
        else:
            done.written.append(job.out)


def _one(job: Job, through: Through, entry: Lasting, leaving: Lasting) -> None:
    found = entry.stream(job.source, through.mask)
    asked = through.asked(job.number)
    leaving.write_parts(streamed(through.model, found.read, found.length, asked), job.out)
