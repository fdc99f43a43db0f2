"""Translate: one picture from another, in pairs or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.types import Batch, Condition, Items
from sparring.tasks.generate import check_told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging, Score


@dataclass(frozen=True)
class Translate:
    """The item's source is known, its sample is real.

    `unpaired` sources belong to other samples. `flip` mirrors half of what is trained on, left
    to right; a pair is mirrored as one. `told` names fields of the sample that are known as well:
    "label", "vector", "tokens".

    Raises:
        InputError: `told` holds another word.
    """

    unpaired: bool = False
    flip: bool = True
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_told(self.told)

    @property
    def conditions(self) -> frozenset[str]:
        """A map, the source; and what else is told."""
        return frozenset({"map", *self.told})

    @property
    def abilities(self) -> frozenset[str]:
        """Samples are made from sources."""
        return frozenset({"translate"})

    @property
    def sources(self) -> str:
        """Whether sources belong to their samples."""
        return "unpaired" if self.unpaired else "paired"

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The source's own."""
        return source

    def prepare(self, items: Items) -> Batch:
        """Encoded items to a batch, some of them mirrored."""
        real, given = items["sample"], items["source"]
        if self.flip:
            which = _half(real)
            real = mirrored(real, which)
            given = mirrored(given, _half(given) if self.unpaired else which)
        return Batch(real, self.known({**items, "source": given}))

    def known(self, items: Items) -> Condition:
        """The source, and what else is told."""
        return Condition(map=items["source"], **{name: items[name] for name in self.told})

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add."""
        return fake

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """Those of the samples' domain."""
        return judging.measures

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """Those of the samples' domain."""
        return judging.baselines(source, targets)

    def shown(self, condition: Condition) -> Tensor:
        """The source."""
        assert condition.map is not None
        return condition.map


def _half(samples: Tensor) -> Tensor:
    import torch

    return (torch.rand(len(samples)) < 0.5).to(samples.device)


def mirrored(samples: Tensor, which: Tensor) -> Tensor:
    """Samples (N, C, *space), those of `which` (N,) turned round along the last dimension."""
    return samples.where(~which.view(-1, *[1] * (samples.dim() - 1)), samples.flip(-1))
