"""What is given beside a source, and sequences: one source with many poses, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from sparring.artifact.given import at_once
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.types import Files
from sparring.data.content import Progress
from sparring.domains.animation import write_gif
from sparring.domains.image.stacked_files import StackFiles
from sparring.verbs.translate.folder import Done, Given

Others = tuple[Path, ...]


def with_others(model: Model, files: Files, others: Sequence[Path]) -> Files:
    """How the model's sources are read, with these files beside each.

    Raises:
        InputError: it makes its samples of one file each.
    """
    if isinstance(files, StackFiles):
        some = "fewer" in model.task.abilities
        return replace(files, others=tuple(others), least=0 if some else len(files.stack.names) - 1)
    if others:
        raise InputError("this model makes each result of one file alone; leave out --with.")
    return files


def moments(others: Sequence[Path], suffixes: Sequence[str]) -> list[Others]:
    """What is given beside the source, moment by moment: one, or as many as a folder has pictures.

    Raises:
        InputError: several folders, or one without a file of these suffixes.
    """
    folders = [place for place, other in enumerate(others) if other.is_dir()]
    if not folders:
        return [tuple(others)]
    if len(folders) > 1:
        raise InputError("only one of --with may be a folder: what changes from frame to frame.")
    place = folders[0]
    files = (f for f in others[place].iterdir() if f.is_file() and f.name[0] != ".")
    found = sorted(f for f in files if f.suffix.lower() in suffixes)
    if not found:
        raise InputError(f"{others[place]} holds no file that can be read ({suffixes[0]}, ...).")
    return [(*others[:place], file, *others[place + 1 :]) for file in found]


def run(
    model: Model,
    each: Sequence[Others],
    read: Callable[[Others], Given],
    make: Callable[[list[int], list[Given]], Tensor],
    write: Callable[[Tensor, Path], None],
    out: Path,
    progress: Progress | None,
) -> Done:
    """Make a result for every moment: the frames of a GIF, or files in a folder.

    All are read before anything is made, and all is made before anything is written.

    Raises:
        InputError: a file that cannot be read or does not fit, or a place that cannot be written.
    """
    given = [read(others) for others in each]
    step, frames = at_once(given[0].source.shape[1:], model.scale), []
    for start in range(0, len(given), step):
        some = given[start : start + step]
        frames += list(make([0] * len(some), some))
        if progress is not None:
            progress("frames", len(frames), len(given))
    if out.suffix.lower() == ".gif":
        write_gif(model.domain, torch.stack(frames), out, back=False)
        return Done([out])
    return _files(each, frames, write, out)


def _files(
    each: Sequence[Others],
    frames: Sequence[Tensor],
    write: Callable[[Tensor, Path], None],
    out: Path,
) -> Done:
    """A file for every moment, named as what changes."""
    places = range(len(each[0]))
    changing = next((place for place in places if each[0][place] != each[-1][place]), 0)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{others[changing].stem}.png" for others in each]
    for file, frame in zip(files, frames, strict=True):
        write(frame, file)
    return Done(files)
