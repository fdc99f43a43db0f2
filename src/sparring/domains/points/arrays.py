"""Arrays as points: rows of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.arrays import check_finite
from sparring.data.content import Content
from sparring.data.kinds import Reading

if TYPE_CHECKING:
    import numpy as np

WORDS = "points are (N, F)"


def claims(sample: np.ndarray) -> bool:
    """Whether an array is one of rows of numbers."""
    return sample.ndim == 2


def read(sample: np.ndarray, where: str, reading: Reading) -> Content:
    """Content of an array (N, F); columns get their units from the items to train on.

    Raises:
        InputError: another shape, NaN, or infinity.
    """
    import numpy as np

    if sample.ndim != 2:
        raise InputError(f"{where} has shape {sample.shape}; {WORDS}.")
    points = np.ascontiguousarray(sample, dtype=np.float32)
    check_finite(points, f"the points of {where}")
    domain = Part("sparring.domains.points.domain:Points", shape=(points.shape[1],))
    note = f"{where} is read as {len(points)} points of {points.shape[1]} numbers."
    return Content(sample=points, domain=domain, estimate=units, notes=(note,))


def units(points: np.ndarray) -> dict[str, tuple[float, ...]]:
    """The mean and the spread of each column (N, F)."""
    import numpy as np

    centre = points.mean(axis=0, dtype=np.float64)
    spread = points.std(axis=0, dtype=np.float64)
    return {
        "centre": tuple(float(f"{c:.6g}") for c in centre),
        "scale": tuple(float(f"{s:.6g}") if s > 0 else 1.0 for s in spread),
    }
