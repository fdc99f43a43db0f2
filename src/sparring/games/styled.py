"""Styled: a duel whose latents an encoder reads from real samples (Park et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.ranges import Amount
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
from sparring.games.posterior import Posterior, posterior


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
        weight: Amount | Schedule = 1.0,
        finish: Finish | None = None,
        divergence: Amount = 0.05,
    ) -> None:
        super().__init__(loss, terms, augment, weight, finish)
        if divergence < 0.0:
            raise InputError(f"divergence must be at least 0, not {divergence!r}.")
        self.divergence = divergence

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What the player pays; the other one's weights are taken as given."""
        with torch.set_grad_enabled(player == "generator"):
            read = self.encode(networks, batch.real, batch.condition)
            latent = read.drawn(turn.latent)
        costs, stats = super().losses(player, networks, batch, turn._replace(latent=latent))
        if player == "generator":
            costs = {**costs, "divergence": self.divergence * read.divergence()}
            stats = {**stats, "latent/spread": read.spread()}
        return Played(costs, stats)

    def encode(self, networks: Networks, samples: Tensor, condition: Condition) -> Posterior:
        """Where the encoder thinks the latents of samples lie."""
        return posterior(networks["encoder"], samples, condition)
