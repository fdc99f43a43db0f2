"""A folder of pictures: its sub-folders are the labels."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from sparring.core.errors import InputError
from sparring.data import faults
from sparring.data.content import Content, Progress, key_for
from sparring.data.hub import HELD_OUT, TRAIN
from sparring.data.kinds import Reading
from sparring.domains.image import arrays, pictures, raster
from sparring.domains.image.pictures import Encoded
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np

Facts = Mapping[PurePosixPath, tuple[int, int]]
"""Path within a folder -> the file's size and time of change."""


class Listing(NamedTuple):
    """The pictures of a folder, sorted by path, with what their paths say."""

    files: Encoded
    labels: tuple[str, ...] | None
    """The label of each, or None."""
    held_out: tuple[bool, ...] | None
    """Whether each is held out, where the folders say so."""
    notes: tuple[str, ...]

    def only(self, kept: Sequence[int], notes: tuple[str, ...]) -> Listing:
        """The pictures of these numbers, and more notes."""
        labels, held = self.labels, self.held_out
        return Listing(
            self.files.only(kept),
            None if labels is None else tuple(labels[index] for index in kept),
            None if held is None else tuple(held[index] for index in kept),
            (*self.notes, *notes),
        )


def read(path: Path, reading: Reading) -> Content:
    """All pictures in the folder and below.

    The first folder below `path` is the label; or, where the folders on top are named `train` and
    `test` (or the like), these are the split and the folders below them the labels.

    Raises:
        InputError: a folder that is missing, empty or unreadable; pictures that cannot be read;
            sizes or modes that differ, and no choice.
    """
    listing, headers = surveyed(path, reading)
    form = pictures.settle(listing.files, headers, reading)
    values = decoded(listing.files, form, reading.progress)
    found = Content(
        sample=values,
        domain=arrays.image(values),
        names=listing.files.names,
        notes=(*listing.notes, *pictures.told(headers, form, reading)),
    )
    return described(found, listing.labels, listing.held_out)


def surveyed(path: Path, reading: Reading) -> tuple[Listing, list[Header]]:
    """The pictures and their headers, without broken ones where they are to be skipped.

    Raises:
        InputError: as `scan`; all are broken.
    """
    listing = scan(path)
    headers = pictures.survey(listing.files, reading.progress)
    if not reading.skip_broken:
        return listing, headers
    problems = pictures.flaws(listing.files, headers, reading.progress)
    kept, notes = faults.sound(listing.files.names, problems, listing.files.where)
    return listing.only(kept, notes), [headers[index] for index in kept]


def decoded(
    files: Encoded,
    form: Form,
    progress: Progress | None = None,
    read: Callable[[Path | bytes, Form], np.ndarray] = raster.decoded,
) -> np.ndarray:
    """The pictures in stored form (N, C, H, W), as `pictures.decode` but with floats in [-1, 1].

    Raises:
        InputError: pictures that cannot be decoded, or floats in no known range.
    """
    values = pictures.decode(files, form, progress, read)
    if form.bits != 32:
        return values
    return arrays.stored(values, files.where, Reading(kinds=()))[0]


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


def scan(path: Path) -> Listing:
    """Find the pictures; none is opened.

    Raises:
        InputError: a folder that is missing, empty or unreadable.
    """
    facts = visible(path)
    names = sorted(name for name in facts if is_picture(name))
    if not names:
        raise InputError(
            f"there is no picture in {path}: none of its {len(facts)} files ends in "
            f"{', '.join(raster.SUFFIXES)}."
        )
    split, below = split_of(names)
    labels, notes = labels_of(below)
    others = len(facts) - len(names)
    ignored = (f"{others} files that are no pictures are left out.",) if others else ()
    return Listing(encoded(path, names, facts), labels, split, (*notes, *ignored))


def holds_pictures(path: Path) -> bool:
    """Whether it is a folder in which, or below which, a visible picture lies.

    Raises:
        InputError: a folder that cannot be looked into.
    """
    if not path.is_dir():
        return False
    for top, folders, files in os.walk(path, onerror=_stop):
        folders[:] = [name for name in folders if _is_visible(name)]
        names = [name for name in files if is_picture(PurePosixPath(name)) and name[0] != "."]
        if any(_stamp(Path(top, name)) is not None for name in names):
            return True
    return False


def is_picture(name: PurePosixPath) -> bool:
    """Whether the file's name ends like a picture's."""
    return name.suffix.lower() in raster.SUFFIXES


def encoded(path: Path, names: Sequence[PurePosixPath], facts: Facts) -> Encoded:
    """These pictures of the folder, in this order."""
    key = key_for(str(path.resolve()), [(str(name), facts[name]) for name in names])
    paths = [path / name for name in names]
    return Encoded([str(name) for name in names], paths.__getitem__, str(path), key)


def visible(path: Path) -> Facts:
    """Every visible file below, but for pipes and devices, which would never end.

    Raises:
        InputError: a folder that is missing or unreadable.
    """
    if not path.is_dir():
        raise InputError(f"there is no folder {path}; give a folder of pictures, or a file.")

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
    names: Sequence[PurePosixPath],
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The first folder of each name, where there are at least two and every name has one."""
    tops = [name.parts[0] if len(name.parts) > 1 else "" for name in names]
    different = set(tops)
    if len(different) < 2:
        return None, ()
    if "" in different:
        return None, ("some pictures lie in no sub-folder, so the sub-folders are no labels.",)
    return tuple(tops), ()


def _is_visible(folder: str) -> bool:
    return not folder.startswith((".", "__MACOSX"))
