"""Strips: for models that make samples from sources, rows of what they get, make and should make.

The first row is what the generator is given, the second what it makes of it, the third the truth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from sparring.core.streams import latents
from sparring.domains.image.stack import above

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Batch, Domain

COUNT = 12
"""Items in a strip."""
ALTERED = 9
"""Attributes that a strip shows changed, at most."""


class Row(NamedTuple):
    """Samples side by side, with the domain that shows them."""

    name: str
    domain: Domain
    samples: Tensor


def rows(model: Model, batch: Batch, seed: int = 0) -> list[Row]:
    """What is given, made of it, and true of a batch of held-out items."""
    given = model.task.shown(batch.condition)
    if "alter" in model.task.abilities:
        return [Row("given", model.domain, given), *_altered(model, batch)]
    return [
        Row("given", model.source_domain or model.domain, given),
        Row("made", model.domain, made(model, batch, seed)),
        Row("true", model.domain, batch.real),
    ]


def _altered(model: Model, batch: Batch) -> list[Row]:
    """The same samples asked for the last value of each attribute, one after the other."""
    found = []
    for values in list(model.manifest.attributes.values())[:ALTERED]:
        asked = torch.tensor(model.asked(values[-1:])).expand(len(batch.real), -1)
        told = batch._replace(condition=batch.condition._replace(vector=asked))
        found.append(Row(values[-1], model.domain, made(model, told)))
    return found


def made(model: Model, batch: Batch, seed: int = 0) -> Tensor:
    """What the model makes of the batch's conditions, (N, *shape)."""
    latent = latents(seed, range(len(batch.real)), model.manifest.spec.latent)
    return model.generate(latent, batch.condition)


def write_strip(model: Model, batch: Batch, path: Path, seed: int = 0) -> None:
    """Draw the strip of a batch of held-out items as one picture."""
    write_rows(rows(model, batch, seed), path)


def write_rows(found: Sequence[Row], path: Path) -> None:
    """Draw rows of samples, one above the other, as one picture."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [_drawn(row, Path(folder) / "row.png") for row in found]
    above(pictures).save(path)


def _drawn(row: Row, path: Path) -> Image:
    """A row as a picture in colour."""
    from PIL import Image

    row.domain.preview(row.samples, path, len(row.samples))
    with Image.open(path) as picture:
        return picture.convert("RGB")
