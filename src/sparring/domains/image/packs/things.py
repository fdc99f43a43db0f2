"""Things: photos of them, cut out, and emoji of such things, for translation without pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.image.packs import emoji, objects
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np

CLASSES = ("animals", "plants", "food", "vehicles", "objects", "sky", "sports")
"""Kinds of things of which there are both."""
_FOLDERS = {
    "animals": "animals",
    "plants": "plants",
    "food": "food",
    "vehicles": "vehicles",
    "military/vehicles": "vehicles",
    "household": "objects",
    "hobbies": "objects",
    "space": "sky",
    "sports": "sports",
}
_DRAWN_FOLDERS = {"cartoon", "toys"}
_DRAWN = {"hedgehog", "pizza", "rubberduck", "walnut_shell", "sedan_police"}
"""Stamps among the photos that are drawings, or too small to tell."""
_GROUPS = {
    "animal-": "animals",
    "plant-": "plants",
    "food-": "food",
    "drink": "food",
    "transport-": "vehicles",
    "sky & weather": "sky",
    "sport": "sports",
}
"""How the subcategories of emoji begin; what is in the category Objects is one."""
HELD_OUT = 0.33
"""Share of the photos: of a tenth too few would be left to judge by."""


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """The emoji in three designs; and the photos, which belong to none of them."""
    yield _emoji(files, progress)
    yield _photos(files, progress)


def _emoji(files: Files, progress: Progress) -> Sheet:
    import numpy as np

    kinds = {
        PurePath(entry["image"]).stem: kind
        for entry in json.loads(files["package/emoji.json"])
        if (kind := kind_of(entry))
    }
    codes = [
        code
        for code in sorted(kinds)
        if all(path.format(code) in files for path in emoji.PATHS.values())
    ]
    drawn: dict[str, list[np.ndarray]] = {view: [] for view in emoji.PATHS}
    for place, code in enumerate(codes):
        progress("drawing emoji", place, len(codes))
        for view, path in emoji.PATHS.items():
            drawn[view].append(emoji.on_white(files[path.format(code)]))
    views = {view: np.stack(pictures) for view, pictures in drawn.items()}
    label = np.array([CLASSES.index(kinds[code]) for code in codes])
    return Sheet(views, emoji.held_out(codes, views), label, CLASSES)


def kind_of(entry: dict[str, Any]) -> str:
    """The class of an emoji by its entry in the list of them all; empty if it is of none."""
    begun = (kind for start, kind in _GROUPS.items() if entry["subcategory"].startswith(start))
    return next(begun, "objects" if entry["category"] == "Objects" else "")


def _photos(files: Files, progress: Progress) -> Sheet:
    import numpy as np

    paths = sorted(path for path in files if path.endswith(".png") and photographed(path))
    kept, pictures = [], []
    for place, path in enumerate(paths):
        progress("drawing photos", place, len(paths))
        cut = objects.cut_out(files[path])
        if cut is not None:
            kept.append(path)
            pictures.append(emoji.laid(objects.fitted(cut, emoji.SIDE)))
    held = chosen([objects.identity(path) for path in kept], HELD_OUT)
    label = np.array([CLASSES.index(_class_of(path)) for path in kept])
    return Sheet({"photo": np.stack(pictures)}, held, label, CLASSES)


def photographed(path: str) -> bool:
    """Whether a stamp is the photo of a thing that emoji show as well."""
    if "/stamps/" not in path or not objects.is_used(path) or not _class_of(path):
        return False
    folders = set(objects.folders_of(path))
    return not folders & _DRAWN_FOLDERS and PurePath(path).stem not in _DRAWN


def _class_of(path: str) -> str:
    folders = "/".join(objects.folders_of(path))
    return next((kind for start, kind in _FOLDERS.items() if folders.startswith(start)), "")


ALBUM = Album(
    name="things",
    about="photos of things and emoji of such things in three designs, no pairs; 7 classes",
    licence="photos: GPL-2 (Tux Paint); google: Apache-2.0; twitter: CC-BY-4.0; fluent: MIT",
    count=698,
    shape=(3, emoji.SIDE, emoji.SIDE),
    packages=(*emoji.ALBUM.packages, *objects.ALBUM.packages),
    views={
        "photo": View("cut out, on white"),
        "twitter": emoji.ALBUM.views["twitter"],
        "google": emoji.ALBUM.views["google"],
        "fluent": emoji.ALBUM.views["fluent"],
    },
    default="photo-twitter",
    draw=draw,
)
