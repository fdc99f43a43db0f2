"""Cycle: two generators there and back, each against a discriminator (Zhu et al., 2017)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.ranges import Amount, Count
from sparring.core.types import (
    AdversarialLoss,
    Batch,
    Condition,
    Networks,
    Played,
    Term,
    Turn,
    Verdict,
)
from sparring.games.duel import NOTHING, Duel, l1_distance, only_penalties

WAYS = {
    "sample": {"generator": "generator", "discriminator": "discriminator"},
    "source": {"generator": "inverse", "discriminator": "source_discriminator"},
}
"""What is made, and who plays the duel over it."""


class Cycle(nn.Module):
    """Unpaired translation, both ways.

    "generator" makes samples from sources and "inverse" sources from samples; each pays what its
    discriminator sees, what is lost on the way there and back, and what it changes in a picture
    that was right already. Discriminators, whose turn is that of two duels, must not read the
    condition's map.

    Args:
        loss: of both discriminators and generators; least squares in the paper.
        terms: penalties of both discriminators; there are no pairs to measure others on.
        cycle: weight of the L1 distance after there and back (the paper's eq. 2).
        identity: weight of |generator(sample) - sample|, the paper's section 5.2; 0 where
            sources and samples have different channels.
        pool: fakes of earlier steps that each discriminator is shown again; each process has its
            own, and a checkpoint keeps the first one's (Shrivastava et al., 2017).
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("generator", "inverse"),
        "discriminator": ("discriminator", "source_discriminator"),
    }
    kept: ClassVar[tuple[str, ...]] = ("generator", "inverse")
    swapped: ClassVar[frozenset[str]] = frozenset({"inverse", "source_discriminator"})
    """Networks whose samples are the sources, and the other way round."""
    doors: ClassVar[frozenset[str]] = frozenset({"reverse"})

    def __init__(
        self,
        loss: AdversarialLoss,
        terms: Sequence[Term] = (),
        cycle: Amount = 10.0,
        identity: Amount = 5.0,
        pool: Count = 50,
    ) -> None:
        super().__init__()
        only_penalties("a cycle", loss, terms)
        self.loss, self.cycle, self.identity = loss, cycle, identity
        self.duels = nn.ModuleDict(
            {name: _Pooled(loss, copy.deepcopy(tuple(terms)), pool) for name in WAYS}
        )

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What the player pays; the other one's weights are taken as given.

        Raises:
            InputError: a batch without sources.
        """
        sample, source = batch.real, batch.condition.map
        if source is None:
            raise InputError("a cycle needs sources; give a task such as Translate(unpaired=True).")
        if player == "generator":
            return self._generators(networks, sample, source, turn)
        return self._discriminators(networks, sample, source, turn)

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) of the condition's map."""
        return networks["generator"](latent, condition)

    def reverse(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Sources (N, C', H, W) of samples, given as the condition's map."""
        return networks["inverse"](latent, condition)

    def _generators(self, networks: Networks, sample: Tensor, source: Tensor, turn: Turn) -> Played:
        there, back = _way(networks["generator"], turn), _way(networks["inverse"], turn)
        fake_sample, fake_source = there(source), back(sample)
        seen = self._judged(networks, fake_sample, fake_source)
        errors = {
            "source": l1_distance(back(fake_sample), source),
            "sample": l1_distance(there(fake_source), sample),
        }
        costs = {
            "adversarial": torch.stack([self._fooled(fake) for fake in seen]).sum(),
            **{f"cycle_{name}": self.cycle * error for name, error in errors.items()},
        }
        if self.identity and sample.shape[1] == source.shape[1]:
            kept = l1_distance(there(sample), sample) + l1_distance(back(source), source)
            costs["identity"] = self.identity * kept
        return Played(costs, {f"cycle_error/{n}": error.detach() for n, error in errors.items()})

    def _discriminators(
        self, networks: Networks, sample: Tensor, source: Tensor, turn: Turn
    ) -> Played:
        batches = {
            "sample": Batch(sample, Condition(map=source)),
            "source": Batch(source, Condition(map=sample)),
        }
        costs: dict[str, Tensor] = {}
        stats: dict[str, Tensor] = {}
        for way, batch in batches.items():
            pair = {role: networks[name] for role, name in WAYS[way].items()}
            played = self.duels[way].losses("discriminator", pair, batch, turn)  # type: ignore[operator]
            for name, cost in played.losses.items():
                # Halved, so that discriminators learn slower than generators (the paper's 7.1).
                costs[name] = costs.get(name, 0.0) + cost / 2.0
            ending = "" if way == "sample" else f"_{way}"
            stats |= {f"{name}{ending}": value for name, value in played.stats.items()}
        return Played(costs, stats)

    def _judged(self, networks: Networks, sample: Tensor, source: Tensor) -> tuple[Verdict, ...]:
        return (
            networks["discriminator"](sample, NOTHING),
            networks["source_discriminator"](source, NOTHING),
        )

    def _fooled(self, fake: Verdict) -> Tensor:
        logits = fake.logits.float()
        return self.loss.generator(logits, logits)


class _Pooled(Duel):
    """A duel whose discriminator is shown fakes of earlier steps too."""

    def __init__(self, loss: AdversarialLoss, terms: Sequence[Term], pool: int) -> None:
        super().__init__(loss, terms)
        self.pool = Pool(pool)

    def _made(self, networks: Networks, turn: Turn, condition: Condition) -> Tensor:
        return self.pool(super()._made(networks, turn, condition))


class Pool(nn.Module):
    """Fakes of earlier steps: half of what goes in comes out as an older one, and takes its place.

    It fills first. Saved with the run, so that a resumed run sees the same fakes.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("kept", torch.zeros(0))

    kept: Tensor

    def forward(self, fakes: Tensor) -> Tensor:
        """As many samples (N, *shape), new or old."""
        if not self.size or fakes.is_meta:
            return fakes
        if len(self.kept) < self.size:
            room = self.size - len(self.kept)
            new = fakes.detach()[:room]
            self.kept = torch.cat([self.kept, new]) if len(self.kept) else new.clone()
            return fakes
        return self._exchanged(fakes)

    def _exchanged(self, fakes: Tensor) -> Tensor:
        old = torch.rand(len(fakes)) < 0.5
        places = torch.randperm(self.size)[: len(fakes)]
        old = old[: len(places)].nonzero()[:, 0]
        out = fakes.clone()
        out[old], taken = self.kept[places[old]], fakes.detach()[old]
        self.kept[places[old]] = taken
        return out

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """The stored pool's extent is known only now."""
        stored = state_dict.get(f"{prefix}kept")
        if stored is not None:
            if len(stored) > self.size:
                raise ValueError(f"a pool of {self.size} fakes cannot hold {len(stored)}")
            self.kept = stored.to(self.kept.device, copy=True)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _way(network: Callable[..., Tensor], turn: Turn) -> Callable[[Tensor], Tensor]:
    return lambda pictures: network(turn.latent, Condition(map=pictures))
