"""A folder of sources and samples: sub-folders A and B, or pictures with both side by side."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.data.content import Content, Progress, Sources
from sparring.data.hub import HELD_OUT, TRAIN
from sparring.data.kinds import Reading
from sparring.domains.image import folder, pictures, raster
from sparring.domains.image.arrays import image
from sparring.domains.image.folder import Facts
from sparring.domains.image.pictures import Encoded
from sparring.domains.image.raster import Form, Header
from sparring.domains.layout import palette
from sparring.domains.layout.domain import Layout

if TYPE_CHECKING:
    import numpy as np

FORMS = ("stems", "unpaired", "side-by-side", "none")
REVERSE = "reverse"
_TOP = re.compile(rf"({'|'.join((*TRAIN, *HELD_OUT))})?[_-]?([AB])")
"""A top folder: A, B, trainA, testB."""


class Wanted(NamedTuple):
    """What `pairs` asks for."""

    form: str = ""
    """One of FORMS; empty leaves it to the folder."""
    reverse: bool = False
    """Whether A is made from B."""


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


def wanted(words: str | None) -> Wanted:
    """The form and the direction that words between commas ask for.

    Raises:
        InputError: an unknown word, or two forms.
    """
    known = (*FORMS, REVERSE)
    found = [word.strip() for word in (words or "").split(",") if word.strip()]
    for word in found:
        if word not in known:
            raise unknown("word of --pairs", word, known)
    forms = [word for word in found if word != REVERSE]
    if len(forms) > 1 or (forms == ["none"] and REVERSE in found):
        raise InputError(f"--pairs {words} contradicts itself; give one of {', '.join(FORMS)}.")
    return Wanted(forms[0] if forms else "", REVERSE in found)


def read(path: Path, reading: Reading) -> Content:
    """The pictures of a folder, with sources where it holds any; otherwise as `folder.read`.

    Top folders A and B (also trainA, testA, ...; or A/train, A/test, ...) hold sources and
    samples. They are pairs if all of their file stems match (a last _A or _B aside), otherwise
    they belong to no other. Beside or in them a palette file makes label maps of indexed or grey
    pictures. `pairs` insists on "stems", on "unpaired", or on "none" (A and B are labels); asks for
    the left and right halves of every picture by "side-by-side"; and "reverse" makes A from B.

    Raises:
        InputError: as `folder.read`; an empty side, unmatched stems, sizes that differ within a
            pair, or values outside the palette.
    """
    form, reverse = wanted(reading.pairs)
    if form == "side-by-side":
        return _halves(path, reverse, reading)
    facts = folder.visible(path)
    sides = {} if form == "none" else _tops(path, asked=bool(form) or reverse)
    if not sides:
        return folder.read(path, reading)
    a, b = (_side(path, name, facts, sides) for name in "AB")
    a, b = _surveyed(path, a, b, reading.progress)
    source, sample = (b, a) if reverse else (a, b)
    paired, notes = _paired(path, a, b, form)
    others = sum(map(folder.is_picture, facts)) - len(a.files) - len(b.files)
    if others:
        notes += (f"{others} pictures that lie in neither A nor B are left out.",)
    extents = [_form(side, reading)[1:3] for side in (a, b)]
    if extents[0] != extents[1]:
        (high, wide), (other_high, other_wide) = extents
        raise InputError(
            f"the pictures of {path}/A are {high} x {wide} and those of B {other_high} x "
            f"{other_wide} (height x width); bring them to one with --size."
        )
    given, source_domain = _stored(source, reading)
    made, domain = _stored(sample, reading)
    found = Content(sample=made, domain=domain, source_domain=source_domain, notes=notes)
    found = folder.described(found, sample.labels, sample.held_out)
    if paired:
        return found.replace(source=given)
    return found.replace(sources=Sources(given, _mask(source.held_out)))


def _tops(path: Path, *, asked: bool) -> dict[str, tuple[str, bool | None]]:
    """Top folder -> A or B, and whether it is held out where its name says so; else nothing.

    Raises:
        InputError: such folders were asked for, and one is missing.
    """
    tops = {entry.name for entry in path.iterdir() if entry.is_dir()}
    tops = {top for top in tops if not top.startswith((".", "__MACOSX"))}
    matches = {top: _TOP.fullmatch(top) for top in tops}
    found = {
        top: (match[2], None if match[1] is None else match[1] in HELD_OUT)
        for top, match in matches.items()
        if match
    }
    missing = {"A", "B"} - {side for side, _ in found.values()}
    if asked and missing:
        raise InputError(
            f"{path} has no sub-folder {min(missing)}; pairs lie in A and B, or in trainA, trainB, "
            "testA and testB, or in one picture (--pairs side-by-side)."
        )
    strange = len(found) < len(tops) and not asked
    return {} if missing or strange else found


def _side(path: Path, name: str, facts: Facts, tops: dict[str, tuple[str, bool | None]]) -> Side:
    """One side, its headers not yet read.

    Raises:
        InputError: no picture in it, or a palette that cannot be read.
    """
    names = [file for file in facts if folder.is_picture(file) and _of(file, tops)[0] == name]
    folders = sorted(top for top, (side, _) in tops.items() if side == name)
    if not names:
        raise InputError(
            f"there is no picture in {path / folders[0]}; put the pictures of {name} there."
        )
    inner, below = folder.split_of([PurePosixPath(*file.parts[1:]) for file in names])
    outer = [bool(_of(file, tops)[1]) for file in names]
    held = [a or b for a, b in zip(outer, inner or outer, strict=True)]
    stems = [_stem(file, name, aside) for file, aside in zip(below, held, strict=True)]
    order = sorted(range(len(names)), key=lambda index: (stems[index], names[index]))
    labels, _ = folder.labels_of(below)
    files = folder.encoded(path, [names[index] for index in order], facts)
    own = [found for top in folders if (found := palette.find(path / top))]
    return Side(
        name,
        files,
        tuple(stems[index] for index in order),
        tuple(held[index] for index in order) if any(held) else None,
        None if labels is None else tuple(labels[index] for index in order),
        palette.read(own[0]) if own else None,
        [],
    )


def _of(file: PurePosixPath, tops: dict[str, tuple[str, bool | None]]) -> tuple[str, bool | None]:
    return tops.get(file.parts[0], ("", None)) if len(file.parts) > 1 else ("", None)


def _stem(file: PurePosixPath, side: str, held_out: bool) -> str:
    stem = re.sub(rf"[_-]{side}$", "", str(file.with_suffix("")))
    return f"{'held out' if held_out else 'train'}: {stem}"


def _surveyed(path: Path, a: Side, b: Side, progress: Progress | None) -> tuple[Side, Side]:
    """Both with their headers, and the palette that lies beside A and B given to its side."""
    a, b = (side._replace(headers=pictures.survey(side.files, progress)) for side in (a, b))
    for side in (a, b):
        flaw = "" if side.layout is None else "neither indexed nor grey, as label maps are"
        problems = [h.problem or ("" if _is_map(h) else flaw) for h in side.headers]
        pictures.refuse(side.files, problems)
    shared = palette.find(path)
    if shared is None:
        return a, b
    # Label maps are mostly the sources; of two sides that could be, A is taken.
    for side in (a, b):
        if side.layout is None and all(_is_map(header) for header in side.headers):
            mapped = side._replace(layout=palette.read(shared))
            return (mapped, b) if side is a else (a, mapped)
    raise InputError(
        f"{shared} is a palette, but neither A nor B holds indexed or grey pictures only; convert "
        "the label maps, or remove the palette."
    )


def _is_map(header: Header) -> bool:
    return header.indexed or (header.channels == 1 and header.bits <= 16)


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
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more} {verb if len(names) > 1 else 'has'}"


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


def _form(side: Side, reading: Reading) -> Form:
    """The form of a side's pictures; of label maps, one byte a pixel."""
    if side.layout is None:
        return pictures.settle(side.files, side.headers, reading.size, reading.channels)
    return pictures.settle(side.files, side.headers, reading.size, 1)._replace(bits=8)


