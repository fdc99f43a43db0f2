"""Posterior: where an encoder thinks the latents of samples lie (Kingma & Welling 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sparring.core.types import Condition


class Posterior(NamedTuple):
    """Independent normal distributions, one a number of each latent."""

    mean: Tensor
    """(N, latent)."""
    log_variance: Tensor
    """(N, latent)."""

    def drawn(self, noise: Tensor) -> Tensor:
        """Latents (N, latent) of standard normal noise, which gradients go through (eq. 9)."""
        return self.mean + noise * torch.exp(0.5 * self.log_variance)

    def divergence(self) -> Tensor:
        """Kullback-Leibler divergence from the standard normal, a mean over samples (eq. 10)."""
        strayed = self.mean.square() + self.log_variance.exp() - 1.0 - self.log_variance
        return 0.5 * strayed.sum(1).mean()

    def spread(self) -> Tensor:
        """How far the means lie apart: near 0, latents carry nothing."""
        return self.mean.detach().std(0, unbiased=False).mean()


def posterior(encoder: Callable[..., Any], samples: Tensor, condition: Condition) -> Posterior:
    """What an encoder, a discriminator with 2 x latent outputs, says of samples (N, *shape)."""
    return Posterior(*encoder(samples, condition).logits.float().chunk(2, dim=1))
