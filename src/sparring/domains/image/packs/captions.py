"""Captions: emoji and cut-out objects with what they are called, for pictures of sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files
from sparring.data.words import words_of
from sparring.domains.image.packs import emoji, objects
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

SIDE = 64
KEYWORDS = 4
"""Of an emoji, that follow its name."""
KINDS = ("emoji", "emoji in 3d", "object")
_DESIGNS = {"emoji": "google", "emoji in 3d": "fluent"}
_NAMES = "package/en/data.json"
_STAMPS = "usr/share/tuxpaint/stamps"


class Told(NamedTuple):
    """A picture's file, and what is said of it."""

    kind: str
    name: str
    """Of which things of the same name are held out together."""
    sentence: str
    path: str


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """One sheet of 64 pixels on white."""
    import numpy as np

    told = [*_emoji(files), *_objects(files)]
    pictures, kept = [], []
    for place, item in enumerate(told):
        progress("drawing pictures of captions", place, len(told))
        drawn = _drawn(item, files[item.path])
        if drawn is not None:
            pictures.append(drawn)
            kept.append(item)
    views = {"picture": np.stack(pictures)}
    yield Sheet(
        views,
        emoji.held_out([item.name for item in kept], views),
        np.array([KINDS.index(item.kind) for item in kept]),
        KINDS,
        captions=tuple(item.sentence for item in kept),
    )


def _emoji(files: Files) -> Iterator[Told]:
    """Every emoji in both designs; of skin tones the yellow one."""
    for entry in json.loads(files[_NAMES]):
        if "order" not in entry:
            continue
        sentence = caption(entry["label"], entry.get("tags", ()))
        for kind, design in _DESIGNS.items():
            code = entry["hexcode"].lower()
            path = emoji.PATHS[design].format(code)
            if path not in files:
                path = emoji.PATHS[design].format(f"{code}-fe0f")
            if path in files:
                said = f"{sentence}, in 3d" if kind == "emoji in 3d" else sentence
                yield Told(kind, entry["label"], said, path)


def caption(name: str, keywords: list[str]) -> str:
    """The name, and the first keywords that say something else."""
    known = set(words_of(name))
    more = [word for word in keywords if not set(words_of(word)) & known]
    return ", ".join([name, *more[:KEYWORDS]])


def _objects(files: Files) -> Iterator[Told]:
    """Every cut-out that has a word in English beside it."""
    for path in sorted(path for path in files if path.endswith(".png")):
        text = files.get(str(PurePath(path).with_suffix(".txt")))
        if text is None or not path.startswith(_STAMPS) or not objects.is_used(path):
            continue
        sentence = text.decode(errors="replace").split("\n")[0].strip().rstrip(".")
        if words_of(sentence) and "=" not in sentence:
            yield Told("object", objects.identity(path), sentence, path)


def _drawn(item: Told, data: bytes) -> np.ndarray | None:
    """(3, SIDE, SIDE) uint8 on white; None of a stamp that has not been cut out."""
    if item.kind != "object":
        return emoji.on_white(data)
    cut = objects.cut_out(data)
    return None if cut is None else emoji.laid(objects.fitted(cut, SIDE))


_GOOGLE, _, _FLUENT = emoji.ALBUM.packages
ALBUM = Album(
    name="captions",
    about="emoji of two designs and cut-out objects with what they are called; names held out",
    licence="google: Apache-2.0; fluent, names: MIT; objects: GPL-2 (Tux Paint)",
    count=4277,
    shape=(3, SIDE, SIDE),
    packages=(
        _GOOGLE,
        _FLUENT,
        fetch.Package(
            client="npm",
            name="emojibase-data",
            version="17.0.0",
            megabytes=6.7,
            members=(_NAMES,),
            archives=("d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",),
        ),
        fetch.Package(
            client="apt",
            name="tuxpaint-stamps-default",
            megabytes=160.9,
            members=(f"{_STAMPS}/*.png", f"{_STAMPS}/*.txt"),
            archives=objects.ALBUM.packages[0].archives,
        ),
    ),
    views={"picture": View("on white")},
    default="picture",
    draw=draw,
)
