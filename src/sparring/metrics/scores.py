"""Scores: the value that an evaluation gives, as a table and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from sparring.core.errors import unknown
from sparring.core.ranges import Count, fitted
from sparring.metrics.intervals import Interval
from sparring.metrics.judging import Measured

ENOUGH = 2048
"""Samples below which a Frechet distance is too biased to be the headline."""
LOWER_IS_BETTER = {
    "frechet": True,
    "kernel": True,
    "precision": False,
    "recall": False,
    "density": False,
    "coverage": False,
    "intra_frechet": True,
    "intra_kernel": True,
    "label_shift": True,
    "label_accuracy": False,
}
"""The scores that all data have, in the order of the table; a domain's own follow."""
FIRST_VERSION = {
    "l1": True,
    "psnr": False,
    "ssim": False,
    "perceptual": True,
    "miou": False,
    "cycle_error": True,
}
"""Those that version 0.1 had, whose files do not say which way is better."""
HEADER = ("score", "value", "95 % interval", "floor", "note")


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All scores of one set of fakes, with all that is needed to make them again."""

    scores: Mapping[str, Interval]
    """Score name -> value and interval; only those that could be had."""
    n_real: int
    n_fake: int
    split: str
    """Which part of the data was compared with."""
    seed: int
    extractor: str
    digest: str
    """The extractor's SHA-256."""
    resize: str
    histogram: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    """Label -> its share among the reals and among the fakes."""
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Score name -> what to bear in mind."""
    lower_is_better: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    """Whether it is, for each score that only some data have."""
    floor: Scores | None = None
    """The same scores of as many training samples: what a perfect generator would get."""
    others: Mapping[str, Scores] = dataclasses.field(default_factory=dict)
    """Baselines and other models by name, judged under the same conditions."""

    @property
    def headline(self) -> str:
        """The score to quote: "frechet", or "kernel" where the sets are small."""
        return "frechet" if min(self.n_real, self.n_fake) >= ENOUGH else "kernel"

    def table(self) -> list[tuple[str, str, str, str, str]]:
        """One row a score, in words, under HEADER; the headline comes first."""
        names = sorted(self.directions, key=lambda name: name != self.headline)
        return [self._row(name) for name in names]

    @property
    def directions(self) -> dict[str, bool]:
        """Score name -> whether lower is better, in the order of the table."""
        known = {**LOWER_IS_BETTER, **FIRST_VERSION, **self.lower_is_better}
        return {name: lower for name, lower in known.items() if name in self.scores}

    def _row(self, name: str) -> tuple[str, str, str, str, str]:
        found = self.scores[name]
        floor = self.floor.scores.get(name) if self.floor else None
        words = "lower is better" if self.directions[name] else "higher is better"
        note = "; ".join(part for part in (words, self.notes.get(name)) if part)
        interval = f"{_short(found.low)} to {_short(found.high)}"
        return name, _short(found.value), interval, _short(floor.value) if floor else "", note

    def comparison(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Header and rows of a table with the others beside it; none where there are none."""
        if not self.others:
            return (), []
        rows = [
            (name, *(_short(s.scores[name].value) for s in (self, *self.others.values())))
            for name in self.directions
            if all(name in s.scores for s in (self, *self.others.values()))
        ]
        return ("score", "this model", *self.others), rows

    def with_more(self, found: Mapping[str, Measured]) -> Scores:
        """The scores with further ones."""
        values = {name: each.interval for name, each in found.items()}
        lower = {name: each.lower_is_better for name, each in found.items()}
        return dataclasses.replace(
            self,
            scores={**self.scores, **values},
            lower_is_better={**self.lower_is_better, **lower},
        )

    def beside(self, others: Mapping[str, Scores]) -> Scores:
        """The scores with those of others beside them."""
        return dataclasses.replace(self, others=dict(others))

    def with_floor(self, floor: Scores) -> Scores:
        """The same scores with the floor beside them."""
        return dataclasses.replace(self, floor=floor)

    def to_json(self) -> dict[str, Any]:
        """All fields in JSON's own types; each score as {"value", "low", "high"}."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return data | {
            "scores": {name: found._asdict() for name, found in self.scores.items()},
            "histogram": {name: list(shares) for name, shares in self.histogram.items()},
            "notes": dict(self.notes),
            "lower_is_better": dict(self.lower_is_better),
            "headline": self.headline,
            "floor": self.floor.to_json() if self.floor else None,
            "others": {name: other.to_json() for name, other in self.others.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scores:
        """Read scores back.

        Raises:
            InputError: a field that is missing, unknown or malformed.
        """
        for name in data:
            if name not in _File.__annotations__:
                raise unknown("field of the scores", name[:80], _File.__annotations__)
        fields: Any = {**fitted("the scores cannot be read, evaluate again", data, _File)}
        fields.pop("headline", None)
        fields["scores"] = {n: Interval(**values) for n, values in fields["scores"].items()}
        fields["floor"] = cls.from_json(fields["floor"]) if fields["floor"] else None
        others = fields.get("others", {}).items()
        fields["others"] = {name: cls.from_json(other) for name, other in others}
        return cls(**fields)


Word = Annotated[str, Meta(max_length=4096)]


class _Bounds(TypedDict):
    value: float
    low: float
    high: float


class _File(TypedDict):
    """What scores.json holds; floor and others are of the same kind."""

    scores: dict[Word, _Bounds]
    n_real: Count
    n_fake: Count
    split: Word
    seed: int
    extractor: Word
    digest: Word
    resize: Word
    histogram: dict[Word, tuple[float, float]]
    notes: dict[Word, Word]
    lower_is_better: NotRequired[dict[Word, bool]]
    floor: dict[str, Any] | None
    others: NotRequired[dict[Word, dict[str, Any]]]
    headline: NotRequired[Word]


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.1e}"
