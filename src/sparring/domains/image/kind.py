"""Pictures, as data offers them: folders, pairs, arrays, columns of tables, and packs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.part import Part
from sparring.data.encoded import tallied, unusable
from sparring.data.kinds import Arrays, Column, Kind, Objects, Reader, Reading
from sparring.domains.image import (
    arrays,
    column,
    folder,
    large,
    objects,
    options,
    pairs,
    pictures,
    raster,
)
from sparring.domains.image.packs import (
    avatars,
    captions,
    characters,
    digits,
    earth,
    emoji,
    fashion,
    landscapes,
    maps,
    photos,
    robots,
    terrain,
    things,
)
from sparring.domains.image.packs import objects as stamps

if TYPE_CHECKING:
    import numpy as np


def survey(path: Path, reading: Reading) -> tuple[list[tuple[str, str]], list[str]]:
    """Counts, sizes and modes of a folder's pictures; and every file that cannot be used.

    Of a large folder a sample is looked at: the others are met where all are decoded.
    """
    every = folder.scan(path).files
    files = every if reading.skip_broken else large.sample(every)
    headers = pictures.survey(files, reading.progress)

    problems = pictures.flaws(files, headers, reading.progress)
    good = [header for header in headers if not header.problem]
    facts = [
        ("pictures", f"{len(every)}"),
        *([("looked at", f"{len(files):,} of {len(every):,}")] if len(files) < len(every) else []),
        ("sizes", tallied(f"{header.height} x {header.width}" for header in good)),
        ("modes", tallied(raster.mode_name(header.channels, header.bits) for header in good)),
    ]
    bad = unusable(files, problems)
    return (
        ([*facts, ("broken", "; ".join(bad) or "none")], [])
        if reading.skip_broken
        else (facts, bad)
    )


class Blanks:
    """Pictures of one colour throughout, which teach nothing and are mostly mistakes."""

    def __init__(self, space: Part) -> None:
        self.blank, self.seen = 0, 0

    def see(self, stored: np.ndarray) -> None:
        """Take note of pictures (N, C, H, W)."""
        flat = stored.reshape(len(stored), stored.shape[1], -1)
        self.blank += int((flat.max(2) == flat.min(2)).all(1).sum())
        self.seen += len(stored)

    def found(self, what: str) -> tuple[list[tuple[str, str]], list[str]]:
        """A warning, where there are such."""
        if not self.blank:
            return [], []
        of = f"{self.blank} of {self.seen} {what}s to train on"
        return [], [f"{of} are of one colour throughout."]


KIND = Kind(
    name="pictures",
    domain="sparring.domains.image.domain:Image",
    options=options.OPTIONS,
    readers=(
        Reader("a folder of pictures", folder.holds_pictures, pairs.read, ("pairs",), survey),
    ),
    arrays=Arrays(arrays.WORDS, arrays.claims, arrays.read, arrays.rows),
    column=Column(
        "pictures", column.claims, column.plain, column.read, column.flaws, column.decoder
    ),
    objects=Objects(objects.claims, objects.read),
    finder=Blanks,
    packs={
        pack.name: pack
        for pack in (
            digits.PACK,
            fashion.PACK,
            maps.ALBUM,
            emoji.ALBUM,
            terrain.ALBUM,
            landscapes.ALBUM,
            photos.ALBUM,
            earth.ALBUM,
            stamps.ALBUM,
            avatars.ALBUM,
            captions.ALBUM,
            characters.ALBUM,
            robots.ALBUM,
            things.ALBUM,
        )
    },
)
