"""Landscapes: crops of photos, for repair, super-resolution and colour."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

_FOLDER = "usr/share/games/endless-sky/images/land"
CLASSES = (
    *("badlands", "beach", "canyon", "city", "desert", "fields", "fog", "forest"),
    *("hills", "lava", "mountain", "sea", "sky", "snow", "valley", "water"),
)
_SAME = {"dune": "desert"}
PLANS = {64: ((0.5, 48), (0.25, 52)), 96: ((0.5, 72),), 128: ((1.0, 132), (0.5, 72))}
"""Crop's side -> (scale of the photo, distance between crops in pixels), one or more."""
DETAIL = 1.5
"""The least mean difference of neighbouring pixels: plain sky has nothing to repair."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Crops on a grid over every photo that its name gives a class; whole photos held out."""
    named = sorted((_class(path), path) for path in files if _class(path))
    held = _held_out([path for _, path in named])
    for number, (side, plan) in enumerate(PLANS.items()):
        crops, labels, sides = [], [], []
        for place, (kind, path) in enumerate(named):
            progress("drawing landscapes", number * len(named) + place, len(PLANS) * len(named))
            found = crops_of(files[path], side, plan)
            crops += found
            labels += [CLASSES.index(kind)] * len(found)
            sides += [path in held] * len(found)
        yield _sheet(crops, labels, sides)


def _sheet(crops: list[np.ndarray], labels: list[int], sides: list[bool]) -> Sheet:
    import numpy as np

    return Sheet({"photo": np.stack(crops)}, np.array(sides), np.array(labels), CLASSES)


def _class(path: str) -> str:
    word = re.match("[a-z]*", PurePath(path).name)
    name = word.group() if word else ""
    name = _SAME.get(name, name)
    return name if name in CLASSES else ""


def _held_out(paths: list[str]) -> set[str]:
    """Photos of at least a tenth of every class."""
    held: set[str] = set()
    for kind in CLASSES:
        own = [path for path in paths if _class(path) == kind]
        few = chosen(own, 0.12)
        held.update(path for path, out in zip(own, few, strict=True) if out)
        if not few.any() and len(own) > 1:
            held.add(own[0])
    return held


def crops_of(data: bytes, side: int, plan: tuple[tuple[float, int], ...]) -> list[np.ndarray]:
    """(3, side, side) crops; at each scale, where the photo is large enough, on an even grid."""
    import numpy as np
    from PIL import Image

    photo = Image.open(io.BytesIO(data)).convert("RGB")
    found = []
    for scale, step in plan:
        size = (round(photo.width * scale), round(photo.height * scale))
        if min(size) < side:
            continue
        pixels = np.asarray(photo.resize(size, Image.Resampling.LANCZOS)).transpose(2, 0, 1)
        for top in _spread(size[1], side, step):
            for left in _spread(size[0], side, step):
                crop = pixels[:, top : top + side, left : left + side]
                if np.abs(np.diff(crop.astype(np.int16))).mean() > DETAIL:
                    found.append(np.array(crop))
    return found


def _spread(length: int, side: int, step: int) -> list[int]:
    """Where crops begin, so that the first and the last touch the photo's edges."""
    import numpy as np

    count = max(1, round((length - side) / step) + 1)
    return [int(start) for start in np.linspace(0, length - side, count).round()]


ALBUM = Album(
    name="landscapes",
    about="crops of 215 landscape photos in 16 classes, at 64, 96 and 128 px; photos held out",
    licence="public domain, and CC-BY-SA-4.0 for 61 of the photos (Endless Sky)",
    count=4104,
    shape=(3, 64, 64),
    packages=(
        fetch.Package(
            client="apt",
            name="endless-sky-data",
            megabytes=69.7,
            members=(f"{_FOLDER}/*.jpg",),
            archives=("e45835e05a11e84bb1a890a0ded390246a53b8318f21a25925aa70fa54f80c13",),
            contents=("616c7e4a2ad8ed2cd52748fc42e419c10bbe2d0837fb406fa2ef7cfdf997bfae",),
        ),
    ),
    views={"photo": View("the crop")},
    default="photo",
    draw=draw,
)
