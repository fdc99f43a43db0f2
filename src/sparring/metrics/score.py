"""Score fakes against real data: every distance with its 95 % confidence interval.

How the intervals are made, and why no bootstrap is used, is told in `intervals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.streams import stream
from sparring.metrics import intervals
from sparring.metrics.extractor import Embedded, Extractor
from sparring.metrics.intervals import GROUPS, Dealt, Interval
from sparring.metrics.scores import ENOUGH, Scores

Distance = Callable[[Dealt, Dealt], tuple[float, list[float]]]
"""A distance of dealt features: its value, and its values with one group left out."""
Samples = Tensor | Iterable[Tensor] | Embedded
"""Samples (N, *shape) in [-1, 1], batches of them, or what the extractor made of them."""


def score(
    real: Samples,
    fake: Samples,
    extractor: Extractor,
    *,
    real_labels: Tensor | None = None,
    fake_labels: Tensor | None = None,
    reference: Samples | None = None,
    reference_labels: Tensor | None = None,
    classes: Sequence[str] = (),
    split: str = "held-out",
    seed: int = 0,
    resamples: int = 20,
    subset: int = 2500,
) -> Scores:
    """Score fakes against reals: Frechet and kernel distance, precision, recall and the rest.

    Label scores need labels on both sides: those given, or else the extractor's judgement.
    `label_shift` is the total variation distance of the label shares, `label_accuracy` the
    share of fakes judged to be what was asked for, `intra_*` the mean distance within a label.

    Args:
        real: the real data to compare with.
        fake: the samples to score.
        extractor: makes the features.
        real_labels: (N,) int64, where the reals have labels; -1 where one is unknown.
        fake_labels: (M,) int64, the labels that the fakes were asked to have.
        reference: training samples, of which as many as there are fakes are scored as the floor.
        reference_labels: their labels.
        classes: names of the labels.
        split: which part of the data `real` is, for the record.
        seed: deals samples into the groups and subsets that intervals come from.
        resamples: subsets for the intervals of the nearest-neighbour scores.
        subset: most rows of a subset.

    Raises:
        InputError: fewer than 20 samples, labels of another length, or NaN.
    """
    sides = [
        _side(name, samples, labels, extractor, len(classes))
        for name, samples, labels in (
            ("real", real, real_labels),
            ("fake", fake, fake_labels),
            ("reference", reference, reference_labels),
        )
        if samples is not None
    ]

    def against(other: Side) -> Scores:
        notes: dict[str, str] = {}
        found = _distances(sides[0], other, seed, notes)
        found |= intervals.neighbourhoods(
            sides[0].features, other.features, seed=seed, resamples=resamples, subset=subset
        )
        found |= _labels(sides[0], other, seed, notes)
        return Scores(
            scores=found,
            n_real=len(sides[0].features),
            n_fake=len(other.features),
            split=split,
            seed=seed,
            extractor=extractor.name,
            digest=extractor.digest,
            resize=extractor.resize,
            histogram=_histogram(sides[0], other, classes),
            notes=notes,
        )

    found = against(sides[1])
    return found.with_floor(against(sides[2].some(found.n_fake, seed))) if sides[2:] else found


@dataclass(frozen=True)
class Side:
    """One of the two sets: features (N, F), known labels and judged labels (N,)."""

    features: Tensor
    known: Tensor | None
    judged: Tensor | None

    @property
    def labels(self) -> Tensor | None:
        """The known labels, else the judged ones."""
        return self.judged if self.known is None else self.known

    def some(self, most: int, seed: int) -> Side:
        """At most so many members, at random."""
        rows = torch.randperm(len(self.features), generator=stream("some", seed))[:most]
        kept = [None if v is None else v[rows] for v in (self.known, self.judged)]
        return Side(self.features[rows], *kept)


def _side(
    name: str, samples: Samples, labels: Tensor | None, extractor: Extractor, classes: int
) -> Side:
    found = samples if isinstance(samples, Embedded) else extractor.embed(samples)
    if len(found.features) < GROUPS:
        count = len(found.features)
        raise InputError(f"{count} {name} samples are too few to score; give at least {GROUPS}.")
    if labels is not None and labels.shape != (len(found.features),):
        shape = tuple(labels.shape)
        raise InputError(f"{name} labels are {shape} for {len(found.features)} samples.")
    known = None if labels is None else labels.long().cpu()
    # A judge of other labels than the data's says nothing about them.
    logits = found.logits
    fits = logits is not None and classes in (0, logits.shape[1])
    return Side(found.features, known, logits.argmax(1) if logits is not None and fits else None)


def _distances(real: Side, fake: Side, seed: int, notes: dict[str, str]) -> dict[str, Interval]:
    sides = intervals.deal(real.features, seed, "real"), intervals.deal(fake.features, seed, "fake")
    if min(len(real.features), len(fake.features)) < ENOUGH:
        notes["frechet"] = f"biased upward below {ENOUGH} samples; read the kernel distance"
    return {
        "frechet": intervals.jackknife(*intervals.frechet(*sides)),
        "kernel": intervals.jackknife(*intervals.kernel(*sides), least=-torch.inf),
    }


def _labels(real: Side, fake: Side, seed: int, notes: dict[str, str]) -> dict[str, Interval]:
    found = {}
    shares = None if real.labels is None else real.labels[real.labels >= 0]
    if shares is not None and len(shares) >= GROUPS and fake.judged is not None:
        found["label_shift"] = _label_shift(shares, fake.judged, seed)
    if fake.known is not None and fake.judged is not None:
        found["label_accuracy"] = intervals.share(fake.known == fake.judged)
    # A covariance of fewer rows than features says nothing of the label's own shape.
    for name, distance, least, bound in (
        ("intra_frechet", intervals.frechet, real.features.shape[1] + 1, 0.0),
        ("intra_kernel", intervals.kernel, 1, -torch.inf),
    ):
        parts, labels = _within(distance, real, fake, max(least, GROUPS), seed)
        if parts:
            notes[name] = f"mean over {len(parts)} of {labels} labels"
            rows = [[value, *left_out] for value, left_out in parts]
            mean = torch.tensor(rows, dtype=torch.float64).mean(0)
            found[name] = intervals.jackknife(float(mean[0]), mean[1:].tolist(), least=bound)
    return found


def _within(
    distance: Distance, real: Side, fake: Side, least: int, seed: int
) -> tuple[list[tuple[float, list[float]]], int]:
    """The distance within each label that has enough members, and how many labels there are."""
    if real.labels is None or fake.labels is None:
        return [], 0
    parts, labels = [], real.labels[real.labels >= 0].unique().tolist()
    for label in labels:
        rows = [(side == label).nonzero()[:, 0] for side in (real.labels, fake.labels)]
        if min(len(found) for found in rows) >= least:
            parts.append(
                distance(
                    intervals.deal(real.features[rows[0]], seed, f"real {label}"),
                    intervals.deal(fake.features[rows[1]], seed, f"fake {label}"),
                )
            )
    return parts, len(labels)


def _label_shift(real: Tensor, fake: Tensor, seed: int) -> Interval:
    """Total variation distance of label shares, in [0, 1]."""
    labels = int(max(real.max(), fake.max())) + 1
    dealt = intervals.deal(real, seed, "real"), intervals.deal(fake, seed, "fake")
    counts = [
        torch.stack([group.bincount(minlength=labels) for group in side.groups]).double()
        for side in dealt
    ]
    left_out = [_variation(*(c.sum(0) - c[g] for c in counts)) for g in range(GROUPS)]
    return intervals.jackknife(_variation(*(c.sum(0) for c in counts)), left_out, most=1.0)


def _variation(real: Tensor, fake: Tensor) -> float:
    return float((real / real.sum() - fake / fake.sum()).abs().sum() / 2)


def _histogram(real: Side, fake: Side, classes: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """Label -> its share among the reals, and among the fakes as they were judged."""
    if real.labels is None or fake.judged is None or not bool((real.labels >= 0).any()):
        return {}
    known = real.labels[real.labels >= 0]
    labels = int(max(known.max(), fake.judged.max())) + 1
    shares = [
        (found.bincount(minlength=labels) / len(found)).tolist() for found in (known, fake.judged)
    ]
    names = [*classes, *(str(label) for label in range(len(classes), labels))]
    return dict(zip(names, zip(*shares, strict=True), strict=False))
