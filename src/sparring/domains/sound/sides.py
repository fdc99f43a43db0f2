"""A folder of sounds to make others from: sub-folders A and B."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sparring.core.errors import InputError
from sparring.data import faults, folders
from sparring.data.content import Content, Sources
from sparring.data.encoded import Encoded
from sparring.data.folders import Facts
from sparring.data.kinds import Reading
from sparring.data.sides import Tops, files_of, tops_of, wanted
from sparring.domains.sound import folder, pieces
from sparring.domains.sound.options import form_of
from sparring.domains.sound.recordings import SUFFIXES, Header


class Side(NamedTuple):
    """The sounds of A or of B, in the order of their stems."""

    files: Encoded
    headers: list[Header]
    stems: tuple[str, ...]
    held_out: tuple[bool, ...]
    labels: tuple[str, ...]
    """The sub-folder of each; empty where these are no labels."""

    def described(self, found: Content) -> Content:
        """The content with the split and the labels of the files that its pieces come from."""
        assert found.origin is not None
        held = [self.held_out[index] for index in found.origin]
        labels = [self.labels[index] for index in found.origin]
        return folders.described(
            found, labels if any(labels) else None, held if any(self.held_out) else None
        )


def read(path: Path, reading: Reading) -> Content:
    """The sounds of a path, with sources where it is a folder of A and B; else as `folder.read`.

    A holds sources and B samples, as with pictures: pairs if all file stems match, cut at the same
    places; otherwise they belong to no other. Sub-folders of the samples' side, where there are
    several, are their labels. `pairs` insists on "stems", on "unpaired", or on
    "none" (A and B are labels), and "reverse" makes A from B.

    Raises:
        InputError: as `folder.read`; an empty side, or stems that do not match and should.
    """
    form, reverse = wanted(reading.pairs)
    if form == "side-by-side":
        raise InputError("sounds do not lie side by side in one file; give folders A and B.")
    asked = bool(form) or reverse
    looked = path.is_dir() and form != "none"
    tops = tops_of(path, asked=asked) if looked else {}
    if not tops:
        return folder.read(path, reading)
    facts = folders.visible(path)
    a, b = (_side(path, name, facts, tops, reading) for name in "AB")
    paired = form != "unpaired" and a.stems == b.stems and len(set(a.stems)) == len(a.stems)
    if form == "stems" and not paired:
        lone = sorted({*a.stems} ^ {*b.stems})
        named = lone[0].partition(": ")[2] if lone else a.stems[0]
        raise InputError(
            f"{path} has sounds in A and B without a partner of the same stem, such as {named}; "
            "mend them, or use --pairs unpaired."
        )
    source, sample = (b, a) if reverse else (a, b)
    return _pairs(source, sample, reading) if paired else _loose(source, sample, reading)


def _side(path: Path, name: str, facts: Facts, tops: Tops, reading: Reading) -> Side:
    """One side with its headers, without what is broken where that is skipped."""
    found = files_of([file for file in facts if file.suffix.lower() in SUFFIXES], name, tops)
    if not found:
        raise InputError(f"there is no sound in {path / name}; put the sounds of {name} there.")
    files = folders.encoded(path, [file.name for file in found], facts, "sounds")
    headers = pieces.survey(files, reading.progress)
    kept: Sequence[int] = range(len(found))
    if reading.skip_broken:
        kept, _ = faults.sound(files.names, pieces.flaws(files, headers, reading), files.where)
    return Side(
        files.only(kept),
        [headers[index] for index in kept],
        tuple(found[index].stem for index in kept),
        tuple(found[index].held_out for index in kept),
        tuple(found[index].label for index in kept),
    )


def _loose(source: Side, sample: Side, reading: Reading) -> Content:
    """Sources that belong to no sample."""
    import numpy as np

    given = pieces.read(source.files, source.headers, reading)
    made = pieces.read(sample.files, sample.headers, reading)
    assert given.origin is not None
    any_held = any(source.held_out) and any(sample.held_out)
    found = sample.described(made)
    return found.replace(
        source_domain=given.domain,
        sources=Sources(
            given.sample,
            np.array(source.held_out)[given.origin] if any_held else None,
            given.origin,
        ),
        held_out=found.held_out if any_held else None,
        notes=(
            *(f"sources: {note}" for note in given.notes),
            *(f"samples: {note}" for note in made.notes),
            "sources and samples are no pairs.",
        ),
    )


def _pairs(source: Side, sample: Side, reading: Reading) -> Content:
    """Pieces of both from the same places, as many as both have; without those that are silent."""
    import numpy as np

    given, cut = pieces.decoded(source.files, source.headers, reading)
    made, other = pieces.decoded(sample.files, sample.headers, reading)
    places = [
        (place.start + number, partner.start + number, index)
        for index, (place, partner) in enumerate(zip(cut.places, other.places, strict=True))
        for number in range(min(place.stop - place.start, partner.stop - partner.start))
    ]
    first, second, origin = np.array(places).T
    heard = pieces.audible(made[second]) & pieces.audible(given[first])
    if not heard.any():
        raise InputError(f"{sample.files.where} holds silence only, on one side of every pair.")
    form = form_of(reading)
    silent = int((~heard).sum())
    left_out = (f"{silent} pairs with a silent side are left out.",) if silent else ()
    found = Content(
        sample=made[second][heard],
        source=given[first][heard],
        domain=pieces.domain(form),
        source_domain=pieces.domain(form),
        origin=origin[heard],
        names=[sample.files.names[index] for index in origin[heard]],
        notes=(
            f"{len(source.files)} pairs of sounds make {len(places)} pairs of pieces of "
            f"{form.words}.",
            *left_out,
            *pieces.told([*source.headers, *sample.headers], form),
        ),
    )
    return sample.described(found)
