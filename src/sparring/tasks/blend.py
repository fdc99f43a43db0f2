"""Blend: make a pasted object fit the picture that it was pasted into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core.ranges import Share
from sparring.core.types import Batch, Condition, Items
from sparring.tasks.masks import blob, widened
from sparring.tasks.mending import Mending, between, joined, parted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging

BORDER = 2
"""Pixels around the object that may change with it."""


@dataclass(frozen=True)
class Blend(Mending):
    """Harmonisation, learnt from whole pictures alone (Tsai et al., 2017).

    A part of each picture is recoloured as if it came from elsewhere; the map is that composite
    and the part's mask, the picture itself is what it should be. `strength` is how far colours
    may be off, in [0, 1].
    """

    strength: Share = 0.5

    abilities = frozenset({"translate", "blend", "mask"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's, and one channel more."""
        return (sample[0] + 1, *sample[1:])

    def prepare(self, items: Items) -> Batch:
        """Encoded pictures to a batch of composites."""
        real = self.real(items)
        mask = blob(len(real), *real.shape[2:]).to(real.device)
        return Batch(real, self.known({"source": self._recoloured(real, mask), "mask": mask}))

    def known(self, items: Items) -> Condition:
        """The composite, and where in it the object is (mask, 1 there)."""
        return Condition(map=joined(items["source"], items["mask"]))

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What the domain knows to do about pastes."""
        return judging.mending.get("pasted", {})

    def shown(self, condition: Condition) -> Tensor:
        """The picture without its mask."""
        assert condition.map is not None
        return parted(condition.map)[0]

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """The object and its border from the generator, all else as it was given."""
        assert condition.map is not None
        composite, mask = parted(condition.map)
        return fake.where(widened(mask, BORDER) > 0, composite.to(fake))

    def _recoloured(self, real: Tensor, mask: Tensor) -> Tensor:
        shape = (len(real), real.shape[1], 1, 1)
        contrast = between(1 - self.strength, 1 + self.strength, real)
        shift = (self.strength * (torch.rand(shape) * 1.2 - 0.6)).to(real)
        changed = (real * contrast + shift).clamp(-1.0, 1.0)
        return self._haloed(changed.where(mask > 0, real), mask)

    def _haloed(self, composite: Tensor, mask: Tensor) -> Tensor:
        """Half of the objects bring a rim of what was behind them, as badly cut ones do."""
        rim = widened(mask, 1) - (1 - widened(1 - mask, 1))
        colour = between(-1.0, 1.0, composite)
        kind = torch.rand(len(mask), 1, 1, 1).to(rim)
        opacity = rim * (2 * kind - 1).clamp_min(0.0) * (self.strength > 0)
        return composite + opacity * (colour - composite)
