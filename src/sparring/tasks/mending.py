"""Mending: what all tasks share whose sources are made from the real samples themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.types import Condition, Items
from sparring.tasks.translate import mirrored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparring.metrics.judging import Judging, Score


@dataclass(frozen=True, kw_only=True)
class Mending:
    """The data hold only whole samples; the task breaks them, and the generator mends them.

    `flip` mirrors half of what is trained on, left to right.
    """

    flip: bool = True

    conditions = frozenset({"map"})
    abilities = frozenset({"translate"})
    sources = "none"

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """Those of the samples' domain."""
        return judging.measures

    def shown(self, condition: Condition) -> Tensor:
        """The broken sample."""
        assert condition.map is not None
        return condition.map

    def real(self, items: Items) -> Tensor:
        """The whole samples, half of them mirrored where they may be."""
        real = items["sample"]
        if not self.flip:
            return real
        return mirrored(real, (torch.rand(len(real)) < 0.5).to(real.device))


def between(low: float, high: float, like: Tensor) -> Tensor:
    """One uniform number in [low, high] for each sample (N, ...), in as many dimensions."""
    drawn = low + (high - low) * torch.rand(len(like), *[1] * (like.dim() - 1))
    return drawn.to(like.device)


def joined(picture: Tensor, mask: Tensor) -> Tensor:
    """A sample (N, C, *space) with its mask (N, 1, *space) as one channel more."""
    return torch.cat([picture, mask.to(picture)], dim=1)


def parted(given: Tensor) -> tuple[Tensor, Tensor]:
    """Sample and mask of what `joined` made."""
    return given[:, :-1], given[:, -1:]
