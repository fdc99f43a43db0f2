"""Inpaint: fill what is missing, and keep what is known to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from sparring.core.types import Batch, Condition, Items
from sparring.domains.image import baselines
from sparring.tasks.masks import masks
from sparring.tasks.mending import Mending, joined, parted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging


@dataclass(frozen=True)
class Inpaint(Mending):
    """The map is the picture with grey holes and, as one channel more, the mask of the holes.

    `masks` are those trained on: "box", "freeform" or "mixed"; at inference they are the user's.
    """

    masks: str = "mixed"

    abilities = frozenset({"translate", "repair", "mask"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's, and one channel more."""
        return (sample[0] + 1, *sample[1:])

    def prepare(self, items: Items) -> Batch:
        """Encoded pictures to a batch with random holes."""
        real = self.real(items)
        missing = masks(self.masks, len(real), *real.shape[2:]).to(real.device)
        return Batch(real, self.known({"source": real, "mask": missing}))

    def known(self, items: Items) -> Condition:
        """The picture without what the mask (1 = missing) covers."""
        missing = items["mask"]
        return Condition(map=joined(items["source"] * (1 - missing), missing))

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """The holes as they are; OpenCV's fillings, where it is installed."""
        return baselines.fillings()

    def shown(self, condition: Condition) -> Tensor:
        """The picture without its mask."""
        assert condition.map is not None
        return parted(condition.map)[0]

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """The holes from the generator, all else as it was given."""
        assert condition.map is not None
        picture, missing = parted(condition.map)
        return fake.where(missing > 0, picture.to(fake))
