"""Pictures, as data offers them: folders, pairs, arrays, columns of tables, and packs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sparring.data.kinds import Arrays, Column, Kind, Objects, Reader, Reading
from sparring.domains.image import arrays, column, folder, objects, pairs, pictures, raster
from sparring.domains.image.packs import (
    digits,
    emoji,
    fashion,
    landscapes,
    maps,
    terrain,
)
from sparring.domains.image.packs import objects as stamps


def survey(path: Path, reading: Reading) -> tuple[list[tuple[str, str]], list[str]]:
    """Counts, sizes and modes of a folder's pictures; and every file that cannot be used."""
    files = folder.scan(path).files
    headers = pictures.survey(files, reading.progress)

    problems = pictures.flaws(files, headers, reading.progress)
    good = [header for header in headers if not header.problem]
    facts = [
        ("pictures", f"{len(files)}"),
        ("sizes", _counts(f"{header.height} x {header.width}" for header in good)),
        ("modes", _counts(raster.mode_name(header.channels, header.bits) for header in good)),
    ]
    bad = pictures.unusable(files, problems)
    return (
        ([*facts, ("broken", "; ".join(bad) or "none")], [])
        if reading.skip_broken
        else (facts, bad)
    )


def _counts(words: Iterable[str]) -> str:
    counted = Counter(words).most_common()
    shown = ", ".join(f"{word} ({count})" for word, count in counted[:5])
    return shown + (f" and {len(counted) - 5} more" if len(counted) > 5 else "")


KIND = Kind(
    name="pictures",
    domain="sparring.domains.image.domain:Image",
    readers=(
        Reader("a folder of pictures", folder.holds_pictures, pairs.read, ("pairs",), survey),
    ),
    arrays=Arrays(arrays.WORDS, arrays.claims, arrays.read, arrays.rows),
    column=Column(
        "pictures", column.claims, column.plain, column.read, column.flaws, column.decoder
    ),
    objects=Objects(objects.claims, objects.read),
    packs={
        pack.name: pack
        for pack in (
            digits.PACK,
            fashion.PACK,
            maps.ALBUM,
            emoji.ALBUM,
            terrain.ALBUM,
            landscapes.ALBUM,
            stamps.ALBUM,
        )
    },
)
