"""Terrain: maps of a strategy game as layouts, as drawn with its tiles, and in three seasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs import hexes
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

_FOLDER = "usr/share/games/wesnoth/*/data"
CLASSES = {
    "water": (60, 130, 205),
    "ford": (140, 185, 200),
    "swamp": (90, 120, 90),
    "grass": (110, 180, 70),
    "road": (165, 140, 105),
    "sand": (235, 215, 150),
    "snow": (235, 242, 250),
    "hills": (170, 160, 60),
    "mountains": (130, 110, 95),
    "snowy heights": (180, 200, 220),
    "forest": (20, 100, 40),
    "mushrooms": (200, 110, 160),
    "cave": (100, 75, 60),
    "chasm": (40, 20, 40),
    "wall": (70, 70, 75),
    "buildings": (215, 70, 50),
}
"""Groups of the game's terrain codes."""
_BASE = {
    **{"Wwf": "ford", "W": "water", "S": "swamp", "G": "grass", "R": "road", "D": "sand"},
    **{
        "A": "snow",
        "I": "road",
        "Ias": "snow",
        "Ha": "snowy heights",
        "Ms": "snowy heights",
        "H": "hills",
    },
    **{"M": "mountains", "U": "cave", "T": "mushrooms", "Q": "chasm", "X": "wall"},
    **{"C": "buildings", "K": "buildings"},
}
_OVERLAY = {"F": "forest", "T": "mushrooms", "V": "buildings"}
_VOID = ("_off", "Xv", "Xu^_fme")
"""What is no terrain but the end of a map."""

_WINTER = {
    **{"Gg": "Aa", "Gs": "Aa", "Gd": "Aa", "Gll": "Aa", "Hh": "Ha", "Hhd": "Ha", "Hd": "Ha"},
    **{"Mm": "Ms", "Md": "Ms", "Rr": "Rra", "Rrc": "Rra", "^Fp": "^Fpa", "^Fds": "^Fda"},
    **{"^Fms": "^Fma", "^Efm": "", "^Gvs": ""},
}
_SUMMER = {
    **{"Aa": "Gs", "Gd": "Gs", "Gll": "Gs", "Ha": "Hh", "Hhd": "Hh", "Ms": "Mm", "Md": "Mm"},
    **{"Rra": "Rr", "Ai": "Ww", "^Fpa": "^Fp", "^Fda": "^Fds", "^Fdw": "^Fds", "^Fdf": "^Fds"},
    **{"^Fma": "^Fms", "^Fmw": "^Fms", "^Fmf": "^Fms"},
}
_FALL = {"Gg": "Gd", "Gs": "Gll", "Hh": "Hhd", "^Fds": "^Fdf", "^Fms": "^Fmf", "^Efm": ""}
SIDES = (64, 128)
STEPS = {64: 64, 128: 96}
CHANGED = 0.35
"""The least share of a crop that must look different in winter."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Crops of every map: first layout and drawing, then the seasons; whole maps held out."""
    tiles = hexes.Tiles(files)
    maps = sorted(path for path in files if path.endswith(".map"))
    drawn = []
    for place, path in enumerate(maps):
        progress("drawing terrain", place, len(maps))
        drawn.append(_views(tiles, hexes.grid(files[path])))
    held = chosen([PurePath(path).name for path in maps], 0.17)
    for names in (("layout", "drawn"), ("summer", "winter", "fall")):
        for side in SIDES:
            yield _sheet(drawn, held, names, side)


def _views(tiles: hexes.Tiles, grid: list[list[str]]) -> dict[str, np.ndarray]:
    """Every view of one map, (H, W, C), and "void" where there is nothing to see."""
    summer = [[season(tiles, code, _SUMMER) for code in row] for row in grid]
    winter = [[season(tiles, code, _WINTER) for code in row] for row in summer]
    fall = [[season(tiles, code, _FALL) for code in row] for row in summer]
    kinds = [[group(code) for code in row] for row in grid]
    void = [[int(code.startswith(_VOID) or tiles.lacks(code)) for code in row] for row in grid]
    return {
        "layout": hexes.layout(kinds)[..., None],
        "void": hexes.layout(void)[..., None],
        **{
            name: tiles.draw(codes)
            for name, codes in (
                *(("drawn", grid), ("summer", summer)),
                *(("winter", winter), ("fall", fall)),
            )
        },
    }


