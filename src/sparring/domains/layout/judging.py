"""How layouts are judged, made or given: the agreement of their classes, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.types import Domain
from sparring.domains.image.domain import Image
from sparring.domains.image.judging import likeness, pixels
from sparring.domains.layout import segmentation
from sparring.metrics.intervals import Interval
from sparring.metrics.judging import Judging, Score

if TYPE_CHECKING:
    from sparring.data import Dataset
    from sparring.domains.layout.domain import Layout

CHUNK = 128
"""Pictures read at once."""


def of_layouts(layout: Layout) -> Judging:
    """How layouts are judged; those that pictures were made from are read back from these."""

    def read_back(dataset: Dataset, domain: Domain) -> dict[str, Score]:
        if not isinstance(domain, Image):
            return {}
        from sparring.domains.layout.segmenter import segmenter

        read = segmenter(dataset, domain, layout)

        def measure(given: Tensor, made: Tensor) -> Interval:
            return _agreement(given, torch.cat([read(part) for part in made.split(CHUNK)]))

        return {"miou": Score(measure, lower_is_better=False)}

    kept = {name: found for name, found in likeness(layout.shape).items() if name != "perceptual"}
    return Judging(extractors={"pixels": pixels}, measures=kept, read_back=read_back)


def _agreement(layouts: Tensor, found: Tensor) -> Interval:
    """Mean intersection over union of one-hot layouts (N, K, H, W) and classes (N, H, W)."""
    counts = segmentation.confusion(found, layouts.argmax(1), layouts.shape[1])
    return segmentation.miou(counts)
