"""Robots: the same ones in ten colours, laid together from parts, with the part of every pixel."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.attributes import Attributes
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SIDE = 64
COUNT, DRAWINGS = 2000, 10
"""Robots, and drawings of each part that there are."""
COLOURS = (
    *("blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow"),
)
_FOLDER = "robohash/sets/set1"
PARTS = {
    "background": (255, 255, 255),
    "body": (60, 100, 200),
    "face": (236, 190, 160),
    "accessory": (90, 170, 110),
    "eyes": (236, 176, 60),
    "mouth": (200, 56, 60),
}
"""Class of a pixel -> the colour that the layout shows it in; parts from the back to the front."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """One sheet: every robot in all colours."""
    import numpy as np

    parts = list(PARTS)[1:]
    robots = np.random.default_rng(12).permutation(DRAWINGS ** len(parts))[:COUNT]
    picks = np.stack(np.unravel_index(robots, (DRAWINGS,) * len(parts)), axis=1)
    views = {}
    for place, colour in enumerate(COLOURS):
        progress("drawing robots", place, len(COLOURS))
        layers = _layers(files, colour)
        views[colour] = np.stack([_laid(layers, row) for row in picks.tolist()])
    views["parts"] = np.stack([_parts(layers, row) for row in picks.tolist()])
    values = {part: tuple(f"{part} {n + 1}" for n in range(DRAWINGS)) for part in parts}
    held = chosen([str(robot) for robot in robots], 0.1)
    yield Sheet(views, held, attributes=Attributes(values, picks))


def _layers(files: Files, colour: str) -> list[list[Image]]:
    """Of each part its drawings by number, SIDE pixels wide.

    Files say it so: 004#02Face/000#blue_face-07.png.
    """
    from PIL import Image

    found = []
    for part in list(PARTS)[1:]:
        drawings = []
        for number in range(1, DRAWINGS + 1):
            end = f"_{part}-{number:02}.png"
            path = next(p for p in files if f"/{colour}/" in p and p.endswith(end))
            picture = Image.open(io.BytesIO(files[path])).convert("RGBA")
            drawings.append(picture.resize((SIDE, SIDE), Image.Resampling.BOX))
        found.append(drawings)
    return found


def _laid(layers: list[list[Image]], row: list[int]) -> np.ndarray:
    """(3, SIDE, SIDE) uint8 on white."""
    import numpy as np
    from PIL import Image

    made = Image.new("RGBA", (SIDE, SIDE), "white")
    for drawings, number in zip(layers, row, strict=True):
        made.alpha_composite(drawings[number])
    return np.array(made.convert("RGB")).transpose(2, 0, 1)


def _parts(layers: list[list[Image]], row: list[int]) -> np.ndarray:
    """(1, SIDE, SIDE) uint8: the foremost part that covers at least half of a pixel."""
    import numpy as np

    found = np.zeros((1, SIDE, SIDE), np.uint8)
    for part, (drawings, number) in enumerate(zip(layers, row, strict=True), 1):
        found[0, np.asarray(drawings[number].getchannel("A")) >= 128] = part
    return found


ALBUM = Album(
    name="robots",
    about="2,000 robots, each in ten colours, and the part of every pixel; robots held out",
    licence='CC-BY-3.0 or CC-BY-4.0 (robots of "RoboHash" by Zikri Kader)',
    count=COUNT,
    shape=(3, SIDE, SIDE),
    packages=(
        fetch.Package(
            client="pip",
            name="robohash",
            version="2.0",
            megabytes=43.7,
            members=(f"{_FOLDER}/*.png",),
            archives=("fbb51f1e30924200a3c055360eddc09d722018a47ff28f4a73d523889b3d6ba4",),
        ),
    ),
    views={
        **{colour: View(f"in {colour}") for colour in COLOURS},
        "parts": View("which part every pixel shows", tuple(PARTS.values()), tuple(PARTS)),
    },
    default="blue-red",
    draw=draw,
)
