"""What players pay for conditions: functions that return a Term.

`weight` is a number or a schedule of images seen; with `every` above 1 a term is due on every so
manieth step and weighs that much more. An unknown label costs nothing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.ranges import Amount, Every
from sparring.core.schedule import Schedule, scheduled
from sparring.core.types import AdversarialLoss, Condition, Round, Term, Verdict
from sparring.losses.adversarial import non_saturating

Weight = Amount | Schedule


def classified(weight: Weight = 1.0, every: Every = 1, fakes: bool = True) -> Term:
    """The discriminator names labels of real samples, and of fakes (AC-GAN: Odena et al., 2017).

    Its network needs `classify`. Without `fakes` only real ones are named, as in StarGAN (Choi et
    al., 2018, eq. 2).
    """

    def measure(played: Round) -> Tensor:
        assert played.real_verdict is not None
        cost = _unnamed(played.real_verdict, played.own or played.condition)
        return cost + _unnamed(played.fake_verdict, played.condition) if fakes else cost

    return Term("classified", "discriminator", measure, scheduled(weight), every)


def recognised(weight: Weight = 1.0, every: Every = 1) -> Term:
    """The generator's fakes are named by the label that it was told (Odena et al., 2017)."""

    def measure(played: Round) -> Tensor:
        return _unnamed(played.fake_verdict, played.condition)

    return Term("recognised", "generator", measure, scheduled(weight), every)


def mismatched(weight: Weight = 1.0, every: Every = 1, loss: AdversarialLoss | None = None) -> Term:
    """Real samples under another one's condition count as fakes (Reed et al., 2016, algorithm 1).

    Each is judged under the condition of the sample before it, where that is another one, or
    under what shall become of it where it is to be altered. `loss` is what the discriminator pays
    for them, the non-saturating one by default. The real samples'
    own logits are taken as given, but by a relativistic loss, which moves both apart: logits that
    are only pushed down would have no end.
    """
    chosen = loss or non_saturating()

    def measure(played: Round) -> Tensor:
        assert played.real_verdict is not None
        own = played.own or played.condition
        wrong = _before(own) if played.own is None else played.condition
        right = played.real_verdict.logits.float()
        logits = played.discriminate(played.real, wrong).logits.float()
        # Nothing is learnt where the other one's condition is the same.
        differs = _differing(own, wrong)[:, None]
        right = torch.where(differs & chosen.relativistic, right, right.detach())
        return chosen.discriminator(right, torch.where(differs, logits, logits.detach()))

    return Term("mismatched", "discriminator", measure, scheduled(weight), every)


def matched(weight: Weight = 1.0, every: Every = 1) -> Term:
    """The generator's fakes fit their own condition better than another one's.

    The cost is a softplus of how much higher the discriminator judges them under the condition of
    the sample before, or under that of the sample they were made from; where that is the same one
    nothing is learnt.
    """

    def measure(played: Round) -> Tensor:
        wrong = played.own or _before(played.condition)
        logits = played.discriminate(played.fake, wrong).logits.float()
        apart = F.softplus(logits - played.fake_verdict.logits.float()).mean(1)
        differs = _differing(played.condition, wrong)
        return torch.where(differs, apart, torch.zeros_like(apart)).mean()

    return Term("matched", "generator", measure, scheduled(weight), every)


def _before(condition: Condition) -> Condition:
    """The condition of the sample before each."""
    return condition.apply(lambda value: value.roll(1, 0))


def _unnamed(verdict: Verdict, condition: Condition) -> Tensor:
    """Cross-entropy of the labels that are known, the mean over these."""
    if verdict.classes is None or condition.label is None:
        raise InputError("labels are named by a discriminator with classify=True, told a label.")
    known = condition.label >= 0
    logits = verdict.classes.float()
    cost = F.cross_entropy(logits, condition.label, ignore_index=-1, reduction="sum")
    return cost / known.sum().clamp_min(1)


def _differing(one: Condition, other: Condition) -> Tensor:
    """(N,) bool: whether two conditions differ in any field."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if not pairs:
        raise InputError("mismatched needs a task that tells a condition.")
    return torch.stack([(a != b).reshape(len(a), -1).any(1) for a, b in pairs]).any(0)
