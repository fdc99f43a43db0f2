"""What an autoencoder pays for what it cannot rebuild.

Each returns a function (target, rebuilt) -> (N,) of samples (N, *shape): the negative
log-likelihood of a sample in nats, summed over all its numbers, up to a constant (Kingma &
Welling, 2014, section 3 and appendix C). Computed in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.ranges import Above

if TYPE_CHECKING:
    from torch import Tensor

Reconstruction = Callable[["Tensor", "Tensor"], "Tensor"]


def bernoulli() -> Reconstruction:
    """Cross-entropy of (target + 1) / 2 under probabilities (rebuilt + 1) / 2.

    For samples in [-1, 1] only, such as a tanh head makes; values beyond are clamped.
    """
    # The edges are kept out by half a level of 8 bits, which bounds slope and logarithm.
    edge = 1.0 / 510.0

    def measure(target: Tensor, rebuilt: Tensor) -> Tensor:
        share = (rebuilt.float() + 1.0) / 2.0
        share = edge + (1.0 - 2.0 * edge) * share.clamp(0.0, 1.0)
        wanted = ((target.float() + 1.0) / 2.0).clamp(0.0, 1.0)
        return -_summed(wanted * share.log() + (1.0 - wanted) * (1.0 - share).log())

    return measure


def gaussian(deviation: Above = 0.1) -> Reconstruction:
    """Squared error / (2 deviation^2): normal noise of this standard deviation."""
    _above_zero("deviation", deviation)

    def measure(target: Tensor, rebuilt: Tensor) -> Tensor:
        error = (rebuilt.float() - target.float()) / deviation
        return _summed(error.square()) / 2.0

    return measure


def laplace(scale: Above = 0.1) -> Reconstruction:
    """Absolute error (L1) / scale: Laplacian noise of this scale."""
    _above_zero("scale", scale)

    def measure(target: Tensor, rebuilt: Tensor) -> Tensor:
        return _summed((rebuilt.float() - target.float()).abs()) / scale

    return measure


def _summed(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


def _above_zero(name: str, value: float) -> None:
    if not value > 0.0:
        raise InputError(f"{name} must be above 0, not {value!r}.")
