"""What players pay for attributes that shall change (Choi et al., 2018), as Alter tells them.

Functions that return a Term. Vectors hold 1 for what is so, -1 for what is not, and 0 for what is
unknown or not asked for. `weight` is a number or a schedule of images seen.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.ranges import Amount
from sparring.core.schedule import Schedule, scheduled
from sparring.core.types import Condition, Round, Term, Verdict

Weight = Amount | Schedule


def classified(weight: Weight = 1.0) -> Term:
    """The discriminator names the attributes of real samples (the paper's eq. 2).

    Its network needs `classify`. It then knows early where to look.
    """

    def measure(played: Round) -> Tensor:
        assert played.real_verdict is not None
        return _misnamed(played.real_verdict, _own(played))

    return Term("classified", "discriminator", measure, scheduled(weight))


def recognised(weight: Weight = 1.0) -> Term:
    """Fakes are named by all that shall be true of them (eq. 3).

    A light one: a grain that looks like glasses to a classifier alone would do.
    """

    def measure(played: Round) -> Tensor:
        return _misnamed(played.fake_verdict, _vector(played.condition))

    return Term("recognised", "generator", measure, scheduled(weight))


def returned(weight: Weight = 10.0) -> Term:
    """The fake, asked for what its source had instead, becomes the source again: L1 (eq. 4)."""

    def measure(played: Round) -> Tensor:
        back = torch.where(_vector(played.asked) == 0, 0.0, _own(played))
        condition = Condition(vector=back, map=played.fake)
        again = played.networks["generator"](played.turn.latent, condition)
        return (again.float() - played.real.float()).abs().mean()

    return Term("returned", "generator", measure, scheduled(weight))


def unchanged(weight: Weight = 10.0) -> Term:
    """Of whom nothing is asked that is not so already, nothing changes: L1, over these samples."""

    def measure(played: Round) -> Tensor:
        same = (_vector(played.condition) == _own(played)).all(1)
        errors = (played.fake.float() - played.real.float()).abs().flatten(1).mean(1)
        return (errors * same).sum() / same.sum().clamp_min(1)

    return Term("unchanged", "generator", measure, scheduled(weight))


def _misnamed(verdict: Verdict, truth: Tensor) -> Tensor:
    """Binary cross-entropy of each attribute's values that are known, added up for each sample."""
    if verdict.classes is None or verdict.classes.shape != truth.shape:
        raise InputError("attributes are named by a discriminator with classify=True.")
    costs = F.binary_cross_entropy_with_logits(
        verdict.classes.float(), (truth > 0).float(), reduction="none"
    )
    return (costs * (truth != 0)).sum() / len(truth)


def _own(played: Round) -> Tensor:
    return _vector(played.own or played.condition)


def _vector(condition: Condition | None) -> Tensor:
    assert condition is not None and condition.vector is not None
    return condition.vector
