"""Mending: what all tasks share whose sources are made from the real pictures themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.types import Condition, Items
from sparring.tasks.translate import mirrored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparring.metrics.judging import Judging, Score


class Mending:
    """The data hold only whole pictures; the task breaks them, and the generator mends them."""

    conditions = frozenset({"map"})
    abilities = frozenset({"translate"})
    sources = "none"

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """Those of the pictures' domain."""
        return judging.measures

    def shown(self, condition: Condition) -> Tensor:
        """The broken picture."""
        assert condition.map is not None
        return condition.map

    def real(self, items: Items) -> Tensor:
        """The whole pictures, half of them mirrored, left to right."""
        real = items["sample"]
        return mirrored(real, (torch.rand(len(real)) < 0.5).to(real.device))


def joined(picture: Tensor, mask: Tensor) -> Tensor:
    """A picture (N, C, H, W) with its mask (N, 1, H, W) as one channel more."""
    return torch.cat([picture, mask.to(picture)], dim=1)


def parted(given: Tensor) -> tuple[Tensor, Tensor]:
    """Picture and mask of what `joined` made."""
    return given[:, :-1], given[:, -1:]
