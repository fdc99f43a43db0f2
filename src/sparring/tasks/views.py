"""Views: a sample from one or several pictures of the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.ranges import Factor
from sparring.core.types import Batch, Items
from sparring.tasks.translate import Translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from sparring.core.types import Domain
    from sparring.metrics.judging import Baseline, Judging


@dataclass(frozen=True)
class Views(Translate):
    """The source holds up to `views` pictures, one after the other; zeros are a missing one.

    While training all but the first few are left out, as many as chance will have it.
    """

    views: Factor = 2

    @property
    def abilities(self) -> frozenset[str]:
        """Samples are made from sources, which may hold fewer pictures than in training."""
        return frozenset({"translate", "fewer"})

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The source's own.

        Raises:
            InputError: it does not hold so many pictures.
        """
        if source[0] != self.views * sample[0]:
            raise InputError(
                f"the sources have {source[0]} channels, which are not {self.views} pictures of "
                f"{sample[0]}; give --views as many as each source holds."
            )
        return source

    def prepare(self, items: Items) -> Batch:
        """Encoded items to a batch, with the first few views of each."""
        import torch

        batch = super().prepare(items)
        shown = self.shown(batch.condition)
        last = torch.randint(self.views, (len(shown), 1)).to(shown.device)
        there = torch.arange(self.views, device=shown.device) <= last
        kept = shown.unflatten(1, (self.views, -1)) * there[:, :, None, None, None]
        return batch._replace(condition=batch.condition._replace(map=kept.flatten(1, 2)))

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """The first picture as it is, and the mean of those that are true."""
        mean = targets().mean(0, keepdim=True)

        def average(given: Tensor, shape: tuple[int, ...]) -> Tensor:
            return mean.expand(len(given), *shape)

        return {**super().baselines(judging, source, targets), "mean": average}
