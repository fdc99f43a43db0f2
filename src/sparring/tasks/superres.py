"""Super-resolution: more pixels from few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.ranges import Factor, Share
from sparring.core.types import Batch, Condition, Items
from sparring.tasks import degradations
from sparring.tasks.mending import Mending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging


@dataclass(frozen=True)
class Superres(Mending):
    """The map is the picture at 1 / `scale` of its extent.

    Realistic ones went through blur, noise and JPEG as real small pictures did (the first order
    of Wang et al., 2021, Real-ESRGAN); others are shrunk bicubically and nothing else, as is the
    share `plain` of realistic ones. The share `halved` of the JPEGs has its colours at half the
    extent. The share `vivid` of the pictures has other and stronger colours.
    """

    scale: Factor = 4
    realistic: bool = True
    plain: Share = 0.0
    halved: Share = 0.0
    vivid: Share = 0.0

    abilities = frozenset({"translate", "upscale"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's, at the small extent.

        Raises:
            InputError: the scale does not divide the sample's extent.
        """
        if self.scale < 2 or any(extent % self.scale for extent in sample[1:]):
            raise InputError(
                f"pictures of {sample[1]} x {sample[2]} px cannot be made of ones {self.scale} "
                "times smaller; choose a --size that --scale divides."
            )
        return (sample[0], *(extent // self.scale for extent in sample[1:]))

    def prepare(self, items: Items) -> Batch:
        """Encoded pictures to a batch with small ones."""
        real = degradations.vivid(self.real(items), self.vivid)
        return Batch(real, Condition(map=self.degraded(real)))

    def degraded(self, real: Tensor) -> Tensor:
        """Pictures (N, C, H, W) at 1 / scale of their extent, in [-1, 1]."""
        if not self.realistic:
            return degradations.shrink(real, self.scale).clamp(-1.0, 1.0)
        soft = degradations.blur(real, (0.2, 0.35 * self.scale))
        noisy = degradations.noise(degradations.shrink(soft, self.scale), (0.0, 8.0))
        small = degradations.jpeg(noisy, (60.0, 95.0), self.halved)
        if not self.plain:
            return small
        clean = degradations.shrink(real, self.scale).clamp(-1.0, 1.0)
        return degradations.some(self.plain, clean, small)

    def known(self, items: Items) -> Condition:
        """The small picture."""
        return Condition(map=items["source"])

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """Nothing to add."""
        return fake

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What the domain knows to do about few pixels."""
        return judging.mending.get("small", {})

    def shown(self, condition: Condition) -> Tensor:
        """The small picture, each pixel repeated to the extent of what is made of it."""
        assert condition.map is not None
        return condition.map.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)
