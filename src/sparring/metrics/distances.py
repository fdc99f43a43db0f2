"""Distances between two sets of feature vectors, each an (N, F) tensor of finite floats.

All arithmetic is float64 on the CPU, in blocks: 50,000 x 50,000 vectors need less than 2 GB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sparring.core.errors import InputError

BLOCK = 2**23
"""Most numbers in one block of a distance matrix: 64 MB of float64."""


CONSTANT = 1e-14
"""A feature with less than so much of the largest variance does not change."""


class Moments(NamedTuple):
    """What a Frechet distance reads of a set of features."""

    mean: Tensor
    """(F,) float64."""
    covariance: Tensor
    """(F, F) float64, divided by N - 1."""


class Neighbourhoods(NamedTuple):
    """For each vector, whether (or how often) it lies in the k-nearest-neighbour balls."""

    precision: Tensor
    """(fakes,) 1 where the fake lies in some real's ball."""
    recall: Tensor
    """(reals,) 1 where the real lies in some fake's ball."""
    density: Tensor
    """(fakes,) how many reals' balls hold the fake, over k."""
    coverage: Tensor
    """(reals,) 1 where the real's ball holds some fake."""


def moments(features: Tensor) -> Moments:
    """Mean and covariance of features (N, F), in two passes over blocks.

    Raises:
        InputError: fewer than two rows, not a matrix of floats, or not finite.
    """
    _check("features", features, 2)
    blocks = features.split(max(1, BLOCK // features.shape[1]))
    mean = torch.stack([block.double().sum(0) for block in blocks]).sum(0) / len(features)
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for block in blocks:
        centred = block.double() - mean
        scatter += centred.T @ centred
    return Moments(mean, scatter / (len(features) - 1))


def frechet(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of Gaussians fitted to features (N, F) and (M, F); 0 is best.

    Heusel et al. 2017, eq. 6 (as printed there, a squared distance). Biased upward by about
    1/N, so compare only scores of equal N.

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    check_pair(real, fake, 2)
    if few(real, fake):
        return _frechet_of_few(real, fake)
    return frechet_from_moments(moments(real), moments(fake))


def few(real: Tensor, fake: Tensor) -> bool:
    """Whether both sets have fewer rows than features, so that rows are the smaller problem."""
    return max(len(real), len(fake)) < real.shape[1]


def _frechet_of_few(real: Tensor, fake: Tensor) -> float:
    """The same distance, from the rows.

    With X and Y centred and divided by (n - 1)^1/2, S1 = X'X and S2 = Y'Y; the trace of the root
    is then the sum of the singular values of XY', a matrix of rows and not of features.
    """
    rows = [(x.double() - x.double().mean(0)) / (len(x) - 1) ** 0.5 for x in (real, fake)]
    overlap = torch.linalg.svdvals(rows[0] @ rows[1].T).sum()
    shift = (real.double().mean(0) - fake.double().mean(0)).square().sum()
    spread = rows[0].square().sum() + rows[1].square().sum() - 2 * overlap
    return max(float(shift + spread), 0.0)


def frechet_from_moments(real: Moments, fake: Moments) -> float:
    """|m1 - m2|^2 + tr(S1 + S2) - 2 tr((S1^1/2 S2 S1^1/2)^1/2), by symmetric eigenvalues.

    The symmetric form has real eigenvalues even where covariances are singular; a general
    matrix square root does not.
    """
    values, vectors = torch.linalg.eigh(real.covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = root @ fake.covariance @ root
    return _distance(real, fake, root_trace(product))


def factored_frechet(real: Moments, fake: Moments) -> float:
    """`frechet_from_moments` in less than half the time, where S1 = L L' or S2 can be factored.

    S1 S2 has the eigenvalues of L' S2 L, so no eigenvectors are needed; a feature that never
    changes in one of the sets adds nothing to them.
    """
    for one, other in ((real.covariance, fake.covariance), (fake.covariance, real.covariance)):
        spread = one.diagonal()
        alive = spread > CONSTANT * spread.max()
        factor, failed = torch.linalg.cholesky_ex(one[alive][:, alive])
        if not failed:
            overlap = root_trace(factor.T @ other[alive][:, alive] @ factor)
            return _distance(real, fake, overlap)
    return frechet_from_moments(real, fake)


def _distance(real: Moments, fake: Moments, overlap: Tensor) -> float:
    shift = (real.mean - fake.mean).square().sum()
    spread = real.covariance.trace() + fake.covariance.trace() - 2 * overlap
    return max(float(shift + spread), 0.0)


def root_trace(product: Tensor) -> Tensor:
    """The trace of a symmetric matrix's root; of eigenvalues below zero, rounding, none."""
    return torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()


def quick_frechet(real: Moments, fake: Tensor) -> float:
    """Frechet distance of fakes (M, F) from known moments: the score to keep checkpoints by."""
    return frechet_from_moments(real, moments(fake))


def kernel(real: Tensor, fake: Tensor) -> float:
    """Kernel distance: unbiased squared MMD under (x.y / F + 1)^3; 0 is best, may be negative.

    Binkowski et al. 2018, eq. 4, over all pairs rather than over random subsets.

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    check_pair(real, fake, 2)
    ones = [torch.ones(len(x), 1, dtype=torch.float64) for x in (real, fake)]
    sums = kernel_sums(real, fake, ones[0], ones[1])
    return unbiased([float(part) for part in sums], [len(real), len(fake)])


def kernel_sums(
    real: Tensor, fake: Tensor, real_groups: Tensor, fake_groups: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of the kernel between groups of rows: real-real, fake-fake and real-fake, each (G, G).

    Groups are one-hot (N, G) and (M, G) float64. A set with itself leaves out i = j.
    """
    pairs = ((real, real_groups), (fake, fake_groups))
    within = [_group_sums(x, x, g, g) - _diagonal(x, g) for x, g in pairs]
    return within[0], within[1], _group_sums(real, fake, real_groups, fake_groups)


def unbiased(sums: Sequence[float], sizes: Sequence[int]) -> float:
    """Squared MMD from the sums of the kernel over pairs and the sizes of both sets."""
    (real, fake, cross), (n, m) = sums, sizes
    return real / (n * (n - 1)) + fake / (m * (m - 1)) - 2 * cross / (n * m)


def _group_sums(a: Tensor, b: Tensor, left: Tensor, right: Tensor) -> Tensor:
    side = max(1, int(BLOCK**0.5))
    total = torch.zeros(left.shape[1], right.shape[1], dtype=torch.float64)
    for rows, row_groups in zip(a.split(side), left.split(side), strict=True):
        for columns, column_groups in zip(b.split(side), right.split(side), strict=True):
            total += row_groups.T @ (_cubic(rows.double(), columns.double()) @ column_groups)
    return total


def _diagonal(features: Tensor, groups: Tensor) -> Tensor:
    parts = [row.double().square().mean(1) for row in blocks(features, features.shape[1])]
    return (groups.T @ (torch.cat(parts) + 1).pow(3)).diag()


def _cubic(a: Tensor, b: Tensor) -> Tensor:
    """(x.y / F + 1)^3 for rows of a (N, F) and b (M, F): (N, M)."""
    return (a @ b.T).div_(a.shape[1]).add_(1).pow_(3)


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Share of fakes inside the reals' manifold, and of reals inside the fakes'; in [0, 1].

    A manifold is the union of balls that reach each vector's k-th nearest neighbour
    (Kynkaanniemi et al. 2019, eq. 1-2).

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    found = neighbourhoods(real, fake, k, k)
    return float(found.precision.mean()), float(found.recall.mean())


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls that hold a fake, over k, and share of real balls that hold one.

    Density can exceed 1; coverage lies in [0, 1] (Naeem et al. 2020, eq. 3-4).

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    found = neighbourhoods(real, fake, k, k)
    return float(found.density.mean()), float(found.coverage.mean())


def neighbourhoods(
    real: Tensor, fake: Tensor, k_manifold: int = 3, k_density: int = 5
) -> Neighbourhoods:
    """All that precision, recall (k_manifold), density and coverage (k_density) average.

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    whole = torch.arange(len(real)), torch.arange(len(fake))
    return neighbourhoods_within(real, fake, [whole], k_manifold, k_density)[0]


def neighbourhoods_within(
    real: Tensor,
    fake: Tensor,
    subsets: Sequence[tuple[Tensor, Tensor]],
    k_manifold: int = 3,
    k_density: int = 5,
) -> list[Neighbourhoods]:
    """`neighbourhoods` of several subsets, ascending rows of (real, fake), as if each were alone.

    Distances between all rows are computed once, however many subsets there are.

    Raises:
        InputError: too few rows, differing widths, or numbers that are not finite.
    """
    check_pair(real, fake, max(k_manifold, k_density) + 1)
    rows, columns = zip(*subsets, strict=True)
    radii = _radii(real, rows, (k_manifold, k_density))
    own = _radii(fake, columns, (k_manifold,))
    found = [
        _Near(column, of_real[0], of_real[1], of_fake[0])
        for column, of_real, of_fake in zip(columns, radii, own, strict=True)
    ]
    for start, distances in _distance_blocks(real, fake):
        for row, near in zip(rows, found, strict=True):
            near.see(*_some_of(distances, start, row))
    return [near.found(k_density) for near in found]


class _Near:
    """What lies in whose ball, counted over blocks of reals in ascending order."""

    def __init__(self, columns: Tensor, manifold: Tensor, density: Tensor, own: Tensor) -> None:
        self.columns, self.manifold, self.density, self.own = columns, manifold, density, own
        self.count = torch.zeros(len(columns), dtype=torch.float64)
        self.precision = torch.zeros(len(columns), dtype=torch.bool)
        self.recall: list[Tensor] = []
        self.coverage: list[Tensor] = []

    def see(self, distances: Tensor, places: slice) -> None:
        """Take note of squared distances of reals at these places of the subset to all fakes."""
        distances = distances[:, self.columns]
        self.precision |= (distances <= self.manifold[places, None]).any(0)
        inside = distances <= self.density[places, None]
        self.count += inside.sum(0)
        self.coverage.append(inside.any(1))
        self.recall.append((distances <= self.own).any(1))

    def found(self, k_density: int) -> Neighbourhoods:
        """All that was seen."""
        return Neighbourhoods(
            self.precision.double(),
            torch.cat(self.recall).double(),
            self.count / k_density,
            torch.cat(self.coverage).double(),
        )


def _some_of(block: Tensor, start: int, rows: Tensor) -> tuple[Tensor, slice]:
    """Rows of a block, the first being number `start`, that are among `rows`; their places there.

    `rows` ascend.
    """
    ends = torch.searchsorted(rows, torch.tensor([start, start + len(block)])).tolist()
    places = slice(*ends)
    return block[rows[places] - start], places


def nearest(samples: Tensor, among: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """Indices (N, k) and Euclidean distances (N, k) of the k nearest rows of `among` (M, F).

    Raises:
        InputError: fewer than k rows, differing widths, or numbers that are not finite.
    """
    _check("samples", samples, 1)
    _check("among", among, k)
    _check_widths(samples, among)
    found = [d.topk(k, largest=False) for _, d in _distance_blocks(samples, among)]
    distances = torch.cat([block.values for block in found]).sqrt()
    return torch.cat([block.indices for block in found]), distances


def check_pair(real: Tensor, fake: Tensor, least: int) -> None:
    """Raise InputError unless both are finite (N, F) floats of equal F with `least` rows."""
    _check("real features", real, least)
    _check("fake features", fake, least)
    _check_widths(real, fake)


def blocks(rows: Tensor, columns: int) -> Iterator[Tensor]:
    """Rows in blocks that make at most BLOCK numbers with so many columns."""
    return iter(rows.split(max(1, BLOCK // columns)))


def _radii(features: Tensor, subsets: Sequence[Tensor], ks: tuple[int, ...]) -> list[Tensor]:
    """Squared distance to the k-th nearest other row of each subset, for each k: (len(ks), N)."""
    found: list[list[Tensor]] = [[] for _ in subsets]
    for start, distances in _distance_blocks(features, features):
        own = torch.arange(len(distances))
        distances[own, start + own] = torch.inf
        for rows, parts in zip(subsets, found, strict=True):
            among = _some_of(distances, start, rows)[0][:, rows]
            smallest = among.topk(max(ks), largest=False).values
            parts.append(torch.stack([smallest[:, k - 1] for k in ks]))
    return [torch.cat(parts, dim=1) for parts in found]


def _distance_blocks(a: Tensor, b: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Squared distances of blocks of rows of a to all rows of b, with their first row's index."""
    columns = b.double()
    squares, start = columns.square().sum(1), 0
    for rows in blocks(a, len(b)):
        points = rows.double()
        own = points.square().sum(1, keepdim=True)
        distances = torch.addmm(squares, points, columns.T, alpha=-2).add_(own).clamp_(min=0)
        yield start, distances
        start += len(rows)


def _check(name: str, features: Tensor, least: int) -> None:
    if features.ndim != 2 or not features.is_floating_point():
        shape = tuple(features.shape)
        raise InputError(f"{name} must be a float matrix (N, F), not {features.dtype} {shape}.")
    if len(features) < least:
        raise InputError(f"{name} has {len(features)} rows, this score needs at least {least}.")
    if not bool(torch.isfinite(features).all()):
        raise InputError(f"{name} holds NaN or infinity; the samples or the extractor are broken.")


def _check_widths(a: Tensor, b: Tensor) -> None:
    if a.shape[1] != b.shape[1]:
        raise InputError(
            f"the two sets have {a.shape[1]} and {b.shape[1]} features; use one extractor for both."
        )
