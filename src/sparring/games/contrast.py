"""Contrast: unpaired translation one way, held to its source by patches (Park et al., 2020)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.precision import full_precision
from sparring.core.ranges import Above, Amount, Count, Size
from sparring.core.types import AdversarialLoss, Batch, Condition, Networks, Played, Term, Turn
from sparring.games.duel import NOTHING, Duel, l1_distance, only_penalties

Features = tuple[Tensor, ...]


class Contrast(Duel):
    """CUT: what stands at one place of the fake must be known again at that place of the source.

    The generator encodes its source and its own fake; the projector turns features at random
    places into unit vectors, and each vector of the fake must find the source's at the same place
    among those at other places of the same picture (PatchNCE, the paper's eq. 3 and 4, here with
    the mean over layers). Vectors of the source are taken as given. The discriminator, whose turn
    is that of a duel, must not read the condition's map.

    Args:
        loss: of discriminator and generator; the paper's code uses least squares.
        terms: penalties of the discriminator; there are no pairs to measure others on.
        contrast: weight of PatchNCE.
        identity: weight of |generator(sample) - sample|, the L1 distance (Zhu et al., 2017,
            section 5.2): the paper's eq. 5 asks for PatchNCE here, which leaves colours free.
        patches: places in each layer of each picture.
        temperature: what the cosines are divided by.
        frames: most cells along the last dimension, time, that are hidden from the generator, a run
            of them in each source, and that it must fill in: the discriminator sees them, and
            places in them must be known again too (filling in frames, Kaneko et al., 2021,
            section 3, there in a cycle); 0 hides none.

    Raises:
        InputError: a generator's term, a relativistic loss, or a setting out of range.
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("generator", "projector"),
        "discriminator": ("discriminator",),
    }

    def __init__(
        self,
        loss: AdversarialLoss,
        terms: Sequence[Term] = (),
        contrast: Amount = 1.0,
        identity: Amount = 5.0,
        patches: Size = 64,
        temperature: Above = 0.07,
        frames: Count = 0,
    ) -> None:
        super().__init__(loss, terms)
        only_penalties("a contrast", loss, terms)
        if patches < 2 or not temperature > 0.0:
            raise InputError(
                "a contrast needs patches of at least 2 and a temperature above 0, "
                f"not {patches!r} and {temperature!r}."
            )
        self.contrast, self.identity = contrast, identity
        self.patches, self.temperature, self.frames = patches, temperature, frames

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What the player pays; the other one's weights are taken as given.

        Raises:
            InputError: a batch without sources, or with sources of another shape than samples.
        """
        sample, source = batch.real, batch.condition.map
        if source is None or source.shape != sample.shape:
            raise InputError(
                "a contrast needs sources of its samples' shape; give a task such as "
                "Translate(unpaired=True), and data with as many channels on both sides."
            )
        if player == "generator":
            return self._generator(networks, sample, source, turn)
        return super().losses(player, networks, batch, turn)

    def _generator(self, networks: Networks, sample: Tensor, source: Tensor, turn: Turn) -> Played:
        generator = networks["generator"]
        made, keys = self._translated(generator, source, turn)
        _, queries = generator(turn.latent, Condition(map=made), features=True)
        logits = networks["discriminator"](made, NOTHING).logits.float()
        error, found = self._contrasted(networks["projector"], queries, keys)
        costs = {
            "adversarial": self.loss.generator(logits, logits),
            "contrast": self.contrast * error,
        }
        if self.identity:
            kept = generator(turn.latent, Condition(map=sample))
            costs["identity"] = self.identity * l1_distance(kept, sample)
        return Played(costs, {"contrast/found": found})

    def _translated(
        self, generator: Callable[..., tuple[Tensor, Features]], source: Tensor, turn: Turn
    ) -> tuple[Tensor, Features]:
        """The fake, and the whole source's features."""
        if not self.frames:
            return generator(turn.latent, Condition(map=source), features=True)
        with torch.no_grad():
            _, keys = generator(turn.latent, Condition(map=source), features=True)
        shown = Condition(map=hidden(source, self.frames))
        return generator(turn.latent, shown, features=True)[0], keys

    def _contrasted(
        self, projector: Callable[[Features], Features], queries: Features, keys: Features
    ) -> tuple[Tensor, Tensor]:
        """PatchNCE, and the share of places found again."""
        pairs = [
            _sampled(query, key, self.patches) for query, key in zip(queries, keys, strict=True)
        ]
        units = projector(tuple(pair.flatten(0, 2) for pair in pairs))
        scored = [
            self._scored(*unit.unflatten(0, pair.shape[:3]))
            for unit, pair in zip(units, pairs, strict=True)
        ]
        error, found = (torch.stack(values).mean() for values in zip(*scored, strict=True))
        return error, found

    def _scored(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Of unit vectors (N, P, W): their cross-entropy, and the share found."""
        # In float32: bfloat16 would round cosines to steps of 1/256, and 1/0.07 magnifies them.
        with full_precision(query):
            logits = query @ key.detach().transpose(1, 2) / self.temperature
        right = torch.arange(query.shape[1], device=query.device).expand(query.shape[:2])
        error = F.cross_entropy(logits.transpose(1, 2), right)
        return error, (logits.detach().argmax(2) == right).float().mean()


def hidden(samples: Tensor, frames: int) -> Tensor:
    """Samples (N, C, *space) with a run of 0 to `frames` cells of the last dimension set to 0."""
    count, extent = len(samples), samples.shape[-1]
    long = torch.randint(min(frames, extent) + 1, (count, 1))
    start = (torch.rand(count, 1) * (extent - long + 1)).floor()
    places = torch.arange(extent)
    kept = ((places < start) | (places >= start + long)).to(samples)
    return samples * kept.view(count, *[1] * (samples.dim() - 2), extent)


def _sampled(query: Tensor, key: Tensor, patches: int) -> Tensor:
    """Features (N, C, *space) of both at the same random places, (2, N, P, C)."""
    both = torch.stack([query, key]).flatten(3)
    places = torch.randperm(both.shape[3])[:patches].to(both.device)
    return both[..., places].transpose(2, 3)
