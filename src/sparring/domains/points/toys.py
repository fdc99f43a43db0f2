"""Toy mixtures in the plane, whose modes are known, so that missing ones can be counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sparring.core.errors import unknown
from sparring.core.part import Part
from sparring.core.streams import stream
from sparring.data.content import Content

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

TOYS = {
    "ring8": "8 Gaussians on a circle",
    "grid25": "25 Gaussians on a 5 x 5 grid",
    "swissroll": "a spiral of one and a half turns",
}
COUNT = 50_000
"""Points of each toy."""
LICENCE = "computed here; free of any right"


def mixture(name: str) -> tuple[Tensor, float]:
    """The centres (M, 2) of a toy's Gaussians and their standard deviation.

    `ring8` has radius 2 and deviation 0.02, `grid25` spacing 2 from -4 to 4 and deviation 0.05
    (Srivastava et al., VEEGAN, 2017), both then divided by the sets' own spread, sqrt(2) and
    sqrt(8), so that coordinates have unit variance (Gulrajani et al., WGAN-GP, 2017).

    Raises:
        InputError: no mixture of that name.
    """
    import torch

    if name == "ring8":
        angles = torch.arange(8) * (2 * math.pi / 8)
        ring = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
        return ring / math.sqrt(2), 0.02 / math.sqrt(2)
    if name == "grid25":
        places = torch.linspace(-4, 4, 5)
        return torch.cartesian_prod(places, places) / math.sqrt(8), 0.05 / math.sqrt(8)
    raise unknown("mixture", name, ("ring8", "grid25"))


def read(name: str) -> Content:
    """The points of a toy, (50000, 2), always the same; a mixture's labels are its modes.

    Raises:
        InputError: no toy of that name.
    """
    import torch

    domain = Part("sparring.domains.points.domain:Points", shape=(2,))
    generator = stream("toy", name)
    if name == "swissroll":
        return Content(sample=_swissroll(generator), domain=domain, licence=LICENCE)
    centres, deviation = mixture(name)
    label = torch.arange(COUNT) % len(centres)
    points = centres[label] + deviation * torch.randn(COUNT, 2, generator=generator)
    return Content(
        sample=points.numpy(),
        label=label.numpy(),
        classes=tuple(str(mode) for mode in range(len(centres))),
        domain=domain,
        licence=LICENCE,
    )


def _swissroll(generator: torch.Generator) -> np.ndarray:
    """Points t (cos t, sin t) / 7.5 for t in [1.5, 4.5] pi, with noise of deviation 0.25 / 7.5."""
    import torch

    turn = 1.5 * math.pi * (1 + 2 * torch.rand(COUNT, 1, generator=generator))
    points = turn * torch.cat([turn.cos(), turn.sin()], dim=1)
    return ((points + 0.25 * torch.randn(COUNT, 2, generator=generator)) / 7.5).numpy()
