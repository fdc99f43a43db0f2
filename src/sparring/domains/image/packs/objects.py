"""Objects: cut-outs with their masks, for blending onto photos."""

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
    from PIL.Image import Image

_FOLDER = "usr/share/tuxpaint/stamps"
CLASSES = (
    *("animals", "clothes", "food", "hobbies", "household", "military", "plants"),
    *("seasonal", "space", "sports", "town", "vehicles"),
)
"""The folders that are used; `symbols` hold letters and coins, and the rest but a few."""
SIDES = (64, 128)
OPAQUE = 0.97
"""A picture that fills more of its box than this has not been cut out."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Every cut-out fitted into squares of 64 and of 128 px, with opacity as fourth channel."""
    import numpy as np

    paths = sorted(path for path in files if is_used(path))
    cut: list[tuple[str, Image]] = []
    for place, path in enumerate(paths):
        progress("drawing objects", place, len(paths))
        picture = cut_out(files[path])
        if picture is not None:
            cut.append((path, picture))
    held = chosen([identity(path) for path, _ in cut], 0.12)
    label = np.array([CLASSES.index(folders_of(path)[0]) for path, _ in cut])
    for side in SIDES:
        pictures = np.stack([fitted(picture, side) for _, picture in cut])
        yield Sheet({"cutout": pictures}, held, label, CLASSES)


def identity(path: str) -> str:
    """What a picture shows: its path without the number that tells two of a kind apart."""
    name = re.sub(r"([-_ ]?\d+|_outlined|_bw)+$", "", PurePath(path).stem)
    return "/".join([*folders_of(path), name])


def folders_of(path: str) -> list[str]:
    """The folders that a stamp lies in, from the class on."""
    return path.removeprefix(f"{_FOLDER}/").split("/")[:-1]


def is_used(path: str) -> bool:
    """Whether a stamp is of a class that is used, and none that is another one mirrored."""
    stem = PurePath(path).stem
    return folders_of(path)[0] in CLASSES and not stem.endswith(("_mirror", "_flip"))


def cut_out(data: bytes) -> Image | None:
    """The picture without its empty rim; None where it has no opacity worth the name."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    box = picture.getchannel("A").point(lambda value: 255 if value > 32 else 0).getbbox()
    if box is None:
        return None
    cut = picture.crop(box)
    solid = sum(cut.getchannel("A").histogram()[128:]) / (cut.width * cut.height)
    return cut if 0.05 < solid < OPAQUE else None


def fitted(picture: Image, side: int) -> np.ndarray:
    """(4, side, side): centred, its longer edge 15/16 of the side, on transparent white."""
    import numpy as np
    from PIL import Image

    scale = side * 15 / 16 / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    # Pillow weighs colours by opacity here, so nothing of what lies outside the mask leaks in.
    small = picture.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    square.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    pixels = np.array(square)
    pixels[pixels[..., 3] == 0, :3] = 255
    return pixels.transpose(2, 0, 1)


ALBUM = Album(
    name="objects",
    about="cut-out objects with opacity, in 12 classes, at 64 and 128 px; objects held out",
    licence="GPL-2 (Tux Paint stamps)",
    count=514,
    shape=(4, 64, 64),
    packages=(
        fetch.Package(
            client="apt",
            name="tuxpaint-stamps-default",
            megabytes=160.9,
            members=(f"{_FOLDER}/*.png",),
            archives=("6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",),
            contents=("800924918974fdda2c05c370972bcaba9310ef3e08792ab24eb6151954ef075b",),
        ),
    ),
    views={"cutout": View("colour with opacity")},
    default="cutout",
    draw=draw,
)
