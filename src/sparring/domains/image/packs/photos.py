"""Photos: sharp crops of photos that belong to nobody, for models that may be handed on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs.album import Album, Sheet, View
from sparring.domains.image.packs.landscapes import crops_of

_FOLDER = "usr/share/games/endless-sky/images"
OWNED = re.compile(
    r"bwerner|myrabella|dmottl|mfield|lava5|-sfiera|-striker|-harro|-iridium|-spfld|geoscan|eso"
)
"""Names of the photos under CC-BY-SA or CC-BY, from the package's copyright file."""
DRAWN = re.compile(r"space|station|earthrise|engine|nasa")
"""Names of pictures that no camera took on the ground."""
SIDE = 128
PLAN = ((1.0, 118), (0.5, 58))
"""Scale of the photo, and the distance between crops in pixels."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Crops on a grid over every photo in the public domain; whole photos held out."""
    import numpy as np

    paths = sorted(path for path in files if free(path))
    sheets, sides = [], []
    for place, (path, out) in enumerate(zip(paths, chosen(paths, 0.08), strict=True)):
        progress("drawing photos", place, len(paths))
        found = crops_of(files[path], SIDE, PLAN)
        sheets += found
        sides += [bool(out)] * len(found)
    yield Sheet({"photo": np.stack(sheets)}, np.array(sides))


def free(path: str) -> bool:
    """Whether this file is a photo in the public domain."""
    name = PurePath(path).name
    return not (OWNED.search(name) or DRAWN.match(name))


ALBUM = Album(
    name="photos",
    about="sharp crops of photos in the public domain, at 128 px; photos held out",
    licence="public domain (Endless Sky)",
    count=3643,
    shape=(3, SIDE, SIDE),
    packages=(
        fetch.Package(
            client="apt",
            name="endless-sky-data",
            megabytes=69.7,
            members=(f"{_FOLDER}/land/*.jpg", f"{_FOLDER}/scene/*.jpg"),
            archives=("e45835e05a11e84bb1a890a0ded390246a53b8318f21a25925aa70fa54f80c13",),
            contents=("f86b291de120ee6a724cf78363a5e2d026223e3c2efd131ba07d1a904fce7593",),
        ),
    ),
    views={"photo": View("the crop")},
    default="photo",
    draw=draw,
)
