"""Portrait: the parts of one cartoon style as layers, rendered once and laid over each other."""

from __future__ import annotations

import copy
import importlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SIDE = 128
"""Pixels of a layer's side."""
_WINDOW = "24 0 720 720"
"""What of the style's 768 x 768 canvas is seen: the head, and the collar."""
ORDER = (
    *("rearHair", "body", "head", "clothes", "mouth", "beard", "eyes", "eyebrows"),
    *("glasses", "hair"),
)
"""From the back to the front."""
_ROUND = '<circle cx="61" cy="62" r="{}"/><circle cx="200" cy="62" r="{}"/>'
_MOUTHS = {"neutral": "M18 26H99", "smiling": "M8 12Q58 66 109 12", "sad": "M14 44Q58 0 103 44"}
"""Lines of the mouth that the style lacks, or has too faint to be seen at 64 pixels."""
Look = Mapping[str, tuple[str, str]]
"""Part -> which of its drawings, and in what colour; a part that is not there is not seen."""


class Layers:
    """Renders each part in each colour when it is first asked for."""

    def __init__(self, style: bytes) -> None:
        """`style` is the JSON of dicebear's definition of "toon-head".

        Raises:
            InputError: what draws it is not installed.
        """
        self._dicebear, self._resvg = _installed("dicebear"), _installed("resvg_py")
        self._definition = _extended(json.loads(style))
        self._styles: dict[str, Any] = {}
        self._rendered: dict[tuple[str, str, str], Image] = {}
        self._masks: dict[tuple[str, str, str, int], np.ndarray] = {}

    def pictures(self, looks: Iterable[Look]) -> Iterator[Image]:
        """Each look on white, RGB, SIDE pixels wide; equal looks give equal pixels."""
        from PIL import Image

        for look in looks:
            made = Image.new("RGBA", (SIDE, SIDE), "white")
            for part in ORDER:
                if part in look:
                    made.alpha_composite(self._layer(part, *look[part]))
            yield made.convert("RGB")

    def parts(self, look: Look, groups: Mapping[str, int], side: int) -> np.ndarray:
        """(side, side) uint8: the group of the foremost part in every pixel, 0 where there is none.

        A part holds a pixel of which it covers at least half.
        """
        import numpy as np

        found = np.zeros((side, side), np.uint8)
        for part in ORDER:
            if part in look:
                found[self._mask(part, *look[part], side)] = groups[part]
        return found

    def _mask(self, part: str, drawing: str, colour: str, side: int) -> np.ndarray:
        import numpy as np

        key = (part, drawing, colour, side)
        if key not in self._masks:
            opacity = self._layer(part, drawing, colour).getchannel("A").reduce(SIDE // side)
            self._masks[key] = np.asarray(opacity) >= 128
        return self._masks[key]

    def _layer(self, part: str, drawing: str, colour: str) -> Image:
        key = (part, drawing, colour)
        if key not in self._rendered:
            self._rendered[key] = self._render(part, drawing, colour)
        return self._rendered[key]

    def _render(self, part: str, drawing: str, colour: str) -> Image:
        from PIL import Image

        if part not in self._styles:
            alone = copy.deepcopy(self._definition)
            kept = [e for e in alone["canvas"]["elements"] if e["name"] == part]
            alone["canvas"]["elements"] = kept
            self._styles[part] = self._dicebear.Style(alone)
        colours = {f"{name}Color": [colour] for name in ("skin", "hair", "clothes")}
        options = {"seed": "", f"{part}Variant": [drawing], f"{part}Probability": 100, **colours}
        drawn = self._dicebear.Avatar(self._styles[part], options).to_string()
        seen = drawn.replace('viewBox="0 0 768 768"', f'viewBox="{_WINDOW}"', 1)
        data = self._resvg.svg_to_bytes(svg_string=seen, width=SIDE, height=SIDE)
        return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"avatars are drawn with {name}, which is not installed: pip install "
            "'sparring[avatars]'."
        ) from error


def _extended(style: dict[str, Any]) -> dict[str, Any]:
    """The definition with glasses and some mouths of our own."""
    parts = style["components"]
    for name, line in _MOUTHS.items():
        parts["mouth"]["variants"][name] = _drawing(_path(line, 10, "#8e1f24"))
    parts["glasses"] = {
        "width": 261,
        "height": 124,
        "variants": {
            "round": _drawing(*_circles(56, "#ffffff"), _path(_ARMS, 14)),
            "square": _drawing(*_boxes("#ffffff"), _path(_ARMS, 14)),
            "dark": _drawing(*_boxes("#25282e"), _path(_ARMS, 14)),
        },
    }
    place = {"transform": "translate(253 346)"}
    style["canvas"]["elements"].append(
        {"name": "glasses", "type": "component", "attributes": place}
    )
    return style


_ARMS = "M118 52Q130 40 143 52M4 52L-44 40M257 52L305 40"
_FRAME = "#25282e"


def _circles(radius: int, fill: str) -> list[dict[str, Any]]:
    places = [{"cx": str(x), "cy": "62", "r": str(radius)} for x in (61, 200)]
    return [_element("circle", fill, place) for place in places]


def _boxes(fill: str) -> list[dict[str, Any]]:
    size = {"y": "14", "width": "116", "height": "92", "rx": "16"}
    return [_element("rect", fill, {"x": str(x), **size}) for x in (3, 142)]


def _element(name: str, fill: str, place: dict[str, str]) -> dict[str, Any]:
    clear = "1" if fill == _FRAME else "0.12"
    look = {"fill": fill, "fill-opacity": clear, "stroke": _FRAME, "stroke-width": "14"}
    return {"name": name, "type": "element", "attributes": {**place, **look}}


def _path(line: str, width: int, colour: str = _FRAME) -> dict[str, Any]:
    look = {"stroke": colour, "stroke-width": str(width), "stroke-linecap": "round"}
    return {
        "name": "path",
        "type": "element",
        "attributes": {"d": line, "fill": "none", **look},
    }


def _drawing(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"elements": list(elements)}
