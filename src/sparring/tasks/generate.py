"""Generate: samples out of nothing but a latent and, where asked for, what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.errors import InputError, unknown
from sparring.core.types import Batch, Condition, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging, Score

TOLD = ("label", "vector", "tokens")
"""Fields of items that a generator may be told."""
READERS = ("", "minilm")
"""Encoders of sentences that come ready."""


@dataclass(frozen=True)
class Generate:
    """Every item is real; those of its fields that `told` names are known.

    With `sentences` an encoder of that name has read the items' sentences, which are their vectors.

    Raises:
        InputError: `told` holds another word than "label", "vector" or "tokens", or no such
            encoder.
    """

    told: tuple[str, ...] = ()
    sentences: str = ""

    def __post_init__(self) -> None:
        check_told(self.told)
        if self.sentences not in READERS:
            raise unknown("encoder of sentences", self.sentences, READERS[1:])

    @property
    def conditions(self) -> frozenset[str]:
        """What is told."""
        return frozenset(self.told)

    @property
    def abilities(self) -> frozenset[str]:
        """Samples come out of nothing."""
        return frozenset({"sample"})

    @property
    def sources(self) -> str:
        """Samples come out of nothing."""
        return "none"

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """There is no map."""
        return ()

    def prepare(self, items: Items) -> Batch:
        """Encoded items to a batch."""
        return Batch(items["sample"], self.known(items))

    def known(self, items: Items) -> Condition:
        """What is told of the items."""
        return Condition(**{name: items[name] for name in self.told})

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add to a generated sample."""
        return fake

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """No sample has a partner."""
        return {}

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """Nothing is as good as nothing."""
        return {}

    def shown(self, condition: Condition) -> Tensor:
        """There is no map to show.

        Raises:
            InputError: always.
        """
        raise InputError("samples out of nothing have no source to show.")


def check_told(names: tuple[str, ...]) -> None:
    """Every name is a field of items that can be told.

    Raises:
        InputError: one is not.
    """
    for name in names:
        if name not in TOLD:
            raise unknown("condition", name, TOLD)
