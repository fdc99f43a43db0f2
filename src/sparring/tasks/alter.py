"""Alter: the same sample with some of its attributes changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.ranges import Count, Share
from sparring.core.types import Batch, Condition, Items
from sparring.tasks.mending import Mending

if TYPE_CHECKING:
    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging, Score


@dataclass(frozen=True, kw_only=True)
class Alter(Mending):
    """The map is the sample itself, and the vector says what of it shall change.

    A number of the vector is 1 where the sample shall have an attribute's value, -1 where it shall
    not, and 0 where nothing is asked: so whoever asks need not know what the source has. What is
    true of a sample is said alike, with 0 for what is unknown. In training another sample's values
    are asked for, of no attributes up to a share of `most` of them, and the discriminator is told
    of fakes all that shall be true: what is asked for, and else what their sources have.

    `groups` are the numbers of each attribute in the vector, side by side; a run fills them in.
    """

    groups: tuple[Count, ...] = ()
    most: Share = 0.7

    conditions = frozenset({"map", "vector"})
    abilities = frozenset({"translate", "alter"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's own."""
        return sample

    def prepare(self, items: Items) -> Batch:
        """Encoded samples to a batch of which some attributes shall be those of others."""
        real, own = self.real(items), self.signed(items["vector"])
        shares = self.most * torch.rand(len(own), 1)
        wanted = (torch.rand(len(own), len(self.groups)) < shares).to(own.device)
        others = own[torch.randperm(len(own)).to(own.device)]
        asked = others * self._spread(wanted.to(own.dtype))
        wanted = torch.where(asked == 0, own, asked)
        told = Condition(vector=asked, map=real)
        return Batch(real, told, Condition(vector=own), Condition(vector=wanted))

    def known(self, items: Items) -> Condition:
        """The sample, and what of it shall change."""
        return Condition(vector=items["vector"], map=items["source"])

    def signed(self, vector: Tensor) -> Tensor:
        """Vectors (N, F) of 0 and 1, all 0 of an attribute of words if unknown, as -1, 0 and 1."""
        parts = vector.split(list(self.groups), dim=1)
        known = [
            part.amax(1) if part.shape[1] > 1 else torch.ones_like(part[:, 0]) for part in parts
        ]
        return (2 * vector - 1) * self._spread(torch.stack(known, dim=1))

    def _spread(self, each: Tensor) -> Tensor:
        """A number (N, groups) for each attribute, at all of its places (N, F)."""
        sizes = torch.tensor(self.groups, device=each.device)
        return each.repeat_interleave(sizes, dim=1)

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add."""
        return fake

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """No sample has a true partner: how it would look otherwise is not known."""
        return {}

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """Nothing changes an attribute without learning."""
        return {}
