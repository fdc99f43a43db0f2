"""Pictures of Pillow's that are in memory already."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.data.content import Content
from sparring.data.kinds import Cells, Reading
from sparring.domains.image import column

if TYPE_CHECKING:
    from PIL.Image import Image

PLAIN = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
"""Modes that PNG keeps as they are."""


def claims(item: Any) -> bool:
    """Whether it is a picture of Pillow's."""
    return "PIL.Image" in sys.modules and isinstance(item, sys.modules["PIL.Image"].Image)


def read(items: Sequence[Any], where: str, reading: Reading) -> Content:
    """Pictures, read as files of them would be.

    Raises:
        InputError: an item that is no picture, or sizes and modes that differ and no choice.
    """
    other = next((index for index, item in enumerate(items) if not claims(item)), None)
    if other is not None:
        raise InputError(f"{where} holds pictures, but item {other} is a {type(items[other])}.")
    digest = hashlib.blake2b(digest_size=16)
    for item in items:
        digest.update(f"{item.size} {item.mode}".encode() + item.tobytes())
    names = [f"item {index}" for index in range(len(items))]

    def value(index: int) -> dict[str, Any]:
        return {"bytes": _file(items[index]), "path": None}

    return column.read(Cells(names, value, where, digest.hexdigest()), reading)


def _file(picture: Image) -> bytes:
    """A picture as a file without loss, turned upright."""
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(picture)
    data = BytesIO()
    picture.save(data, "PNG" if picture.mode in PLAIN else "TIFF")
    return data.getvalue()
