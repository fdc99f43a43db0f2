"""Draw a contact sheet of every pack: held-out items, views or labels side by side.

python docs/contact_sheets.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from sparring.core.storage import read_json
from sparring.data import get, load, packs
from sparring.domains.image.packs.album import Album, View

IMAGES = Path(__file__).parent / "images"
ACROSS, DOWN, GAP = 12, 6, 2
HEARD = 6
"""Sounds in a row."""
GREY = 205
"""What shines through where a cut-out is transparent."""


def colours(values: np.ndarray, view: View) -> np.ndarray:
    """(N, H, W, 3) uint8 of stored items (N, C, H, W)."""
    if view.palette:
        return np.array(view.palette, np.uint8)[values[:, 0]]
    if values.shape[1] == 4:
        opacity = values[:, 3:] / 255
        values = (values[:, :3] * opacity + GREY * (1 - opacity)).round().astype(np.uint8)
    return np.broadcast_to(values, (len(values), 3, *values.shape[2:])).transpose(0, 2, 3, 1)


def rows(album: Album, folder: Path, views: list[str]) -> np.ndarray:
    """(n, H, W, 3): held-out items drawn at random, all views of one after the other."""
    held = np.flatnonzero(np.load(folder / "held_out.npy"))
    chosen = np.random.default_rng(3).permutation(held)[: ACROSS // len(views) * DOWN]
    shown = [colours(np.load(folder / f"{name}.npy")[chosen], album.views[name]) for name in views]
    return np.stack(shown, axis=1).reshape(-1, *shown[0].shape[1:])


def sheet(tiles: np.ndarray, across: int) -> Image.Image:
    """The tiles in rows, a gap between them."""
    side = tiles.shape[1] + GAP
    made = Image.new("RGB", (across * side - GAP, -(-len(tiles) // across) * side - GAP), "white")
    for place, tile in enumerate(tiles):
        made.paste(Image.fromarray(tile), (place % across * side, place // across * side))
    return made


def draw(album: Album) -> None:
    """Write docs/images/pack-NAME.png, and one more for views that show other items."""
    place, done = get(album.name), set[tuple[str, ...]]()
    for entry in read_json(place / "album.json")["sheets"]:
        views = tuple(entry["views"])
        if views not in done:
            across = ACROSS // len(views) * len(views)
            name = "-".join([album.name, *views[:2]]) if done else album.name
            tiles = rows(album, place / entry["folder"], list(views))
            sheet(tiles, across).save(IMAGES / f"pack-{name}.png", optimize=True)
            done.add(views)


def sounds(address: str) -> None:
    """Write docs/images/pack-ADDRESS.png: a row of held-out sounds for every label, and sources."""
    data = load(address)
    store: Any = data.held_out
    items = store.take(torch.arange(len(store)))
    draw = np.random.default_rng(3)
    if data.source_domain is not None:
        chosen = draw.permutation(len(store))[: 2 * HEARD]
        shown = torch.stack([items[name][chosen] for name in ("source", "sample")], 1).flatten(0, 1)
    else:
        labels = items["label"].numpy()
        rows = [draw.permutation(np.flatnonzero(labels == n))[:HEARD] for n in np.unique(labels)]
        shown = items["sample"][np.concatenate(rows)]
    domain = data.domain.build()
    name = address.replace(":", "-")
    domain.preview(domain.encode(shown), IMAGES / f"pack-{name}.png", columns=HEARD)


if __name__ == "__main__":
    for pack in packs():
        if isinstance(pack, Album):
            draw(pack)
    for address in ("drums", "speech", "notes:piano-violin"):
        sounds(address)
