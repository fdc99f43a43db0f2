"""Generate: samples out of nothing but a latent and, where asked for, a label or a vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.types import Batch, Condition, Items

if TYPE_CHECKING:
    from torch import Tensor

CONDITIONS = ("none", "label", "vector")


@dataclass(frozen=True)
class Generate:
    """Every item is real; its label or vector, if the recipe is conditional, is known.

    Raises:
        InputError: `condition` is none of "none", "label", "vector".
    """

    condition: str = "none"

    def __post_init__(self) -> None:
        if self.condition not in CONDITIONS:
            raise InputError(f"condition must be one of {CONDITIONS}, not {self.condition!r}.")

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
        """The items' label or vector."""
        return Condition(**{n: items[n] for n in (self.condition,) if n != "none"})

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add to a generated sample."""
        return fake

    def shown(self, condition: Condition) -> Tensor:
        """There is no map to show.

        Raises:
            InputError: always.
        """
        raise InputError("samples out of nothing have no source to show.")