def group(code: str) -> int:
    """The index into CLASSES of a terrain code, Base or Base^Overlay."""
    base, _, overlay = code.partition("^")
    name = _OVERLAY.get(overlay[:1]) or next(
        (_BASE[base[:length]] for length in (3, 2, 1) if base[:length] in _BASE), "wall"
    )
    return list(CLASSES).index(name)


def season(tiles: hexes.Tiles, code: str, changes: dict[str, str]) -> str:
    """The code as it is in another season; castles and villages have a snowy twin, code + a."""
    base, mark, overlay = code.partition("^")
    parts = [base, mark + overlay] if mark else [base]
    changed = []
    for part in parts:
        new = changes.get(part, part)
        twin = f"{part}a" if changes is _WINTER else part.removesuffix("a")
        if new == part and part.lstrip("^")[:1] in tuple("CKV") and tiles.knows(twin):
            new = twin
        changed.append(new)
    return "".join(changed)


def _sheet(
    drawn: list[dict[str, np.ndarray]], held: np.ndarray, names: tuple[str, ...], side: int
) -> Sheet:
    import numpy as np

    crops: dict[str, list[np.ndarray]] = {name: [] for name in names}
    sides = []
    for views, out in zip(drawn, held, strict=True):
        height, width = views["layout"].shape[:2]
        for top in range(0, height - side + 1, STEPS[side]):
            for left in range(0, width - side + 1, STEPS[side]):
                place = np.s_[top : top + side, left : left + side]
                if _shows({name: view[place] for name, view in views.items()}, names):
                    sides.append(bool(out))
                    for name in names:
                        crops[name].append(views[name][place].transpose(2, 0, 1))
    return Sheet({name: np.stack(found) for name, found in crops.items()}, np.array(sides))


def _shows(crop: dict[str, np.ndarray], names: tuple[str, ...]) -> bool:
    """Whether the crop lies on the map and shows more than one thing, or a change of season."""
    import numpy as np

    if crop["void"].mean() > 0.02:
        return False
    if "layout" in names:
        return bool(np.bincount(crop["layout"].ravel()).max() < 0.95 * crop["layout"].size)
    change = np.abs(crop["summer"].astype(np.int16) - crop["winter"]).max(-1) > 24
    return bool(change.mean() > CHANGED)


ALBUM = Album(
    name="terrain",
    about="65 hexagon maps as layouts and as drawn, and in three seasons; whole maps held out",
    licence="GPL-2 or later (Battle for Wesnoth)",
    count=4847,
    shape=(3, 64, 64),
    packages=(
        fetch.Package(
            client="apt",
            name="wesnoth-1.16-data",
            megabytes=146.2,
            members=(
                f"{_FOLDER}/core/images/terrain/*.png",
                f"{_FOLDER}/core/terrain.cfg",
                f"{_FOLDER}/multiplayer/maps/*.map",
            ),
            archives=("1012b964bd412a6770685e3324ae3b61e176caff7846192d1ee63d55cd621e26",),
            contents=("586b0f1b1277b663a8903e1e3406f51613b3a06c53ca3d31e8dfe8f634c62465",),
        ),
    ),
    views={
        "layout": View("groups of terrain", tuple(CLASSES.values()), tuple(CLASSES)),
        "drawn": View("the map as drawn"),
        "summer": View("as drawn in summer"),
        "winter": View("as drawn in winter"),
        "fall": View("as drawn in fall"),
    },
    default="layout-drawn",
    draw=draw,
)