def _stored(side: Side, reading: Reading) -> tuple[np.ndarray, Part]:
    """A side's pictures in stored form, and their sample space."""
    form = _form(side, reading)
    if side.layout is None:
        values = folder.decoded(side.files, form, reading.progress)
        return values, image(values)
    shape = (len(side.layout["names"]), *form[1:3])
    domain = Part("sparring.domains.layout.domain:Layout", shape=shape, **side.layout)
    layout: Layout = domain.build()

    def classes(file: Path | bytes, form: Form) -> np.ndarray:
        return layout.numbered(raster.numbers(file, form))

    files = _keyed(side.files, f"layout-{len(layout.names)}-{layout.values}")
    return pictures.decode(files, form, reading.progress, classes), domain


def _halves(path: Path, reverse: bool, reading: Reading) -> Content:
    """Pictures that show A on the left and B on the right.

    Raises:
        InputError: as `folder.read`; a width that is odd.
    """
    listing = folder.scan(path)
    if palette.find(path):
        raise InputError(
            f"{path} has a palette, but label maps cannot be half of a picture; put them into a "
            "sub-folder A, the others into B, and leave out --pairs side-by-side."
        )
    headers = [_halved(header) for header in pictures.survey(listing.files, reading.progress)]
    form = pictures.settle(listing.files, headers, reading.size, reading.channels)

    def half(*, right: bool) -> np.ndarray:
        files = _keyed(listing.files, "right" if right else "left")
        return folder.decoded(files, form, reading.progress, partial(raster.half, right=right))

    source, sample = half(right=reverse), half(right=not reverse)
    found = Content(
        sample=sample,
        domain=image(sample),
        source=source,
        source_domain=image(source),
        notes=listing.notes,
    )
    return folder.described(found, listing.labels, listing.held_out)


def _halved(header: Header) -> Header:
    odd = "its width is odd, so it has no two halves" if header.width % 2 else ""
    return header._replace(width=header.width // 2, problem=header.problem or odd)


def _keyed(files: Encoded, word: str) -> Encoded:
    return dataclasses.replace(files, key=f"{files.key}-{re.sub(r'[^0-9a-z]+', '-', word)}")


def _mask(held_out: Sequence[bool] | None) -> np.ndarray | None:
    import numpy as np

    return None if held_out is None else np.array(held_out)
