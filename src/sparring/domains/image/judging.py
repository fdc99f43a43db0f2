"""How pictures are judged: which extractors read them, and how near they come to true ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from sparring.domains.image import baselines, fidelity, judge, pretrained
from sparring.metrics import intervals
from sparring.metrics.extractor import Embedded, Extractor
from sparring.metrics.intervals import Interval
from sparring.metrics.judging import Apart, Judging, Score

PIXELS = 144
"""Most cells that `pixels` keeps of each channel."""
FEW = 32
"""Pictures measured at once: their features are memory that malloc keeps, not new pages."""


def of_pictures(shape: tuple[int, int, int], data: str) -> Judging:
    """How pictures of this shape are judged beside data of this name.

    The usual extractor is the judge of the pack, else EfficientNet-Lite0 for colour pictures
    where it is installed, else pixels.
    """
    shipped = {name: partial(judge.judge, name) for name in judge.SHIPPED}
    return Judging(
        extractors={
            **shipped,
            "efficientnet": pretrained.efficientnet,
            "inception": pretrained.inception,
            "pixels": pixels,
        },
        usual=_usual(data, shape),
        measures=likeness(shape),
        perceptual=_unlike(data),
        mending=baselines.mending(),
    )


def likeness(shape: tuple[int, ...]) -> dict[str, Score]:
    """Means over pictures of their likeness to the true ones, those that can be had."""
    found = {
        "l1": _mean(fidelity.l1),
        "psnr": _mean(lambda a, b: fidelity.psnr(a, b).clamp(max=fidelity.EQUAL), lower=False),
    }
    if min(shape[1:]) >= fidelity.WINDOW:
        found["ssim"] = _mean(fidelity.ssim, lower=False)
    if pretrained.efficientnet_installed():
        found["perceptual"] = _mean(fidelity.perceptual)
    return found


def _unlike(data: str) -> Apart:
    """By EfficientNet-Lite0 where it is installed, else by a shipped judge's eyes, in grey."""
    if pretrained.efficientnet_installed():
        return fidelity.perceptual
    read = judge.judge(data if data in judge.SHIPPED else judge.SHIPPED[-1]).read

    def unlike(samples: Tensor, others: Tensor) -> Tensor:
        a, b = (
            functional.normalize(read(pretrained.coloured(x).mean(1, keepdim=True)).features, dim=1)
            for x in (samples, others)
        )
        return (a - b).square().sum(1)

    return unlike


def pixels() -> Extractor:
    """No network at all: pictures averaged to at most 12 x 12 cells.

    It sees layout, colour and coarse blur, but neither meaning nor texture.
    """
    digest = hashlib.sha256(f"pixels {PIXELS}".encode()).hexdigest()
    return Extractor("pixels", digest, f"mean over at most {PIXELS} cells", _cells)


def _usual(data: str, shape: tuple[int, int, int]) -> str:
    if data in judge.SHIPPED and shape[0] == 1:
        return data
    colour = shape[0] in (3, 4)
    return "efficientnet" if colour and pretrained.efficientnet_installed() else "pixels"


def _cells(samples: Tensor) -> Embedded:
    side = int(PIXELS**0.5)
    height, width = (min(side, length) for length in samples.shape[2:])
    return Embedded(functional.adaptive_avg_pool2d(samples, (height, width)).flatten(1))


def _mean(of_each: Callable[[Tensor, Tensor], Tensor], lower: bool = True) -> Score:
    """The mean of a function of (fake, real) pictures that gives one value each."""

    def measure(real: Tensor, fake: Tensor) -> Interval:
        pairs = zip(fake.split(FEW), real.split(FEW), strict=True)
        return intervals.mean(torch.cat([of_each(x, y).double() for x, y in pairs]))

    return Score(measure, lower)
