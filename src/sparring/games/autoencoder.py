"""Autoencoder: encoder and decoder on one side, no opponent (Kingma & Welling 2014)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from sparring.core.ranges import Amount
from sparring.core.types import Batch, Condition, Networks, Played, Term, Turn
from sparring.games.posterior import Posterior, posterior


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
        beta: Amount = 1.0,
    ) -> None:
        super().__init__()
        self.loss = loss
        self.beta = beta

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """The two sides of the ELBO (Kingma & Welling 2014, eq. 10), per sample."""
        real, condition = batch.real, batch.condition
        read = self.encode(networks, real, condition)
        rebuilt = networks["decoder"](read.drawn(turn.latent), condition).float()
        reconstruction = self.loss(real, rebuilt).mean()
        costs = {"reconstruction": reconstruction, "divergence": self.beta * read.divergence()}
        return Played(costs, {"latent/spread": read.spread()})

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) for latents (N, latent)."""
        return networks["decoder"](latent, condition)

    def encode(self, networks: Networks, samples: Tensor, condition: Condition) -> Posterior:
        """Where the encoder thinks the latents of samples lie."""
        return posterior(networks["encoder"], samples, condition)

    def reconstruct(self, networks: Networks, samples: Tensor, condition: Condition) -> Tensor:
        """The samples, through the mean of their latents and back."""
        return self.generate(networks, self.encode(networks, samples, condition).mean, condition)
