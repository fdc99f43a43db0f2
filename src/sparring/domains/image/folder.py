"""A folder of pictures: its sub-folders are the labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sparring.data import faults, folders
from sparring.data.content import LOOKED, Content, Progress
from sparring.data.encoded import Encoded
from sparring.data.folders import Listing, described
from sparring.data.kinds import Reading
from sparring.domains.image import arrays, attributes, large, pictures, raster
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np


def read(path: Path, reading: Reading) -> Content:
    """All pictures in the folder and below.

    The first folder below `path` is the label; or, where the folders on top are named `train` and
    `test` (or the like), these are the split and the folders below them the labels. Captions and
    attributes beside them are read, see `attributes.annotated`.

    Raises:
        InputError: a folder that is missing, empty or unreadable; pictures that cannot be read;
            sizes or modes that differ, and no choice.
    """
    listing = scan(path)
    if len(listing.files) > LOOKED and not reading.skip_broken:
        values, form, headers = large.decode(listing.files, reading)
        values = _in_range(values, form, listing.files)
    else:
        listing, headers = surveyed(path, reading)
        form = pictures.settle(listing.files, headers, reading)
        values = decoded(listing.files, form, reading.progress)
    of_some: tuple[str, ...] = ()
    if len(headers) < len(listing.files):
        of_some = (f"of {len(listing.files):,} pictures {len(headers):,} were looked at.",)
    found = Content(
        sample=values,
        domain=arrays.image(values),
        names=listing.files.names,
        notes=(*listing.notes, *of_some, *pictures.told(headers, form, reading)),
    )
    found = described(found, listing.labels, listing.held_out)
    return attributes.annotated(found, path, reading)


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
    return _in_range(pictures.decode(files, form, progress, read), form, files)


def _in_range(values: np.ndarray, form: Form, files: Encoded) -> np.ndarray:
    """Decoded pictures in stored form: floats in [-1, 1]."""
    if form.bits != 32:
        return values
    return arrays.stored(values, files.where, Reading(kinds=()))[0]


def scan(path: Path) -> Listing:
    """Find the pictures; none is opened.

    Raises:
        InputError: a folder that is missing, empty or unreadable.
    """
    return folders.scan(path, raster.SUFFIXES, "pictures", annotated=True)


def holds_pictures(path: Path) -> bool:
    """Whether it is a folder in which, or below which, a visible picture lies.

    Raises:
        InputError: a folder that cannot be looked into.
    """
    return folders.holds(path, raster.SUFFIXES)


def is_picture(name: PurePosixPath) -> bool:
    """Whether the file's name ends like a picture's."""
    return name.suffix.lower() in raster.SUFFIXES
