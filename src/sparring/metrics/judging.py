"""Judging: what a sample space brings to an evaluation, beside the distances that all share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from sparring.core.errors import unknown
from sparring.metrics import intervals
from sparring.metrics.extractor import Extractor, custom
from sparring.metrics.intervals import Interval

if TYPE_CHECKING:
    from sparring.core.types import Domain
    from sparring.data import Dataset

Baseline = Callable[[Tensor, tuple[int, ...]], Tensor]
"""Conditions' map (N, ...) and one sample's shape to samples (N, *shape), without learning."""
OWN = "module:function"
"""How an extractor of the user's own is named."""


class Score(NamedTuple):
    """A score of a domain's or a task's own."""

    measure: Callable[[Tensor, Tensor], Interval]
    """(real (N, *shape), fake (M, *shape)), both encoded, to its value and interval."""
    lower_is_better: bool = True


Alone = Callable[[Tensor], Tensor]
"""Encoded samples (N, *shape) to (N,) bool: which of them have a fault."""


Apart = Callable[[Tensor, Tensor], Tensor]
"""Samples (N, *shape) against others, both encoded, to (N,): 0 for equal ones, with slopes."""


class Measured(NamedTuple):
    """What a score came to."""

    interval: Interval
    lower_is_better: bool


def _no_baselines(source: Domain, targets: Callable[[], Tensor]) -> Mapping[str, Baseline]:
    return {}


def _no_reading(dataset: Dataset, domain: Domain) -> Mapping[str, Score]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Judging:
    """How samples of one space are judged; only `extractors` is owed."""

    extractors: Mapping[str, Callable[[], Extractor]]
    """Name -> what builds an extractor of its samples; the first where none is `usual`."""
    usual: str = ""
    """The extractor where none is asked for."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """Of all samples against all real ones, beside the distances of their features."""
    alone: Mapping[str, Alone] = field(default_factory=dict)
    """Of each sample by itself, piece by piece: faults, whose shares are scores, best at 0."""
    measures: Mapping[str, Score] = field(default_factory=dict)
    """Of each sample against its true partner, row by row."""
    perceptual: Apart | None = None
    """How unlike samples are in the features of a frozen network that can be had here."""
    baselines: Callable[[Domain, Callable[[], Tensor]], Mapping[str, Baseline]] = _no_baselines
    """(domain of sources, encoded training samples on demand) to what learning must beat."""
    mending: Mapping[str, Mapping[str, Baseline]] = field(default_factory=dict)
    """What can be done without learning about broken samples, by what happened to them: "damaged"
    (noise and the like), "missing" (holes), "pasted", "small"."""
    read_back: Callable[[Dataset, Domain], Mapping[str, Score]] = _no_reading
    """As sources of another domain's samples: (data, that domain) to scores of (given, made) that
    tell how much of what was given can be read back from what was made of it."""

    def extractor(self, name: str = "auto") -> Extractor:
        """The extractor of this name; "auto" is the usual one, "module:function" the user's own.

        Raises:
            InputError: an unknown name (the nearest is named), or an extra that is not installed.
        """
        if ":" in name:
            return custom(name)
        chosen = (self.usual or next(iter(self.extractors))) if name == "auto" else name
        if chosen not in self.extractors:
            raise unknown("extractor of such data", chosen, ("auto", *self.extractors, OWN))
        return self.extractors[chosen]()


def measured(scores: Mapping[str, Score], real: Tensor, fake: Tensor) -> dict[str, Measured]:
    """What each of the scores comes to."""
    return {
        name: Measured(score.measure(real, fake), score.lower_is_better)
        for name, score in scores.items()
    }


def faults(alone: Mapping[str, Alone], told: Sequence[Tensor]) -> dict[str, Measured]:
    """The shares of samples with each fault, from what was told of them all, in the same order."""
    return {
        name: Measured(intervals.share(hits > 0.5), True)
        for name, hits in zip(alone, told, strict=False)
    }
