"""Which pictures a page shows: of the samples on the way, and of a whole latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model


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
