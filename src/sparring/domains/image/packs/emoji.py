"""Emoji: the same things as three designers drew them, and as a drawing of edges."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

SIDE = 64
CLASSES = {
    "Smileys & Emotion": "smileys",
    "Animals & Nature": "animals",
    "Food & Drink": "food",
    "Travel & Places": "travel",
    "Activities": "activities",
    "Objects": "objects",
    "Symbols": "symbols",
    "Flags": "flags",
}
"""The categories that are used: people differ from design to design, and so make no pairs."""
PATHS = {
    "google": "package/img/google/64/{}.png",
    "twitter": "package/img/twitter/64/{}.png",
    "fluent": "package/assets/{}.webp",
}


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """One sheet of 64 px, of the codes that all three designs have."""
    import numpy as np

    codes = _codes(files)
    drawn: dict[str, list[np.ndarray]] = {view: [] for view in PATHS}
    for place, code in enumerate(codes):
        progress("drawing emoji", place, len(codes))
        for view, path in PATHS.items():
            drawn[view].append(on_white(files[path.format(code)]))
    views = {view: np.stack(pictures) for view, pictures in drawn.items()}
    views["edges"] = _edges(views["google"])
    names = tuple(CLASSES.values())
    label = np.array([names.index(CLASSES[kind]) for kind in codes.values()])
    yield Sheet(views, held_out(list(codes), views), label, names)


def _codes(files: Files) -> dict[str, str]:
    """Code -> category; skin tones and genders are variants of people, who are left out."""
    entries = json.loads(files["package/emoji.json"])
    codes = {PurePath(entry["image"]).stem: entry["category"] for entry in entries}
    return {
        code: kind
        for code, kind in sorted(codes.items())
        if kind in CLASSES and all(path.format(code) in files for path in PATHS.values())
    }


def on_white(data: bytes) -> np.ndarray:
    """(3, SIDE, SIDE); a larger picture is averaged down before its opacity is laid on white."""
    import numpy as np
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    if picture.size != (SIDE, SIDE):
        picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return laid(np.asarray(picture).transpose(2, 0, 1))


def laid(pixels: np.ndarray) -> np.ndarray:
    """Colours and opacity (4, H, W) on white, (3, H, W)."""
    import numpy as np
    from PIL import Image

    clear = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return np.asarray(white.convert("RGB")).transpose(2, 0, 1)


def held_out(codes: list[str], views: dict[str, np.ndarray]) -> np.ndarray:
    """(N,) bool, a tenth; codes with an equal picture in any design, as flags do, stay together."""
    group = {code: code for code in codes}

    def first(code: str) -> str:
        return code if group[code] == code else first(group[code])

    for pictures in views.values():
        seen: dict[bytes, str] = {}
        for code, picture in zip(codes, pictures, strict=True):
            twin = first(seen.setdefault(picture.tobytes(), code))
            group[first(code)] = twin
    return chosen([first(code) for code in codes], 0.12)


def _edges(pictures: np.ndarray) -> np.ndarray:
    """(N, 1, H, W): black lines on white where colours change (after Canny, 1986).

    Sobel gradients of the strongest channel, thinned to ridges across their direction, and two
    thresholds: a weak edge stays where it touches a strong one.
    """
    import numpy as np
    import torch
    from torch.nn.functional import conv2d, max_pool2d, pad

    values = torch.from_numpy(np.ascontiguousarray(pictures)).float().flatten(0, 1)[:, None] / 255
    blur = torch.tensor([1.0, 2.0, 1.0]) / 4
    slope = torch.tensor([-1.0, 0.0, 1.0])
    soft = conv2d(pad(values, (1, 1, 1, 1), "replicate"), torch.outer(blur, blur)[None, None])
    kernels = torch.stack([torch.outer(blur, slope), torch.outer(slope, blur)])[:, None]
    gradient = conv2d(pad(soft, (1, 1, 1, 1), "replicate"), kernels)
    size = gradient.norm(dim=1).view(len(pictures), -1, *pictures.shape[2:])
    size, channel = size.max(1)
    gradient = gradient.view(len(pictures), -1, 2, *pictures.shape[2:])
    picked = channel[:, None, None].expand(-1, -1, 2, -1, -1)
    across, down = gradient.gather(1, picked)[:, 0].unbind(1)
    ridge = _ridge(size, across, down)
    weak, edge = ridge & (size > 0.05), ridge & (size > 0.14)
    for _ in range(SIDE // 4):
        edge = weak & (max_pool2d(edge.float(), 3, 1, 1) > 0)
    return (255 * (~edge)).to(torch.uint8).numpy()[:, None]


def _ridge(size: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Where `size` (N, H, W) is greatest along the gradient, of four directions."""
    import torch
    from torch.nn.functional import pad

    around = pad(size[:, None], (1, 1, 1, 1), "replicate")[:, 0]
    height, width = size.shape[1:]

    def shifted(dy: int, dx: int) -> Tensor:
        return around[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

    turn = torch.round(torch.atan2(down, across) / (torch.pi / 4)).long() % 4
    found = torch.zeros_like(size, dtype=torch.bool)
    for index, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        top = (size >= shifted(dy, dx)) & (size > shifted(-dy, -dx))
        found |= (turn == index) & top
    return found


ALBUM = Album(
    name="emoji",
    about="emoji without people by Google, Twitter, Microsoft; edges; 8 classes; codes held out",
    licence="google: Apache-2.0; twitter: CC-BY-4.0; fluent: MIT",
    count=1491,
    shape=(3, SIDE, SIDE),
    packages=(
        fetch.Package(
            client="npm",
            name="emoji-datasource-google",
            version="16.0.0",
            megabytes=74.3,
            members=("package/emoji.json", "package/img/google/64/*.png"),
            archives=("fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",),
        ),
        fetch.Package(
            client="npm",
            name="emoji-datasource-twitter",
            version="16.0.0",
            megabytes=61.7,
            members=("package/img/twitter/64/*.png",),
            archives=("f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",),
        ),
        fetch.Package(
            client="npm",
            name="@lobehub/fluent-emoji-3d",
            version="1.1.0",
            megabytes=15.8,
            members=("package/assets/*.webp",),
            archives=("c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",),
        ),
    ),
    views={
        "google": View("Noto, with shading"),
        "twitter": View("Twemoji, flat"),
        "fluent": View("Fluent, as solids"),
        "edges": View("the edges of google"),
    },
    default="google-twitter",
    draw=draw,
)
