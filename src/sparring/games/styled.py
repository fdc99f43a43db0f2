"""Styled: a duel whose latents an encoder reads from real samples (Park et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.schedule import Schedule
from sparring.core.types import (
    AdversarialLoss,
    Augmentation,
    Batch,
    Condition,
    Finish,
    Networks,
    Played,
    Term,
    Turn,
)
from sparring.games.duel import Duel


class Styled(Duel):
    """SPADE with a style encoder: encoder and generator are a variational autoencoder.

    In both turns the fake's latent is drawn from what the encoder says of the real sample; the
    generator pays how far that strays from the standard normal, from which latents come once it
    is trained (the paper's section 3, "multi-modal synthesis").

    Args:
        loss: as in `Duel`.
        terms: as in `Duel`; one that compares fake and real compares a sample and its rebuilding.
        augment: as in `Duel`.
        weight: as in `Duel`.
        finish: as in `Duel`.
        divergence: weight of the Kullback-Leibler divergence, summed over a latent's numbers and
            averaged over samples; 0.05 in the paper's appendix.

    Raises:
        InputError: a negative divergence.
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("generator", "encoder"),
        "discriminator": ("discriminator",),
    }
    kept: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    doors: ClassVar[frozenset[str]] = frozenset({"strength", "encode"})

    def __init__(
        self,
        loss: AdversarialLoss,
        terms: Sequence[Term] = (),
        augment: Augmentation | None = None,
        weight: float | Schedule = 1.0,
        finish: Finish | None = None,
        divergence: float = 0.05,
    ) -> None:
        super().__init__(loss, terms, augment, weight, finish)
        if divergence < 0.0:
            raise InputError(f"divergence must be at least 0, not {divergence!r}.")
        self.divergence = divergence

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What the player pays; the other one's weights are taken as given."""
        with torch.set_grad_enabled(player == "generator"):
            mean, log_variance = self.encode(networks, batch.real, batch.condition)
            latent = mean + turn.latent * torch.exp(0.5 * log_variance)
        costs, stats = super().losses(player, networks, batch, turn._replace(latent=latent))
        if player == "generator":
            strayed = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
            costs = {**costs, "divergence": self.divergence * strayed.sum(1).mean()}
            spread = mean.detach().std(0, unbiased=False).mean()
            stats = {**stats, "latent/spread": spread}
        return Played(costs, stats)

    def encode(
        self, networks: Networks, samples: Tensor, condition: Condition
    ) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of each sample's latent, both (N, latent)."""
        mean, log_variance = networks["encoder"](samples, condition).logits.float().chunk(2, dim=1)
        return mean, log_variance
