"""Strips: for models that make pictures from pictures, rows of what they get, make and should make.

The first row is what the generator is given, the second what it makes of it, the third the truth.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.streams import latents
from sparring.core.types import Batch
from sparring.domains.image.domain import Image
from sparring.domains.layout.domain import Layout

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.core.types import Domain

COUNT = 12
"""Items in a strip."""


def write_strip(model: Model, batch: Batch, path: Path) -> None:
    """Draw the strip of a batch of held-out items as one picture."""
    made = translated(model, batch)
    rows = torch.cat(
        [shown_map(model, batch), shown(model.domain, made), shown(model.domain, batch.real)]
    )
    Image((3, *rows.shape[2:])).preview(rows, path, len(batch.real))


def translated(model: Model, batch: Batch, seed: int = 0) -> Tensor:
    """What the model makes of the batch's conditions, (N, *shape)."""
    latent = latents(seed, range(len(batch.real)), model.manifest.spec.latent)
    return model.generate(latent, batch.condition)


def shown_map(model: Model, batch: Batch) -> Tensor:
    """The condition's maps as pictures (N, 3, H, W) in [-1, 1], as large as the samples."""
    given = batch.condition.map
    assert given is not None
    channels = (model.source_domain or model.domain).shape[0]
    picture = shown(model.source_domain or model.domain, given[:, :channels])
    return F.interpolate(picture, tuple(batch.real.shape[2:]), mode="nearest")


def shown(domain: Domain, samples: Tensor) -> Tensor:
    """Encoded pictures or layouts as colour pictures (N, 3, H, W) in [-1, 1]."""
    if isinstance(domain, Layout):
        return domain.coloured(domain.decode(samples)).float() / 127.5 - 1
    if samples.shape[1] in (2, 4):
        alpha = (samples[:, -1:] + 1) / 2
        samples = samples[:, :-1] * alpha + 1 - alpha
    return samples.clamp(-1, 1).expand(-1, 3, -1, -1)
