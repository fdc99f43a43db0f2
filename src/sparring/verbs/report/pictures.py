"""Pictures for a page that needs no other file: everything becomes a data URI."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model

WIDEST = 1200
"""Pixels; wider pictures are scaled down."""
HEAVY = 400_000
"""Bytes of PNG above which a picture is kept as JPEG."""


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


def drawn(model: Model, samples: Tensor, columns: int | None = None) -> str:
    """Samples (N, *shape) as one picture, a data URI."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.png"
        model.domain.preview(samples, path, columns)
        return uri_of(path)


def chosen(paths: list[Path], count: int) -> list[Path]:
    """So many of the paths, evenly spread from the first to the last."""
    if len(paths) <= count:
        return paths
    last = len(paths) - 1
    return [paths[round(index * last / (count - 1))] for index in range(count)]


def step_of(path: Path) -> int:
    """The step that a sample grid's name tells."""
    return int(path.stem.rpartition("-")[2])


def latent_map(model: Model, side: int = 15) -> Tensor:
    """What a latent of two numbers makes, from the 2nd to the 98th percentile of each."""
    import torch

    places = torch.special.ndtri(torch.linspace(0.02, 0.98, side, dtype=torch.float64)).float()
    rows, columns = torch.meshgrid(-places, places, indexing="ij")
    latent = torch.stack([columns.flatten(), rows.flatten()], dim=1)
    first = 0 if model.manifest.spec.classes else None
    return model.generate(latent, model.condition(range(len(latent)), label=first))


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
