"""Restore: undo noise, compression, blur, or the loss of colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import torch
from msgspec import Meta
from torch import Tensor

from sparring.core.errors import unknown
from sparring.core.ranges import Share
from sparring.core.types import Batch, Condition, Items
from sparring.tasks import degradations
from sparring.tasks.mending import Mending
from sparring.tasks.overlay import overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging

KINDS = ("denoise", "jpeg", "deblur", "watermark", "colour", "mixed")

MIXED = 1 / 2
"""Share of mixed pictures that each of the damages befalls."""
HALVED = 0.5
"""Share of their JPEGs whose colours are at half the extent."""

Noise = Annotated[float, Meta(ge=0.0, le=255.0)]
Quality = Annotated[float, Meta(ge=1.0, le=100.0)]
Sigma = Annotated[float, Meta(gt=0.0, le=64.0)]


@dataclass(frozen=True)
class Restore(Mending):
    """The map is the picture after one of the degradations.

    Strengths are drawn between two ends for each sample: `noise` in levels of 255, `quality` of
    JPEG, `sigma` of the blur in pixels, `opacity` of the watermark. The share `vivid` of the
    pictures has other and stronger colours.

    Raises:
        InputError: no such kind.
    """

    kind: str = "denoise"
    noise: tuple[Noise, Noise] = (10.0, 50.0)
    quality: tuple[Quality, Quality] = (10.0, 40.0)
    sigma: tuple[Sigma, Sigma] = (0.8, 2.0)
    opacity: tuple[Share, Share] = (0.4, 0.9)
    vivid: Share = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of restoration", self.kind, KINDS)

    abilities = frozenset({"translate", "repair"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The sample's own."""
        return sample

    def prepare(self, items: Items) -> Batch:
        """Encoded pictures to a batch of degraded ones."""
        real = degradations.vivid(self.real(items), self.vivid)
        return Batch(real, Condition(map=self.degraded(real)))

    def degraded(self, real: Tensor) -> Tensor:
        """Pictures (N, C, H, W) as they would come to be restored, in [-1, 1]."""
        ways = {
            "denoise": lambda: degradations.noise(real, self.noise),
            "jpeg": lambda: degradations.jpeg(real, self.quality),
            "deblur": lambda: degradations.blur(real, self.sigma),
            "watermark": lambda: overlay(real, self.opacity),
            "colour": lambda: degradations.grey(real),
            "mixed": lambda: self.mixed(real),
        }
        return ways[self.kind]().clamp(-1.0, 1.0)

    def mixed(self, real: Tensor) -> Tensor:
        """Blur, noise and JPEG in this order, each on half of them and from next to nothing on."""
        soft = degradations.blur(real, (0.1, self.sigma[1]))
        found = degradations.some(MIXED, soft, real)
        found = degradations.some(MIXED, degradations.noise(found, (0.0, self.noise[1])), found)
        blocky = degradations.jpeg(found, (self.quality[0], 95.0), HALVED)
        return degradations.some(MIXED, blocky, found)

    def known(self, items: Items) -> Condition:
        """The picture to restore; for colour its brightness alone."""
        given = items["source"]
        return Condition(map=degradations.grey(given) if self.kind == "colour" else given)

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """For colour, the given brightness under the generated colours, as far as they fit it."""
        if self.kind != "colour":
            return fake
        assert condition.map is not None
        bright = condition.map[:, :1].to(fake)
        colour = fake - degradations.luma(fake)
        # A colour too strong for its brightness is paled; clamping would change both.
        room = torch.where(colour > 0, 1 - bright, -1 - bright)
        share = torch.where(colour == 0, 1.0, room / torch.where(colour == 0, 1.0, colour))
        return bright + colour * share.amin(1, keepdim=True).clamp(0, 1)

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What the domain knows to do about noise."""
        return judging.mending.get("damaged", {})
