"""Folders of files of one kind: what lies in them, and what their sub-folders say."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from sparring.core.errors import InputError
from sparring.data import beside
from sparring.data.content import Content, key_for
from sparring.data.encoded import Encoded
from sparring.data.hub import HELD_OUT, TRAIN

if TYPE_CHECKING:
    pass

Facts = Mapping[PurePosixPath, tuple[int, int]]
"""Path within a folder -> the file's size and time of change."""


class Listing(NamedTuple):
    """The files of one kind in a folder, sorted by path, with what their paths say."""

    files: Encoded
    labels: tuple[str, ...] | None
    """The label of each, or None."""
    held_out: tuple[bool, ...] | None
    """Whether each is held out, where the folders say so."""
    notes: tuple[str, ...]

    def only(self, kept: Sequence[int], notes: tuple[str, ...]) -> Listing:
        """The files of these numbers, and more notes."""
        labels, held = self.labels, self.held_out
        return Listing(
            self.files.only(kept),
            None if labels is None else tuple(labels[index] for index in kept),
            None if held is None else tuple(held[index] for index in kept),
            (*self.notes, *notes),
        )


def scan(path: Path, suffixes: Sequence[str], what: str, *, annotated: bool = False) -> Listing:
    """Find the files with these endings; none is opened. `what` is the word for many of them.

    Where they may be `annotated`, captions and attributes beside them are not called left out.

    Raises:
        InputError: a folder that is missing, empty or unreadable.
    """
    facts = visible(path)
    names = sorted(name for name in facts if name.suffix.lower() in suffixes)
    if not names:
        raise InputError(
            f"there are no {what} in {path}: none of its {len(facts)} files ends in "
            f"{', '.join(suffixes)}."
        )
    split, below = split_of(names)
    labels, notes = labels_of(below, what)
    others = len(facts) - len(names)
    if annotated:
        stems = {name.with_suffix("") for name in names}
        others -= sum(beside.is_one(name, stems) for name in facts)
    ignored = (f"{others} files that are no {what} are left out.",) if others else ()
    return Listing(encoded(path, names, facts, what), labels, split, (*notes, *ignored))


def holds(path: Path, suffixes: Sequence[str]) -> bool:
    """Whether it is a folder in which, or below which, a visible file with such an ending lies.

    Raises:
        InputError: a folder that cannot be looked into.
    """
    if not path.is_dir():
        return False
    for top, folders, files in os.walk(path, onerror=_stop):
        folders[:] = [name for name in folders if _is_visible(name)]
        names = [n for n in files if Path(n).suffix.lower() in suffixes and n[0] != "."]
        if any(_stamp(Path(top, name)) is not None for name in names):
            return True
    return False


def described(
    found: Content, labels: Sequence[str] | None, held_out: Sequence[bool] | None
) -> Content:
    """The content with the labels and the split that paths say."""
    import numpy as np

    if held_out is not None:
        found = found.replace(held_out=np.array(held_out))
    if labels is not None:
        classes, label = np.unique(np.array(labels), return_inverse=True)
        found = found.replace(label=label.astype(np.int64), classes=tuple(map(str, classes)))
    return found


def encoded(
    path: Path, names: Sequence[PurePosixPath], facts: Facts, what: str = "pictures"
) -> Encoded:
    """These files of the folder, in this order."""
    key = key_for(str(path.resolve()), [(str(name), facts[name]) for name in names])
    paths = [path / name for name in names]
    return Encoded([str(name) for name in names], paths.__getitem__, str(path), key, what)


def visible(path: Path) -> Facts:
    """Every visible file below, but for pipes and devices, which would never end.

    Raises:
        InputError: a folder that is missing or unreadable.
    """
    if not path.is_dir():
        raise InputError(f"there is no folder {path}; give a folder, or a file.")

    found = {}
    for top, folders, files in os.walk(path, onerror=_stop):
        folders[:] = [name for name in folders if _is_visible(name)]
        for name in files:
            file = Path(top, name)
            stamp = None if name.startswith(".") else _stamp(file)
            if stamp is not None:
                found[PurePosixPath(file.relative_to(path).as_posix())] = stamp
    return found


def _stop(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read ({error.strerror}).") from error


def _stamp(file: Path) -> tuple[int, int] | None:
    """Size and time of change, zeros of a broken link; None of a pipe, a socket or a device."""
    try:
        facts = os.stat(file)
    except OSError:
        return 0, 0
    return (facts.st_size, facts.st_mtime_ns) if stat.S_ISREG(facts.st_mode) else None


def split_of(
    names: Sequence[PurePosixPath],
) -> tuple[tuple[bool, ...] | None, Sequence[PurePosixPath]]:
    """Which are held out by their top folder, and the names below it; (None, names) if not so."""
    tops = {name.parts[0].lower() if len(name.parts) > 1 else "" for name in names}
    if not (tops & set(TRAIN) and tops & set(HELD_OUT) and tops <= {*TRAIN, *HELD_OUT}):
        return None, names
    held_out = tuple(name.parts[0].lower() in HELD_OUT for name in names)
    return held_out, [PurePosixPath(*name.parts[1:]) for name in names]


def labels_of(
    names: Sequence[PurePosixPath], what: str = "pictures"
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The first folder of each name, where there are at least two and every name has one."""
    tops = [name.parts[0] if len(name.parts) > 1 else "" for name in names]
    different = set(tops)
    if len(different) < 2:
        return None, ()
    if "" in different:
        return None, (f"some {what} lie in no sub-folder, so the sub-folders are no labels.",)
    return tuple(tops), ()


def _is_visible(folder: str) -> bool:
    return not folder.startswith((".", "__MACOSX"))
