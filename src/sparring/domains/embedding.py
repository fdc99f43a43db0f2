"""Pictures in HTML that needs no other file: everything becomes a data URI."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

WIDEST = 1200
"""Pixels; wider pictures are scaled down."""
HEAVY = 400_000
"""Bytes of PNG above which a picture is kept as JPEG."""


def drawn(preview: Callable[[Path], None]) -> str:
    """The picture that `preview` writes to a path, as an `<img>`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.png"
        preview(path)
        return img(path)


def img(path: Path) -> str:
    """A picture file as an `<img>`."""
    return f'<img src="{uri_of(path)}" alt="">'


def uri_of(path: Path) -> str:
    """A picture file as a data URI, scaled down and compressed where it is large."""
    from PIL import Image

    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width <= WIDEST and len(data) <= HEAVY:
            return _uri(data, "png")
        picture.thumbnail((WIDEST, WIDEST))
        target = io.BytesIO()
        picture.convert("RGB").save(target, "jpeg", quality=88)
    return _uri(target.getvalue(), "jpeg")


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
