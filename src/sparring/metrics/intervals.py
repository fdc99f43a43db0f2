"""Confidence intervals (95 %) for scores of two sets of features, real (N, F) and fake (M, F).

A plain bootstrap repeats rows: a repeated row is its own nearest neighbour and shrinks a
covariance, which biases every score here. Nothing below repeats a row.

- Scores made of sums (Frechet, kernel, label shares): the delete-a-group jackknife. Both sets
  are dealt at random into groups; leaving out one group of each at a time shows how the score
  moves (Efron and Stein 1981).
- Scores made of nearest neighbours: the spread between random subsets drawn without
  replacement, rescaled to the full size (Politis and Romano 1994).

Every interval is centred on the score itself and so speaks of its spread at this N, not of the
bias that a Frechet distance has at small N.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sparring.core.streams import stream
from sparring.metrics import distances
from sparring.metrics.distances import Moments

GROUPS = 20
"""Groups of a jackknife; each set needs as many rows."""


class Interval(NamedTuple):
    """A score with the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float


def around(value: float, error: float, freedom: int, least: float, most: float) -> Interval:
    """The interval of a score with this standard error, within [least, most]."""
    reach = t_quantile(freedom) * error
    return Interval(value, max(value - reach, least), min(value + reach, most))


def t_quantile(freedom: int) -> float:
    """The 97.5 % point of Student's t, by Cornish and Fisher's expansion (1937)."""
    z = statistics.NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def jackknife(
    value: float, left_out: Sequence[float], least: float = 0.0, most: float = float("inf")
) -> Interval:
    """The interval of a score from its values with one group left out at a time."""
    found = torch.tensor(left_out, dtype=torch.float64)
    groups = len(found)
    error = float(((found - found.mean()).square().sum() * (groups - 1) / groups).sqrt())
    return around(value, error, groups - 1, least, most)


def mean(values: Tensor) -> Interval:
    """The mean of values (N,), one for each picture, by Student's t."""
    error = float(values.double().std() / len(values) ** 0.5)
    return around(float(values.mean()), error, len(values) - 1, float("-inf"), float("inf"))


def share(hits: Tensor) -> Interval:
    """The share of True among hits (N,), with Wilson's interval (1927): sound at 0 and 1 too."""
    n, z = len(hits), statistics.NormalDist().inv_cdf(0.975)
    value = float(hits.double().mean())
    centre = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (value * (1 - value) / n + z**2 / (4 * n**2)) ** 0.5
    return Interval(value, max(centre - reach, 0.0), min(centre + reach, 1.0))


class Dealt(NamedTuple):
    """Features (N, F) in random order, and the groups that they fall into, without a copy."""

    whole: Tensor
    groups: tuple[Tensor, ...]


def deal(features: Tensor, seed: int, name: str) -> Dealt:
    """Deal rows at random into GROUPS groups of nearly equal size."""
    order = torch.randperm(len(features), generator=stream("groups", seed, name))
    whole = features[order]
    return Dealt(whole, whole.tensor_split(GROUPS))


def between(
    statistic: Callable[[Tensor, Tensor], float],
    real: Tensor,
    fake: Tensor,
    *,
    least: float = 0.0,
    most: float = float("inf"),
) -> Interval:
    """A number that compares two sets (N, ...) and (M, ...), with the interval of a jackknife."""
    sides = deal(real, 0, "real"), deal(fake, 0, "fake")
    without = zip(*(_rows_without(side) for side in sides), strict=True)
    left_out = [statistic(r, f) for r, f in without]
    return jackknife(statistic(sides[0].whole, sides[1].whole), left_out, least, most)


def frechet(real: Dealt, fake: Dealt) -> tuple[float, list[float]]:
    """Frechet distance, and its values with one group of each set left out."""
    value = distances.frechet(real.whole, fake.whole)
    if distances.few(real.whole, fake.whole):
        return value, _frechet_of_few(real, fake)
    pairs = zip(_moments_without(real), _moments_without(fake), strict=True)
    return value, [distances.factored_frechet(r, f) for r, f in pairs]


