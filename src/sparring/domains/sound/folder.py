"""Sound files: one of them, or a folder whose sub-folders are the labels."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sparring.data import faults, folders
from sparring.data.content import Content
from sparring.data.encoded import tallied, unusable
from sparring.data.folders import Listing
from sparring.data.kinds import Reading
from sparring.domains.sound import pieces
from sparring.domains.sound.recordings import SUFFIXES, Header

WHAT = "sounds"


def claims(path: Path) -> bool:
    """Whether it is a sound file, or a folder in or below which one lies.

    Raises:
        InputError: a folder that cannot be looked into.
    """
    if path.is_dir():
        return folders.holds(path, SUFFIXES)
    return path.suffix.lower() in SUFFIXES


def scan(path: Path) -> Listing:
    """Find the sound files; none is opened.

    Raises:
        InputError: a folder that is missing, empty or unreadable.
    """
    if path.is_dir():
        return folders.scan(path, SUFFIXES, WHAT)
    name, facts = PurePosixPath(path.name), path.stat()
    stamp = (facts.st_size, facts.st_mtime_ns)
    return Listing(folders.encoded(path.parent, [name], {name: stamp}, WHAT), None, None, ())


def read(path: Path, reading: Reading) -> Content:
    """All pieces of the sounds there; first sub-folders are labels, `train` and `test` the split.

    Raises:
        InputError: a folder that is missing, empty or unreadable; sounds that cannot be read;
            silence only.
    """
    listing, headers = surveyed(path, reading)
    found = pieces.read(listing.files, headers, reading)
    assert found.origin is not None
    labels, held = listing.labels, listing.held_out
    return folders.described(
        found.replace(notes=(*listing.notes, *found.notes)),
        None if labels is None else [labels[index] for index in found.origin],
        None if held is None else [held[index] for index in found.origin],
    )


def surveyed(path: Path, reading: Reading) -> tuple[Listing, list[Header]]:
    """The sounds and their headers, without broken ones where they are to be skipped.

    Raises:
        InputError: as `scan`; all are broken.
    """
    listing = scan(path)
    headers = pieces.survey(listing.files, reading.progress)
    if not reading.skip_broken:
        return listing, headers
    problems = pieces.flaws(listing.files, headers, reading)
    kept, notes = faults.sound(listing.files.names, problems, listing.files.where)
    return listing.only(kept, notes), [headers[index] for index in kept]


def survey(path: Path, reading: Reading) -> tuple[list[tuple[str, str]], list[str]]:
    """Counts, lengths, rates and channels of sound files; and every one that cannot be used."""
    listing = scan(path)
    headers = pieces.survey(listing.files, reading.progress)
    bad = unusable(listing.files, pieces.flaws(listing.files, headers, reading))
    good = [header for header in headers if not header.problem]
    total = sum(header.seconds for header in good)
    longest = max((header.seconds for header in good), default=0.0)
    facts = [
        ("sounds", f"{len(headers)}, {total:,.1f} s, the longest {longest:,.1f} s"),
        ("rates", tallied(f"{header.rate:,} Hz" for header in good)),
        ("channels", tallied(str(header.channels) for header in good)),
    ]
    if not reading.skip_broken:
        return facts, bad
    return [*facts, ("broken", "; ".join(bad) or "none")], []
