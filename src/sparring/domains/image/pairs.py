"""A folder of sources and samples: sub-folders A and B, or pictures with both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError, few
from sparring.data import folders
from sparring.data.content import Content, Sources
from sparring.data.kinds import Reading
from sparring.data.sides import tops_of, wanted
from sparring.domains.image import folder, further, pictures, raster, sides
from sparring.domains.image.arrays import image
from sparring.domains.image.raster import Header
from sparring.domains.image.sides import Side
from sparring.domains.layout import palette

if TYPE_CHECKING:
    import numpy as np


def read(path: Path, reading: Reading) -> Content:
    """The pictures of a folder, with sources where it holds any; otherwise as `folder.read`.

    Top folders A and B (also trainA, testA, ...; or A/train, A/test, ...) hold sources and
    samples. They are pairs if all of their file stems match (a last _A or _B aside), otherwise
    they belong to no other. A2 to A9 hold more that a sample is made of, by the same stems. Beside
    or in them a palette file makes label maps of indexed or grey pictures. `pairs` insists on
    "stems", on "unpaired", or on "none" (A and B are labels); asks for the left and right halves
    of every picture by "side-by-side"; and "reverse" makes A from B.

    Raises:
        InputError: as `folder.read`; an empty side, unmatched stems, sizes that differ within a
            pair, or values outside the palette.
    """
    asked = wanted(reading.pairs)
    form, reverse = asked
    if form == "side-by-side":
        return _halves(path, reverse, reading)
    tops = {} if form == "none" else tops_of(path, asked=bool(form) or reverse, more=True)
    if not tops:
        return folder.read(path, reading)
    facts = folders.visible(path)
    a, b = (sides.side_of(path, name, facts, tops) for name in "AB")
    more = further.found(path, facts, tops, asked, reading)
    others = sum(map(folder.is_picture, facts)) - sum(len(s.files) for s in (a, b, *more))
    a, b, notes = sides.surveyed(path, a, b, reading)
    source, sample = (b, a) if reverse else (a, b)
    paired, told = _paired(path, a, b, form)
    notes += told
    if others:
        notes += (f"{others} pictures that lie in neither A nor B are left out.",)
    notes += _formed(path, a, b, reading)
    given, source_domain = further.together(path, source, more, paired, reading)
    made, domain = sides.stored(sample, reading)
    found = Content(
        sample=made,
        domain=domain,
        source_domain=source_domain,
        names=sample.files.names,
        notes=notes,
    )
    found = folders.described(found, sample.labels, sample.held_out)
    if paired:
        return found.replace(source=given)
    return found.replace(sources=Sources(given, _mask(source.held_out)))


def _formed(path: Path, a: Side, b: Side, reading: Reading) -> tuple[str, ...]:
    """What to say of pictures of several modes.

    Raises:
        InputError: both sides have not one size.
    """
    forms = [sides.form_of(side, reading) for side in (a, b)]
    if forms[0][1:3] != forms[1][1:3]:
        (_, high, wide, *_), (_, other_high, other_wide, *_) = forms
        raise InputError(
            f"the pictures of {path}/A are {high} x {wide} and those of B {other_high} x "
            f"{other_wide} (height x width); bring them to one with --size."
        )
    both = zip((a, b), forms, strict=True)
    return sum((pictures.told(s.headers, f, reading) for s, f in both if not s.layout), ())


def _paired(path: Path, a: Side, b: Side, form: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the i-th pictures of both sides are a pair, and what to say of it.

    Raises:
        InputError: pairs were asked for and stems do not match; sizes differ within a pair.
    """
    if form == "unpaired":
        return False, ()
    twice = len(set(a.stems)) < len(a.stems) or len(set(b.stems)) < len(b.stems)
    if a.stems == b.stems and not twice:
        _check_sizes(path, a, b)
        return True, ()
    lone = [*_lone(a, b), *_lone(b, a)]
    if form == "stems":
        raise InputError(
            f"{path} holds {len(a.files)} pictures in A and {len(b.files)} in B, and "
            f"{_first(lone)} no partner of the same stem; add or remove some, or use --pairs "
            "unpaired."
        )
    matched = len(set(a.stems) & set(b.stems))
    if not matched:
        return False, ()
    return False, (
        f"only {matched} file stems of {len(a.files)} in A and {len(b.files)} in B match, so they "
        "are read as unpaired; --pairs stems names the others.",
    )


def _lone(side: Side, other: Side) -> list[str]:
    """Pictures of a side that have no partner, or share their stem with another."""
    partners, lone = set(other.stems), []
    for name, stem in zip(side.files.names, side.stems, strict=True):
        if stem not in partners:
            lone.append(name)
        partners.discard(stem)
    return lone


def _first(names: Sequence[str], verb: str = "have") -> str:
    """The first five by name: "a, b and 3 more have"."""
    return f"{few(names)} {verb if len(names) > 1 else 'has'}"


def _check_sizes(path: Path, a: Side, b: Side) -> None:
    both = zip(a.files.names, a.headers, b.headers, strict=True)
    bad = [
        f"{name} ({one.height} x {one.width}, not {other.height} x {other.width})"
        for name, one, other in both
        if (one.height, one.width) != (other.height, other.width)
    ]
    if bad:
        raise InputError(
            f"in {path}, {_first(bad)} another size (height x width) than the partner in B; bring "
            "both to one size, or use --pairs unpaired."
        )


def _halves(path: Path, reverse: bool, reading: Reading) -> Content:
    """Pictures that show A on the left and B on the right.

    Raises:
        InputError: as `folder.read`; a width that is odd.
    """
    listing, whole = folder.surveyed(path, reading)
    if palette.find(path):
        raise InputError(
            f"{path} has a palette, but label maps cannot be half of a picture; put them into a "
            "sub-folder A, the others into B, and leave out --pairs side-by-side."
        )
    headers = [_halved(header) for header in whole]
    form = pictures.settle(listing.files, headers, reading)

    def half(*, right: bool) -> np.ndarray:
        files = sides.keyed(listing.files, "right" if right else "left")
        return folder.decoded(files, form, reading.progress, partial(raster.half, right=right))

    source, sample = half(right=reverse), half(right=not reverse)
    found = Content(
        sample=sample,
        domain=image(sample),
        source=source,
        source_domain=image(source),
        names=listing.files.names,
        notes=(*listing.notes, *pictures.told(headers, form, reading)),
    )
    return folders.described(found, listing.labels, listing.held_out)


def _halved(header: Header) -> Header:
    odd = "its width is odd, so it has no two halves" if header.width % 2 else ""
    return header._replace(width=header.width // 2, problem=header.problem or odd)


def _mask(held_out: Sequence[bool] | None) -> np.ndarray | None:
    import numpy as np

    return None if held_out is None else np.array(held_out)
