"""Hexagon maps: terrain codes on a grid, laid out and drawn with the game's tiles."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from sparring.data.drawn import Files

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SIDE = 24
"""Pixels of a hexagon's box; the game's own tiles have three times as many."""
ACROSS = SIDE * 3 // 4
"""Pixels from one column to the next; odd columns lie half a hexagon higher or lower."""
BOX = 72
"""Pixels of the box of a tile as the game keeps it."""


def grid(data: bytes) -> list[list[str]]:
    """The rows of terrain codes of a map file, without the players' starting positions."""
    rows = []
    for line in data.decode("utf-8").splitlines():
        if "," in line:
            rows.append([cell.split()[-1] for cell in line.split(",") if cell.strip()])
    width = min(len(row) for row in rows)
    return [row[:width] for row in rows]


def place(row: int, column: int) -> tuple[int, int]:
    """Left and top of a hexagon's box; the file's first column is an even one, pushed down."""
    return column * ACROSS, row * SIDE + (SIDE // 2 if column % 2 == 0 else 0)


def layout(kinds: list[list[int]]) -> np.ndarray:
    """(H, W) uint8: the number of the hexagon that every pixel lies in."""
    import numpy as np
    from PIL import Image

    canvas = Image.new("L", _size(kinds))
    shape = _hexagon()
    for row, line in enumerate(kinds):
        for column, kind in enumerate(line):
            canvas.paste(kind, place(row, column), shape)
    return np.asarray(canvas.crop(_inside(kinds)))


class Tiles:
    """The game's pictures of terrain codes, as its configuration names them."""

    def __init__(self, files: Files) -> None:
        """Read the configuration; `files` hold it and the pictures."""
        self._files = {path.partition("images/terrain/")[2]: data for path, data in files.items()}
        (self._names,) = (
            _names(data.decode("utf-8")) for path, data in files.items() if _is_config(path)
        )
        self._drawn: dict[str, list[Image]] = {}

    def knows(self, part: str) -> bool:
        """Whether there is a picture of a base, or of an ^overlay."""
        return bool(self._stem(part))

    def lacks(self, code: str) -> bool:
        """Whether the base of a code has no picture."""
        return not self.knows(code.partition("^")[0])

    def draw(self, codes: list[list[str]]) -> np.ndarray:
        """(H, W, 3) uint8: bases first, then what stands on them, from the back to the front."""
        import numpy as np
        from PIL import Image

        canvas = Image.new("RGBA", _size(codes), "black")
        for layer in (0, 1):
            for row, line in enumerate(codes):
                for column in sorted(range(len(line)), key=lambda c: c % 2 == 0):
                    base, mark, overlay = line[column].partition("^")
                    part = f"^{overlay}" if layer and mark else "" if layer else base
                    self._paste(canvas, part, row, column)
        return np.asarray(canvas.crop(_inside(codes)).convert("RGB"))

    def _paste(self, canvas: Image, part: str, row: int, column: int) -> None:
        pictures = self._pictures(part) if part else []
        if not pictures:
            return
        picture = pictures[(row * 7 + column * 13 + row * column) % len(pictures)]
        left, top = place(row, column)
        middle = (left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2)
        canvas.alpha_composite(picture, (max(0, middle[0]), max(0, middle[1])))

    def _pictures(self, part: str) -> list[Image]:
        """A part's picture and its variants, which the game numbers."""
        if part not in self._drawn:
            stem = self._stem(part)
            plain = re.sub("-(tile|symbol)$", "", stem)
            names = [f"{plain}{number}.png" for number in ("", *range(2, 9))]
            found = [name for name in names if name in self._files and self._fits(name)]
            names = found or [f"{stem}.png"] * bool(stem)
            self._drawn[part] = [_small(_open(self._files[name])) for name in names]
        return self._drawn[part]

    def _fits(self, name: str) -> bool:
        return _open(self._files[name]).size == (BOX, BOX)

    def _stem(self, part: str) -> str:
        stem = self._names.get(part, "")
        return stem if f"{stem}.png" in self._files else ""


def _is_config(path: str) -> bool:
    return path.endswith("terrain.cfg")


def _names(text: str) -> dict[str, str]:
    """Terrain code -> the stem of its picture."""
    found = {}
    for block in re.findall(r"\[terrain_type\](.*?)\[/terrain_type\]", text, re.DOTALL):
        facts = dict(re.findall(r"^\s*(\w+)\s*=\s*(.*?)\s*(?:#.*)?$", block, re.MULTILINE))
        stem = facts.get("editor_image") or facts.get("symbol_image", "")
        code = facts.get("string", "").strip('"')
        found[code] = stem.strip('"').partition("~")[0].split(",")[0]
    return found


def _open(data: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGBA")


def _small(picture: Image) -> Image:
    from PIL import Image

    size = (round(picture.width * SIDE / BOX), round(picture.height * SIDE / BOX))
    small = picture.resize(size, Image.Resampling.BOX)
    # Half-covered pixels at the rim would let the ground shine through as a grid of dark seams.
    small.putalpha(small.getchannel("A").point(lambda value: min(255, 3 * value)))
    return small


def _hexagon() -> Image:
    """The mask of a hexagon in its box: full rows in the middle, a quarter cut at each corner."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (4 * SIDE, 4 * SIDE))
    wide, half, quarter = 4 * SIDE - 1, 2 * SIDE, SIDE
    corners = [(quarter, 0), (3 * SIDE, 0), (wide, half), (3 * SIDE, wide), (quarter, wide)]
    ImageDraw.Draw(mask).polygon([*corners, (0, half)], fill=255)
    small = mask.resize((SIDE, SIDE), Image.Resampling.BOX)
    return small.point(lambda value: 255 if value > 110 else 0)


def _size(rows: list[list[str]] | list[list[int]]) -> tuple[int, int]:
    return len(rows[0]) * ACROSS + SIDE, len(rows) * SIDE + SIDE


def _inside(rows: list[list[str]] | list[list[int]]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what hexagons cover everywhere."""
    return SIDE, SIDE, len(rows[0]) * ACROSS - SIDE, len(rows) * SIDE - SIDE // 2
