"""Drums: single hits, from drum kits and collections of samples; their class is in their name."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files
from sparring.domains.sound.packs.collection import (
    RATE,
    Collection,
    Recording,
    decoded,
    levelled,
    trimmed,
)

if TYPE_CHECKING:
    import numpy as np

CLASSES = {
    "click": r"clap|snap|stick|rim click|^rim|_rim|clave|clav\d|wood",
    "hand": r"conga|bongo|djembe|cajon|tabla|(dununba|kenkeni|sangban)\d head",
    "hihat": r"\bhh|hh\b|hat|cymbal_(closed|open|pedal)",
    "snare": r"snare|\bsn_",
    "tom": r"(?<![a-z])tom(?!b)",
    "cymbal": r"crash|(?<![a-z])ride|cymbal|splash|china|paiste bell|^bell$",
    "kick": r"kick|bass ?drum|\bbd_|drum_bass",
}
"""What its name is searched for; the first that is found is its class."""
_OUT = r"^(loop|bass|ambi|misc|vinyl|guit|glitch|mehackit)_|drum_roll|snare roll|^kick04$"
"""Names of what is no single hit of a drum; and of a file that libsndfile cannot read."""
_KITS = "usr/share/hydrogen/data/drumkits"
_COLLECTIONS = ("usr/share/sonic-pi/samples", "usr/share/lmms/samples/drums")
HELD_OUT = 0.2
ONSET = 32
"""Samples (2 ms) that are kept before a hit's onset."""
MOST = 4 * RATE
"""Samples of a hit that are kept."""


class Hit(NamedTuple):
    """A file, and what it is a recording of."""

    path: str
    name: str
    """As its kit or its file calls it."""
    label: str
    drum: str
    """The one drum, cymbal or hand: all its hits are held out together."""


def draw(files: Files, progress: Progress) -> Iterator[tuple[str, list[Recording]]]:
    """Every hit that has a class and is not silent, from its onset; none twice."""
    hits = [hit for hit in hits_in(files) if hit.path in files]
    out = held_out(hits)
    found: dict[bytes, Recording] = {}
    for place, hit in enumerate(hits):
        progress("reading drums", place, len(hits))
        wave = trimmed(decoded(files[hit.path]), 0.01, ONSET)[:MOST]
        if len(wave) > ONSET:
            wave = levelled(wave)
            found.setdefault(_print(wave), Recording(wave, hit.name, hit.drum in out, hit.label))
    yield "", list(found.values())


def _print(wave: np.ndarray) -> bytes:
    """What equal recordings share: their first quarter of a second, coarsely."""
    return (wave[: RATE // 4] * 127).round().astype("i1").tobytes()


def hits_in(files: Files) -> list[Hit]:
    """The hits of kits, by the names in their tables, and of collections, by file name."""
    found: dict[str, Hit] = {}
    for path, name, drum in (*_kits(files), *_collections(files)):
        if label := class_of(name):
            found.setdefault(path, Hit(path, name, label, drum))
    return list(found.values())


def _kits(files: Files) -> Iterator[tuple[str, str, str]]:
    """Path, name and drum: the layers of one instrument of a kit are one drum."""
    for table in sorted(path for path in files if path.endswith("/drumkit.xml")):
        name, folder = "", PurePath(table).parent
        words = files[table].decode("utf-8", "replace")
        for tag, value in re.findall(r"<(name|filename)>(.*?)</", words):
            if tag == "name":
                name = html.unescape(value).strip()
            else:
                yield str(folder / html.unescape(value)), name, f"{folder.name} {name}"


def _collections(files: Files) -> Iterator[tuple[str, str, str]]:
    """As `_kits`: hard and soft hits are of one drum, and so are the numbered ones of a tabla."""
    for path in sorted(files):
        if str(PurePath(path).parent) in _COLLECTIONS:
            name = PurePath(path).stem
            ends = r"\d*$" if name.startswith("tabla") else r"_(hard|soft)$"
            yield path, name, re.sub(ends, "", name)


def class_of(name: str) -> str:
    """One of CLASSES, or no word where it is none of them."""
    word = name.lower()
    if re.search(_OUT, word):
        return ""
    return next((label for label, words in CLASSES.items() if re.search(words, word)), "")


def held_out(hits: list[Hit]) -> set[str]:
    """Drums that are held out: of each class by the order of a hash, up to their share."""
    out: set[str] = set()
    for label in CLASSES:
        drums = [hit.drum for hit in hits if hit.label == label]
        taken = 0
        for drum in sorted(set(drums), key=lambda drum: hashlib.sha256(drum.encode()).digest()):
            if taken + drums.count(drum) <= HELD_OUT * len(drums) + 1:
                taken += drums.count(drum)
                out.add(drum)
    return out


PACK = Collection(
    name="drums",
    about="single hits of drums at 16 kHz, in 7 classes by name; whole drums held out",
    licence=(
        "CC0 and MIT (Sonic Pi), GPL-2+ (Hydrogen, LMMS); kits CC0, CC-BY-3.0, CC-BY-SA-3.0, GPL"
    ),
    count=719,
    packages=(
        fetch.Package(
            client="apt",
            name="sonic-pi-samples",
            megabytes=21.9,
            members=(f"{_COLLECTIONS[0]}/*.flac",),
            archives=("25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d",),
            contents=("8021549fe6cfea84aa88924b7526102b41d5597088e6f0d3f47bd9044ab183f4",),
        ),
        fetch.Package(
            client="apt",
            name="hydrogen-data",
            megabytes=6.8,
            members=(f"{_KITS}/*",),
            archives=("d2cc3f281c02efb71f132bd173e95a958d3fede7c5aefcaba6547baf918cff2a",),
            contents=("edf2b9e81f1ec4e8afe492df80ccae4f52500c7c9b4fb888a372fd180db67dc3",),
        ),
        fetch.Package(
            client="apt",
            name="hydrogen-drumkits",
            megabytes=142.7,
            members=(f"{_KITS}/*",),
            archives=("6ea3c6df9a67762e2362f946c695e619859126b19fbccf32a2e8f07dfd03b2f4",),
            contents=("21a55d5488a037e7a055cc283a00b70ba8bfd8787a152ad2e0229528eae013e9",),
        ),
        fetch.Package(
            client="apt",
            name="lmms-common",
            megabytes=8.3,
            members=(f"{_COLLECTIONS[1]}/*.ogg",),
            archives=("7d9aa55dd05f11edc57104203ee1c350e3e41f8936ab3741da2bb1158fd46c37",),
            contents=("ad7e8ad6c8f25f1063e090156863a13cf97ffc9d80800bcf95cc49d6dfd988dc",),
        ),
    ),
    views={},
    draw=draw,
    cut=False,
)
