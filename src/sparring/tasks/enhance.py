"""Enhance: undo what happened to sound: noise, or peaks cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from torch import Tensor

from sparring.core.errors import unknown
from sparring.core.types import Batch, Condition, Items
from sparring.tasks import noises
from sparring.tasks.mending import Mending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging

KINDS = ("denoise", "declip")

Decibels = Annotated[float, Meta(ge=-20.0, le=60.0)]
Level = Annotated[float, Meta(gt=0.0, lt=1.0)]


@dataclass(frozen=True)
class Enhance(Mending):
    """The map is the sound after one of the damages; the name is that of speech enhancement.

    Strengths are drawn between two ends for each sample: `ratio` of the sound to white or pink
    noise, to a hum or to a babble of other samples, in decibels; `level` at which a clipped sound
    is cut off, in shares of its peak.

    Raises:
        InputError: no such kind.
    """

    kind: str = "denoise"
    ratio: tuple[Decibels, Decibels] = (0.0, 15.0)
    level: tuple[Level, Level] = (0.1, 0.5)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of restoration of sound", self.kind, KINDS)

    abilities = frozenset({"translate", "repair"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's own."""
        return sample

    def prepare(self, items: Items) -> Batch:
        """Encoded sounds to a batch of damaged ones."""
        real = self.real(items)
        return Batch(real, Condition(map=self.damaged(real)))

    def damaged(self, real: Tensor) -> Tensor:
        """Waveforms (N, C, length) as they would come to be restored, in [-1, 1]."""
        if self.kind == "declip":
            return noises.clipped(real, self.level)
        return noises.noisy(real, self.ratio).clamp(-1.0, 1.0)

    def known(self, items: Items) -> Condition:
        """The sound to restore."""
        return Condition(map=items["source"])

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Of clipped sound, what is not cut off is kept to the bit."""
        if self.kind != "declip":
            return fake
        from sparring.domains.sound.mending import cut_off

        assert condition.map is not None
        return fake.where(cut_off(condition.map), condition.map.to(fake))

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What the domain knows to do about noise, or about peaks cut off."""
        return judging.mending.get("clipped" if self.kind == "declip" else "damaged", {})
