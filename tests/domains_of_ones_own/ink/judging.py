# ink/judging.py
"""How strokes are judged: by how they go, and by how long they are."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.metrics.extractor import of_function
from sparring.metrics.intervals import Interval, between
from sparring.metrics.judging import Judging, Score


def of_strokes() -> Judging:
    """One extractor and one score of strokes' own."""
    return Judging(
        extractors={"steps": lambda: of_function("steps", steps)},
        scores={"length_gap": Score(length_gap, lower_is_better=True)},
    )


def steps(strokes: Tensor) -> Tensor:
    """Features (N, 2 (P - 1)): how the pen moved from each point to the next."""
    return strokes.diff(dim=2).flatten(1)


def length_gap(real: Tensor, fake: Tensor) -> Interval:
    """How far the mean lengths of two sets of strokes lie apart; 0 is best."""
    return between(lambda a, b: abs(_length(a) - _length(b)), real, fake)


def _length(strokes: Tensor) -> float:
    return float(torch.linalg.vector_norm(strokes.diff(dim=2), dim=1).sum(1).mean())
