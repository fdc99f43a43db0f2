"""Sides A and B of a folder: which pictures lie there, their stems, labels, split and palette."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import faults, folders
from sparring.data.encoded import Encoded, refuse
from sparring.data.folders import Facts
from sparring.data.kinds import Reading
from sparring.data.sides import Tops, files_of
from sparring.domains.image import folder, pictures, raster
from sparring.domains.image.arrays import image
from sparring.domains.image.raster import Form, Header
from sparring.domains.layout import palette
from sparring.domains.layout.domain import Layout

if TYPE_CHECKING:
    import numpy as np


class Side(NamedTuple):
    """The pictures of A or of B, in the order of their stems."""

    name: str
    files: Encoded
    stems: tuple[str, ...]
    """What names a picture on both sides: the path without side and suffix."""
    held_out: tuple[bool, ...] | None
    """Whether each is held out, where the folders say so."""
    labels: tuple[str, ...] | None
    """The sub-folder of each, where there are several."""
    layout: dict[str, Any] | None
    """Arguments of a Layout, where these are label maps."""
    headers: list[Header]

    def only(self, kept: Sequence[int]) -> Side:
        """The pictures of these numbers."""
        held, labels = self.held_out, self.labels
        return self._replace(
            files=self.files.only(kept),
            stems=tuple(self.stems[index] for index in kept),
            held_out=None if held is None else tuple(held[index] for index in kept),
            labels=None if labels is None else tuple(labels[index] for index in kept),
            headers=[self.headers[index] for index in kept],
        )


def side_of(path: Path, name: str, facts: Facts, tops: Tops) -> Side:
    """One side, its headers not yet read.

    Raises:
        InputError: no picture in it, or a palette that cannot be read.
    """
    own = sorted(top for top, (side, _) in tops.items() if side == name)
    found = files_of([file for file in facts if folder.is_picture(file)], name, tops)
    if not found:
        raise InputError(
            f"there is no picture in {path / own[0]}; put the pictures of {name} there."
        )
    palettes = [file for top in own if (file := palette.find(path / top))]
    return Side(
        name,
        folders.encoded(path, [file.name for file in found], facts),
        stems=tuple(file.stem for file in found),
        held_out=_if_any(tuple(file.held_out for file in found)),
        labels=_if_any(tuple(file.label for file in found)),
        layout=palette.read(palettes[0]) if palettes else None,
        headers=[],
    )


def _if_any(values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return values if any(values) else None


def surveyed(path: Path, a: Side, b: Side, reading: Reading) -> tuple[Side, Side, tuple[str, ...]]:
    """Both with their headers and palettes, and without what is broken where that is skipped.

    Raises:
        InputError: pictures that cannot be read, or are no label maps where they should be.
    """
    a, b = (s._replace(headers=pictures.survey(s.files, reading.progress)) for s in (a, b))
    notes: tuple[str, ...] = ()
    if reading.skip_broken:
        a, b, notes = _sound(a, b, reading)
    for side in (a, b):
        check(side)
    shared = palette.find(path)
    return (*((a, b) if shared is None else _with_palette(a, b, shared)), notes)


def _sound(a: Side, b: Side, reading: Reading) -> tuple[Side, Side, tuple[str, ...]]:
    """Both sides without broken pictures and, where these are pairs, without their partners.

    Raises:
        InputError: none is left.
    """
    own, other = (pictures.flaws(s.files, s.headers, reading.progress) for s in (a, b))
    if a.stems == b.stems:
        own, other = _shared(own, other), _shared(other, own)
    kept, notes = faults.sound(a.files.names, own, a.files.where)
    others_kept, more = faults.sound(b.files.names, other, b.files.where)
    return a.only(kept), b.only(others_kept), (*notes, *more)


def _shared(problems: Sequence[str], partners: Sequence[str]) -> list[str]:
    """The problem of each picture, or that of its partner."""
    both = zip(problems, partners, strict=True)
    return [own or ("its partner is broken" if other else "") for own, other in both]


def _with_palette(a: Side, b: Side, shared: Path) -> tuple[Side, Side]:
    """The palette that lies beside A and B given to its side."""
    # Label maps are mostly the sources; of two sides that could be, A is taken.
    for side in (a, b):
        if side.layout is None and all(_is_map(header) for header in side.headers):
            mapped = side._replace(layout=palette.read(shared))
            return (mapped, b) if side is a else (a, mapped)
    raise InputError(
        f"{shared} is a palette, but neither A nor B holds indexed or grey pictures only; convert "
        "the label maps, or remove the palette."
    )


def check(side: Side) -> None:
    """All pictures of a side can be read, and are label maps where they should be.

    Raises:
        InputError: some cannot, or are none.
    """
    flaw = "" if side.layout is None else "neither indexed nor grey, as label maps are"
    refuse(side.files, [h.problem or ("" if _is_map(h) else flaw) for h in side.headers])


def _is_map(header: Header) -> bool:
    return header.indexed or (header.channels == 1 and header.bits <= 16)


def form_of(side: Side, reading: Reading) -> Form:
    """The form of a side's pictures; of label maps, one byte a pixel."""
    if side.layout is None:
        return pictures.settle(side.files, side.headers, reading)
    grey = dataclasses.replace(reading, asked={**reading.asked, "channels": 1})
    return pictures.settle(side.files, side.headers, grey)._replace(bits=8)


def stored(side: Side, reading: Reading) -> tuple[np.ndarray, Part]:
    """A side's pictures in stored form, and their sample space."""
    form = form_of(side, reading)
    if side.layout is None:
        values = folder.decoded(side.files, form, reading.progress)
        return values, image(values)
    shape = (len(side.layout["names"]), *form[1:3])
    domain = Part("sparring.domains.layout.domain:Layout", shape=shape, **side.layout)
    layout: Layout = domain.build()

    def classes(file: Path | bytes, form: Form) -> np.ndarray:
        return layout.numbered(raster.numbers(file, form))

    files = keyed(side.files, f"layout-{len(layout.names)}-{layout.values}")
    return pictures.decode(files, form, reading.progress, classes), domain


def keyed(files: Encoded, word: str) -> Encoded:
    """The same pictures, to be read in another way that this word names."""
    return dataclasses.replace(files, key=f"{files.key}-{re.sub(r'[^0-9a-z]+', '-', word)}")
