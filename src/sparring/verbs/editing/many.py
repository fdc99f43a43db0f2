"""Many pictures of one's own: where they come from, where each goes, what becomes of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sparring.core.domain import Files
from sparring.core.errors import InputError
from sparring.verbs.translate.folder import Done, Job, check_apart, noted, taken

T = TypeVar("T")
CODES = ".safetensors"
BATCH = 16
"""Pictures that are inverted at once, where the generator is not tuned around each."""


@dataclass
class Made:
    """What became of the pictures."""

    done: Done = field(default_factory=Done)
    verdicts: dict[str, str] = field(default_factory=dict)
    """Source -> one sentence on how good its likeness is."""


def jobs_of(
    files: Files,
    sources: str | Path | Sequence[str | Path],
    out: str | Path | None,
    ending: str,
    overwrite: bool,
    beside: Sequence[str] = (),
) -> list[Job]:
    """A job for each picture of the sources, which are files and folders (with sub-folders).

    Args:
        files: How the model's pictures are read and written.
        sources: One or several.
        out: A file for a single file, else a folder; beside the sources if None, then with an
            ending to their names.
        ending: This one.
        overwrite: Replace what is there.
        beside: Endings of what else is written beside each result.

    Raises:
        InputError: nothing there, a place that is taken or has no suffix of a picture, or two
            pictures that would go to one place.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    pairs = [pair for source in given for pair in _pairs(files, Path(source), ending, out is None)]
    if not pairs:
        raise InputError(f"{', '.join(map(str, given)) or 'nothing'} holds no picture.")
    alone = len(given) == 1 and Path(given[0]).is_file()
    jobs = [
        Job(number, source, _place(Path(out), name, alone) if out is not None else name)
        for number, (source, name) in enumerate(pairs)
    ]
    _check(files, jobs, overwrite, beside)
    return jobs


def _pairs(files: Files, source: Path, ending: str, near: bool) -> Iterator[tuple[Path, Path]]:
    """Each picture of a source, and what its result is called: near it, or in a folder."""
    if source.is_file():
        name = f"{source.stem}-{ending}.png" if near else f"{source.stem}.png"
        yield source, source.with_name(name) if near else Path(name)
        return
    if not source.is_dir():
        raise InputError(f"there is no file {source}.")
    target = source.resolve().with_name(f"{source.resolve().name}-{ending}") if near else Path()
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix.lower() in files.suffixes:
            yield path, target / path.relative_to(source).with_suffix(".png")


def _place(out: Path, name: Path, alone: bool) -> Path:
    """In the folder that is named, or of one file the file that is."""
    if alone:
        return out / name if out.is_dir() else out
    if out.suffix or out.is_file():
        raise InputError(f"{out} is a file; the results of several pictures need a folder.")
    return out / name


def _check(files: Files, jobs: Sequence[Job], overwrite: bool, beside: Sequence[str]) -> None:
    places = [p for job in jobs for p in (job.out, *(job.out.with_suffix(end) for end in beside))]
    place, times = Counter(places).most_common(1)[0]
    if times > 1:
        raise InputError(f"{times} pictures would become {place}; rename them.")
    for job in jobs:
        if job.out.suffix.lower() not in files.writable:
            raise InputError(
                f"{job.out} has no suffix of a picture; use {', '.join(files.writable)}."
            )
    check_apart(jobs)
    there = taken(places)
    if there and not overwrite:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        verb = "are" if len(there) > 1 else "is"
        raise InputError(
            f"{there[0]}{more} {verb} there already; choose another --out, or replace with "
            "--overwrite."
        )


def run(
    jobs: Sequence[Job],
    read: Callable[[Path], T],
    work: Callable[[list[tuple[Job, T]]], list[str]],
    wanted: Mapping[str, Any],
) -> Made:
    """Read and work on all, some at once; what cannot be read is noted, and the others go on.

    `work` writes the results, and says a sentence of each, or an empty one; `wanted` is as in
    `Model.invert`.

    Raises:
        InputError: of a single picture, whatever is wrong with it; or a full disk.
    """
    made, size = Made(), 1 if wanted.get("tune") else BATCH
    progress = wanted.get("progress")
    for first in range(0, len(jobs), size):
        ready = []
        for job in jobs[first : first + size]:
            if progress is not None and len(jobs) > 1:
                progress("pictures", job.number, len(jobs))
            try:
                ready.append((job, read(job.source)))
            except InputError as error:
                if len(jobs) == 1:
                    raise
                noted(job, error, made.done)
        said = work(ready) if ready else []
        for (job, _), sentence in zip(ready, said, strict=True):
            made.done.written.append(job.out)
            if sentence:
                made.verdicts[str(job.source)] = sentence
    return made
