"""Autoencoder: encoder and decoder on one side, no opponent (Kingma & Welling 2014)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from sparring.core.types import Batch, Condition, Networks, Played, Term, Turn


class Autoencoder(nn.Module):
    """The variational autoencoder, which pays the negative ELBO.

    That is what it cannot rebuild, and beta times how far its latents stray from the standard
    normal (beta from Higgins et al. 2017). `loss` maps (target, rebuilt), both (N, *shape), to a
    cost per sample (N,).
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"autoencoder": ("encoder", "decoder")}
    kept: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    swapped: ClassVar[frozenset[str]] = frozenset()
    doors: ClassVar[frozenset[str]] = frozenset({"encode", "reconstruct"})

    def __init__(
        self,
        loss: Callable[[Tensor, Tensor], Tensor],
        terms: Sequence[Term] = (),
        beta: float = 1.0,
    ) -> None:
        super().__init__()
        self.loss = loss
        self.beta = beta

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """The two sides of the ELBO (Kingma & Welling 2014, eq. 10), per sample."""
        real, condition = batch.real, batch.condition
        mean, log_variance = self.encode(networks, real, condition)
        latent = mean + turn.latent * torch.exp(0.5 * log_variance)
        rebuilt = networks["decoder"](latent, condition).float()
        reconstruction = self.loss(real, rebuilt).mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(1).mean()
        costs = {"reconstruction": reconstruction, "divergence": self.beta * divergence}
        return Played(costs, {"latent/spread": mean.detach().std(0, unbiased=False).mean()})

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) for latents (N, latent)."""
        return networks["decoder"](latent, condition)

    def encode(
        self, networks: Networks, samples: Tensor, condition: Condition
    ) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of each sample's latent, both (N, latent)."""
        return networks["encoder"](samples, condition).logits.float().chunk(2, dim=1)

    def reconstruct(self, networks: Networks, samples: Tensor, condition: Condition) -> Tensor:
        """The samples, through the mean of their latents and back."""
        mean, _ = self.encode(networks, samples, condition)
        return self.generate(networks, mean, condition)
