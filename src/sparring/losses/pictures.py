"""What a generator of pictures pays beside its adversarial loss: functions that return a Term."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.schedule import Schedule, scheduled
from sparring.types import Round, Term

Weight = float | Schedule


def l1(weight: Weight = 100.0) -> Term:
    """E |fake - real|, the mean over all numbers (pix2pix: Isola et al., 2017, eq. 3)."""

    def measure(played: Round) -> Tensor:
        return (played.fake.float() - played.real.float()).abs().mean()

    return Term("l1", "generator", measure, scheduled(weight))


def feature_matching(weight: Weight = 10.0) -> Term:
    """L1 between the discriminator's features of real and of fake (Wang et al., 2018, eq. 4).

    The mean over each layer, then over layers; it needs a discriminator that keeps features.
    """

    def measure(played: Round) -> Tensor:
        assert played.real_verdict is not None, "a term that reads the verdict on real samples"
        pairs = zip(played.real_verdict.features, played.fake_verdict.features, strict=True)
        costs = [(fake.float() - real.detach().float()).abs().mean() for real, fake in pairs]
        return torch.stack(costs).mean()

    return Term("feature_matching", "generator", measure, scheduled(weight), reads_real=True)
