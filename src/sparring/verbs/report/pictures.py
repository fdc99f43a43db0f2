"""Which pictures a page shows: of the samples on the way, and of a whole latent space."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model

T = TypeVar("T")
NAMED = re.compile("step-[0-9]{1,18}[.]png")


def spread(items: list[T], count: int) -> list[T]:
    """So many of the items, evenly spread from the first to the last."""
    if len(items) <= count:
        return items
    last = len(items) - 1
    return [items[round(index * last / (count - 1))] for index in range(count)]


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


def saved(folder: Path) -> list[Path]:
    """The pictures that a run saved on its way, in order; what else lies there is left out."""
    named = [path for path in folder.glob("step-*.png") if NAMED.fullmatch(path.name)]
    return sorted(filter(_is_whole, named), key=step_of)


def _is_whole(path: Path) -> bool:
    """Whether it is a picture of an extent that a preview has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(path) as picture:
                picture.load()
                return picture.format == "PNG"
    except Exception:  # Pillow raises almost anything for a file that is no picture, or a bomb
        return False
