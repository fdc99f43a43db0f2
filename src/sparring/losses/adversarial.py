"""What the players pay each other, as functions of logits (N, K), in float32.

Every function returns an `AdversarialLoss`; means run over all N x K logits. Below, D is a logit
of the discriminator, sp(x) = log(1 + exp(x)), and E the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.ranges import Below
from sparring.core.types import AdversarialLoss

if TYPE_CHECKING:
    from torch import Tensor

Cost = Callable[["Tensor", "Tensor"], "Tensor"]


def minimax(smoothing: Below = 0.0) -> AdversarialLoss:
    """The zero-sum game (Goodfellow et al., 2014, eq. 1); its generator saturates.

    D pays E sp(-D(real)) + E sp(D(fake)); G pays E log(1 - sigmoid(D(fake))) = -E sp(D(fake)).

    Args:
        smoothing: The target for real samples is 1 - smoothing (Salimans et al., 2016).
    """
    return _loss(_cross_entropy(smoothing), lambda _, fake: -_softplus(fake))


def non_saturating(smoothing: Below = 0.0) -> AdversarialLoss:
    """Minimax, but G pays E sp(-D(fake)) (Goodfellow et al., 2014, section 3).

    Args:
        smoothing: The target for real samples is 1 - smoothing (Salimans et al., 2016).
    """
    return _loss(_cross_entropy(smoothing), lambda _, fake: _softplus(-fake))


def least_squares() -> AdversarialLoss:
    """Squared distance to targets, a = 0, b = c = 1 (Mao et al., 2017, eq. 9).

    D pays E (D(real) - 1)^2 / 2 + E D(fake)^2 / 2; G pays E (D(fake) - 1)^2 / 2.
    """
    return _loss(
        lambda real, fake: _square(real - 1.0) + _square(fake),
        lambda _, fake: _square(fake - 1.0),
        boundary=0.5,
    )


def hinge() -> AdversarialLoss:
    """Margins (Lim & Ye, 2017; Miyato et al., 2018, eq. 16 and 17).

    D pays E max(0, 1 - D(real)) + E max(0, 1 + D(fake)); G pays -E D(fake).
    """
    return _loss(
        lambda real, fake: (1.0 - real).relu().mean() + (1.0 + fake).relu().mean(),
        lambda _, fake: -fake.mean(),
    )


def wasserstein() -> AdversarialLoss:
    """The critic's difference of means (Arjovsky et al., 2017, eq. 2).

    D pays E D(fake) - E D(real), and needs a limited slope; G pays -E D(fake).
    """
    return _loss(
        lambda real, fake: fake.mean() - real.mean(),
        lambda _, fake: -fake.mean(),
        boundary=None,
    )


def relativistic() -> AdversarialLoss:
    """Pairs of real and fake (Jolicoeur-Martineau, 2019; Huang et al., 2024, eq. 2).

    D pays E sp(D(fake) - D(real)); G pays E sp(D(real) - D(fake)), over pairs in batch order.
    """
    return _loss(
        lambda real, fake: _softplus(fake - real),
        lambda real, fake: _softplus(real - fake),
        relativistic=True,
        boundary=None,
    )


def _loss(
    discriminator: Cost, generator: Cost, relativistic: bool = False, boundary: float | None = 0.0
) -> AdversarialLoss:
    return AdversarialLoss(
        _in_float32(discriminator), _in_float32(generator), relativistic, boundary
    )


def _in_float32(cost: Cost) -> Cost:
    return lambda real, fake: cost(real.float(), fake.float())


def _cross_entropy(smoothing: float) -> Cost:
    if not 0.0 <= smoothing < 0.5:
        raise InputError(f"smoothing must lie in [0, 0.5), not {smoothing!r}.")

    def discriminator(real: Tensor, fake: Tensor) -> Tensor:
        # The cross-entropy with target 1 - s is sp(-D) + s D.
        return _softplus(-real) + smoothing * real.mean() + _softplus(fake)

    return discriminator


def _softplus(logits: Tensor) -> Tensor:
    import torch.nn.functional as F

    return F.softplus(logits).mean()


def _square(errors: Tensor) -> Tensor:
    return errors.square().mean() / 2.0
