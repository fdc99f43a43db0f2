"""Duel: one generator against one discriminator (Goodfellow et al. 2014), any loss, any terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.ranges import Amount
from sparring.core.schedule import Schedule, scheduled
from sparring.core.types import (
    AdversarialLoss,
    Augmentation,
    Batch,
    Condition,
    Finish,
    Networks,
    Played,
    Round,
    Term,
    Turn,
    Verdict,
)

NOTHING = Condition()
"""What a discriminator is told that must not read the source."""


class Duel(nn.Module):
    """The two-player game; its module state is the augmentation's and the terms' own.

    `weight` is that of the generator's adversarial cost against its other terms, a number or a
    schedule of images seen. While it is 0 the generator's turn asks the discriminator only where
    a due term has `reads_real`: such a term gets both verdicts, any other one a fake_verdict
    without logits. A term whose schedule says 0 is not due.

    `finish` is the task's: both players see fakes as they will be handed over, such as with all
    known pixels in place, so that nothing else is judged or learned.

    Both turns draw a fresh fake: a graph kept from one turn to the next would break under
    distributed training.
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("generator",),
        "discriminator": ("discriminator",),
    }
    kept: ClassVar[tuple[str, ...]] = ("generator",)
    swapped: ClassVar[frozenset[str]] = frozenset()
    doors: ClassVar[frozenset[str]] = frozenset({"strength"})

    def __init__(
        self,
        loss: AdversarialLoss,
        terms: Sequence[Term] = (),
        augment: Augmentation | None = None,
        weight: Amount | Schedule = 1.0,
        finish: Finish | None = None,
    ) -> None:
        super().__init__()
        self.weight = scheduled(weight)
        self.finish = finish
        self.loss = loss
        self.terms = tuple(terms)
        self.augment = augment
        self._mixes: bool | None = None
        self.measures = nn.ModuleDict(
            {term.name: term.measure for term in terms if isinstance(term.measure, nn.Module)}
        )

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What the player pays; the other one's weights are taken as given."""
        due = [
            term
            for term in self.terms
            if term.player == player and turn.step % term.every == 0 and term.weight(turn.images)
        ]
        if player == "generator":
            played = self._generator_round(networks, batch, turn, due)
            costs, stats = self._generator_cost(played), {}
        else:
            played = self._discriminator_round(networks, batch, turn, due)
            costs = {"adversarial": self._discriminator_loss(played)}
            assert played.real_verdict is not None
            stats = told(played.real_verdict, played.fake_verdict, self.loss.boundary)
        for term in due:
            costs[term.name] = term.measure(played) * (term.weight(turn.images) * term.every)
        return Played(costs, stats)

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) for latents (N, latent)."""
        return networks["generator"](latent, condition)

    def strength(self, images: int) -> float:
        """Probability of each augmentation after so many images."""
        return 0.0 if self.augment is None else float(self.augment.strength_at(images))

    def _discriminator_round(
        self, networks: Networks, batch: Batch, turn: Turn, due: Sequence[Term]
    ) -> Round:
        real, asked, own, wanted = batch
        condition = wanted or asked
        with torch.no_grad():
            fake = self._made(networks, turn, asked)
        watched = tuple(sorted(frozenset().union(*(term.gradients for term in due))))
        real = real.requires_grad_() if "real" in watched else real
        fake = fake.requires_grad_() if "fake" in watched else fake
        discriminate = self._discriminate(networks["discriminator"], condition, turn)
        verdicts = self._discriminate_both(discriminate, real, fake, condition, own)
        self._adapt(*verdicts, turn)
        return Round(
            turn, real, fake, condition, *verdicts, discriminate, watched, own, networks, asked
        )

    def _generator_round(
        self, networks: Networks, batch: Batch, turn: Turn, due: Sequence[Term]
    ) -> Round:
        real, asked, own, wanted = batch
        condition = wanted or asked
        fake = self._made(networks, turn, asked)
        discriminate = self._discriminate(networks["discriminator"], condition, turn)
        read = any(term.reads_real for term in due)
        if not self.weight(turn.images) and not read:
            unasked = Verdict(fake.new_zeros(len(fake), 0))
            return Round(
                turn, real, fake, condition, None, unasked, discriminate, (), own, networks, asked
            )
        real_verdict = None
        if read or self.loss.relativistic:
            with torch.no_grad():
                real_verdict = discriminate(real, own)
        verdicts = real_verdict, discriminate(fake)
        return Round(turn, real, fake, condition, *verdicts, discriminate, (), own, networks, asked)

    def _made(self, networks: Networks, turn: Turn, condition: Condition) -> Tensor:
        fake = self.generate(networks, turn.latent, condition)
        return fake if self.finish is None else self.finish(fake, condition)

    def _discriminate(
        self, discriminator: Callable[..., Verdict], condition: Condition, turn: Turn
    ) -> Callable[..., Verdict]:
        if self._mixes is None:
            self._mixes = mixes_batch(discriminator)

        def discriminate(samples: Tensor, other: Condition | None = None) -> Verdict:
            seen = samples if self.augment is None else self.augment(samples, turn.images)
            return discriminator(seen, condition if other is None else other)

        return discriminate

    def _discriminate_both(
        self,
        discriminate: Callable[..., Verdict],
        real: Tensor,
        fake: Tensor,
        condition: Condition,
        own: Condition | None,
    ) -> tuple[Verdict, Verdict]:
        """Real and fake in one pass, unless batch statistics would mix the two."""
        if self._mixes:
            return discriminate(real, own), discriminate(fake)
        both = discriminate(torch.cat([real, fake]), joined(own or condition, condition))
        return _half(both, slice(None, len(real))), _half(both, slice(len(real), None))

    def _discriminator_loss(self, played: Round) -> Tensor:
        assert played.real_verdict is not None
        return self.loss.discriminator(
            played.real_verdict.logits.float(), played.fake_verdict.logits.float()
        )

    def _generator_cost(self, played: Round) -> dict[str, Tensor]:
        weight = self.weight(played.turn.images)
        return {"adversarial": weight * self._generator_loss(played)} if weight else {}

    def _generator_loss(self, played: Round) -> Tensor:
        fake = played.fake_verdict.logits.float()
        real = fake if played.real_verdict is None else played.real_verdict.logits.float()
        return self.loss.generator(real, fake)

    def _adapt(self, real: Verdict, fake: Verdict, turn: Turn) -> None:
        if self.augment is not None:
            self.augment.update(real.logits, fake.logits, turn.images, turn.mean)


def joined(one: Condition, other: Condition) -> Condition:
    """The conditions of two batches as those of one; a field that one of them lacks is left out."""
    pairs = zip(one, other, strict=True)
    return Condition(*(None if a is None or b is None else torch.cat([a, b]) for a, b in pairs))


def l1_distance(one: Tensor, other: Tensor) -> Tensor:
    """The mean absolute difference, in float32."""
    return (one.float() - other.float()).abs().mean()


def only_penalties(game: str, loss: AdversarialLoss, terms: Sequence[Term]) -> None:
    """A game without pairs has nothing that a generator's term could be measured on.

    Raises:
        InputError: there is such a term, or a loss that compares real with fake one by one.
    """
    if loss.relativistic or any(term.player == "generator" for term in terms):
        raise InputError(f"{game} takes no generator's terms and no relativistic loss.")


@torch.no_grad()
def told(real: Verdict, fake: Verdict, boundary: float | None) -> dict[str, Tensor]:
    """Mean logits and the share judged rightly, of real and of fake; for the log."""
    real_logits, fake_logits = real.logits.float(), fake.logits.float()
    middle = (real_logits.mean() + fake_logits.mean()) / 2 if boundary is None else boundary
    return {
        "logits/real": real_logits.mean(),
        "logits/fake": fake_logits.mean(),
        "accuracy/real": (real_logits > middle).float().mean(),
        "accuracy/fake": (fake_logits < middle).float().mean(),
    }


def mixes_batch(discriminator: Callable[..., Verdict]) -> bool:
    """Whether one sample's verdict depends on the others in its batch."""
    modules = discriminator.modules() if isinstance(discriminator, nn.Module) else ()
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in modules)


def _half(verdict: Verdict, rows: slice) -> Verdict:
    classes = None if verdict.classes is None else verdict.classes[rows]
    features = tuple(feature[rows] for feature in verdict.features)
    # What was seen stays whole: a slice of it is no input of the logits.
    return Verdict(verdict.logits[rows], features, classes, verdict.seen, rows)