def _frechet_of_few(real: Dealt, fake: Dealt) -> list[float]:
    """Without each group in turn, from the products of all rows, which are computed once.

    The rows of a set without a group, centred anew, have the products of the centred set's rows
    less their means; the squared singular values of real times fake rows are eigenvalues.
    """
    means = [side.whole.double().mean(0) for side in (real, fake)]
    rows = [side.whole.double() - mean for side, mean in zip((real, fake), means, strict=True)]
    products, squares = rows[0] @ rows[1].T, [x.square().sum(1) for x in rows]
    found = []
    for kept in zip(_kept(real), _kept(fake), strict=True):
        left = [float(keep.sum()) for keep in kept]
        shifts = [x[keep].mean(0) for x, keep in zip(rows, kept, strict=True)]
        spread = sum(
            (square[keep].sum() - n * shift.square().sum()) / (n - 1)
            for square, keep, n, shift in zip(squares, kept, left, shifts, strict=True)
        )
        centred = products[kept[0]][:, kept[1]]
        centred = centred - centred.mean(0) - centred.mean(1, keepdim=True) + centred.mean()
        small = centred if len(centred) <= centred.shape[1] else centred.T
        overlap = distances.root_trace(small @ small.T) / ((left[0] - 1) * (left[1] - 1)) ** 0.5
        apart = (means[0] + shifts[0] - means[1] - shifts[1]).square().sum()
        found.append(max(float(apart + spread - 2 * overlap), 0.0))
    return found


def _kept(dealt: Dealt) -> Iterator[Tensor]:
    """(N,) bool: all rows but one group's, group by group."""
    sizes = torch.tensor([len(group) for group in dealt.groups])
    groups = torch.arange(len(sizes)).repeat_interleave(sizes)
    return (groups != group for group in range(len(sizes)))


def _rows_without(dealt: Dealt) -> Iterator[Tensor]:
    """All rows but one group's, group by group."""
    for left_out in range(GROUPS):
        yield torch.cat([group for g, group in enumerate(dealt.groups) if g != left_out])


def _moments_without(dealt: Dealt) -> Iterator[Moments]:
    """Moments of all rows but one group's, group by group, by taking away its share."""
    mean, covariance = distances.moments(dealt.whole)
    scatter = covariance * (len(dealt.whole) - 1)
    for group in dealt.groups:
        centred = group.double() - mean
        left = len(dealt.whole) - len(group)
        shift = -centred.sum(0) / left
        rest = scatter - centred.T @ centred - left * torch.outer(shift, shift)
        yield Moments(mean + shift, rest / (left - 1))


def kernel(real: Dealt, fake: Dealt) -> tuple[float, list[float]]:
    """Kernel distance, and its values with one group of each set left out."""
    sums = distances.kernel_sums(real.whole, fake.whole, _one_hot(real), _one_hot(fake))
    sizes, without = [len(real.whole), len(fake.whole)], []
    for g in range(GROUPS):
        left = [float(s.sum() - s[g].sum() - s[:, g].sum() + s[g, g]) for s in sums]
        gone = [len(real.groups[g]), len(fake.groups[g])]
        without.append(distances.unbiased(left, [sizes[0] - gone[0], sizes[1] - gone[1]]))
    return distances.unbiased([float(s.sum()) for s in sums], sizes), without


def _one_hot(dealt: Dealt) -> Tensor:
    """(N, GROUPS) float64: which group each row belongs to."""
    sizes = torch.tensor([len(group) for group in dealt.groups])
    return torch.eye(len(sizes), dtype=torch.float64).repeat_interleave(sizes, 0)


def neighbourhoods(
    real: Tensor, fake: Tensor, *, seed: int, resamples: int, subset: int
) -> dict[str, Interval]:
    """Precision, recall, density and coverage with their intervals.

    Subsets hold half of each set, or less where that is more than `subset` rows: a score that
    varies as 1/N has the spread of a half's deviations from the whole (Politis et al. 1999).
    """
    share = min(0.5, subset / max(len(real), len(fake)))
    subsets = [_subset(real, fake, share, seed, turn) for turn in range(resamples)]
    whole = torch.arange(len(real)), torch.arange(len(fake))
    each = distances.neighbourhoods_within(real, fake, [whole, *subsets])
    value, *rest = (torch.stack([values.mean() for values in near]) for near in each)
    found = torch.stack(rest)
    errors = found.std(0) * (share / (1 - share)) ** 0.5
    most = (1.0, 1.0, float("inf"), 1.0)
    return {
        name: around(float(v), float(e), resamples - 1, 0.0, top)
        for name, v, e, top in zip(
            distances.Neighbourhoods._fields, value, errors, most, strict=True
        )
    }


def _subset(
    real: Tensor, fake: Tensor, share: float, seed: int, turn: int
) -> tuple[Tensor, Tensor]:
    """Rows of both sets at random, ascending."""
    generator = stream("subset", seed, turn)
    real_rows, fake_rows = (
        torch.randperm(len(side), generator=generator)[: round(share * len(side))].sort().values
        for side in (real, fake)
    )
    return real_rows, fake_rows
