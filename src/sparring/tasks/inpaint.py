"""Inpaint: fill what is missing, and keep what is known to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.types import Batch, Condition, Items
from sparring.tasks.masks import check_drawn, masks
from sparring.tasks.mending import Mending, joined, parted
from sparring.tasks.smoothing import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging


@dataclass(frozen=True)
class Inpaint(Mending):
    """The map is the sample with holes of zeros and, as one channel more, the mask of the holes.

    `masks` are those trained on: "box", "freeform" or "mixed" in pictures, "gaps" in sound; at
    inference they are the user's. With `smooth`, holes of pictures are filled from their borders
    first, and a generator that adds to the map has only to learn what that lacks.
    """

    masks: str = "mixed"
    smooth: bool = False

    abilities = frozenset({"translate", "repair", "mask"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's, and one channel more.

        Raises:
            InputError: masks, or smooth fills, that are not drawn in so many dimensions.
        """
        check_drawn(self.masks, sample[1:])
        if self.smooth and len(sample) != 3:
            raise InputError(f"smooth fills pictures (C, H, W) alone, not samples of {sample}.")
        return (sample[0] + 1, *sample[1:])

    def prepare(self, items: Items) -> Batch:
        """Encoded samples to a batch with random holes."""
        real = self.real(items)
        missing = masks(self.masks, len(real), *real.shape[2:]).to(real.device)
        return Batch(real, self.known({"source": real, "mask": missing}))

    def known(self, items: Items) -> Condition:
        """The sample without what the mask (1 = missing) covers."""
        source, missing = items["source"], items["mask"]
        known = filled(source, missing) if self.smooth else source * (1 - missing)
        return Condition(map=joined(known, missing))

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What the domain knows to do about holes."""
        return judging.mending.get("missing", {})

    def shown(self, condition: Condition) -> Tensor:
        """The sample without its mask."""
        assert condition.map is not None
        picture, missing = parted(condition.map)
        return picture * (1 - missing)

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """The holes from the generator, all else as it was given."""
        assert condition.map is not None
        known, missing = parted(condition.map)
        return fake.where(missing > 0, known.to(fake))
