"""Dress: a person in the clothes of another, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.tasks.translate import Translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging


@dataclass(frozen=True)
class Dress(Translate):
    """The source shows the wearer and the other: picture, parts, the other's parts, her picture.

    Parts are one-hot maps; `clothes` are the numbers of those that are worn.
    """

    clothes: tuple[int, ...] = (1, 2, 3, 4)

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """The wearer as she is, and the other's clothes pasted over her."""

        def paste(given: Tensor, shape: tuple[int, ...]) -> Tensor:
            colours = shape[0]
            parts = (given.shape[1] - 2 * colours) // 2
            wearer, _, worn, other = given.split([colours, parts, parts, colours], 1)
            inside = worn[:, list(self.clothes)].sum(1, keepdim=True) > 0
            return other.where(inside, wearer)

        return {**super().baselines(judging, source, targets), "paste": paste}
