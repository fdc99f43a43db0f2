"""Distances against closed forms, brute force and second implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from sparring.core.errors import InputError
from sparring.domains.points.modes import modes_covered
from sparring.metrics import distances
from sparring.metrics.distances import Moments
from sparring.metrics.neighbours import copying


def gauss(n: int, f: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, f, generator=generator) * scale + shift


def correlated(f: int, seed: int) -> Tensor:
    half = gauss(f, f, seed).double()
    return half @ half.T / f


def test_frechet_of_commuting_gaussians_is_the_closed_form() -> None:
    a, b = torch.tensor([1.0, 4.0, 9.0]).double(), torch.tensor([4.0, 1.0, 0.0]).double()
    mean = torch.tensor([1.0, -2.0, 0.5]).double()
    found = distances.frechet_from_moments(
        Moments(torch.zeros(3).double(), a.diag()), Moments(mean, b.diag())
    )
    expected = mean.square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert found == pytest.approx(float(expected), rel=1e-12)


def test_frechet_of_two_dimensional_gaussians_is_the_closed_form() -> None:
    # tr sqrt(A) = sqrt(tr A + 2 sqrt(det A)) for a 2 x 2 product A of covariances.
    a, b = correlated(2, 0), correlated(2, 1)
    product = a @ b
    overlap = (product.trace() + 2 * product.det().sqrt()).sqrt()
    zero = torch.zeros(2).double()
    found = distances.frechet_from_moments(Moments(zero, a), Moments(zero, b))
    assert found == pytest.approx(float(a.trace() + b.trace() - 2 * overlap), rel=1e-10)


def test_frechet_agrees_with_a_general_matrix_root() -> None:
    real = gauss(300, 12, 0) @ gauss(12, 12, 1) + 1
    fake = gauss(250, 12, 2) @ gauss(12, 12, 3)
    x, y = real.double().numpy(), fake.double().numpy()
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = ((x.mean(0) - y.mean(0)) ** 2).sum()
    expected = shift + np.trace(s + t - 2 * sqrtm(s @ t).real)
    assert distances.frechet(real, fake) == pytest.approx(expected, rel=1e-8)


def test_frechet_survives_singular_covariances() -> None:
    real, fake = gauss(10, 30, 0), gauss(10, 30, 1)
    assert np.isfinite(distances.frechet(real, fake))
    assert distances.frechet(real, real) == pytest.approx(0, abs=1e-5)


def test_quick_frechet_is_frechet() -> None:
    real, fake = gauss(50, 4, 0), gauss(60, 4, 1, 0.5)
    known = distances.moments(real)
    assert distances.quick_frechet(known, fake) == distances.frechet(real, fake)


def test_kernel_is_the_brute_force_sum() -> None:
    real, fake = gauss(30, 5, 0), gauss(20, 5, 1, 0.3)
    x, y = real.double().numpy(), fake.double().numpy()

    def mean(a: np.ndarray, b: np.ndarray, skip: bool) -> float:
        values = [
            (float(a[i] @ b[j]) / 5 + 1) ** 3
            for i in range(len(a))
            for j in range(len(b))
            if not (skip and i == j)
        ]
        return float(np.mean(values))

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert distances.kernel(real, fake) == pytest.approx(expected, rel=1e-10)


def test_kernel_is_unbiased() -> None:
    found = [distances.kernel(gauss(20, 3, s), gauss(20, 3, 1000 + s)) for s in range(400)]
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found)) < 4 * error
    assert min(found) < 0


def radii(points: np.ndarray, k: int) -> np.ndarray:
    return NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points)[0][:, k]


def test_neighbourhood_scores_are_the_brute_force_ones() -> None:
    real, fake = gauss(80, 3, 0), gauss(60, 3, 1, 0.7)
    x, y = real.double().numpy(), fake.double().numpy()
    across = np.linalg.norm(x[:, None] - y[None], axis=2)
    precision = (across <= radii(x, 3)[:, None]).any(0).mean()
    recall = (across <= radii(y, 3)[None]).any(1).mean()
    inside = across <= radii(x, 5)[:, None]
    assert distances.precision_recall(real, fake) == (precision, recall)
    density, coverage = distances.density_coverage(real, fake)
    assert density == pytest.approx(inside.sum() / (5 * 60))
    assert coverage == pytest.approx(inside.any(1).mean())
    assert 0 < recall < 1 and 0 < precision < 1 and 0 < coverage < 1


def test_equal_sets_score_perfectly() -> None:
    points = gauss(200, 6, 0)
    assert distances.precision_recall(points, points) == (1.0, 1.0)
    assert distances.density_coverage(points, points)[1] == 1.0
    assert distances.frechet(points, points) == pytest.approx(0, abs=1e-9)


def test_samples_of_one_distribution_nearly_do() -> None:
    real, fake = gauss(1500, 4, 0), gauss(1500, 4, 1)
    precision, recall = distances.precision_recall(real, fake)
    density, coverage = distances.density_coverage(real, fake)
    assert min(precision, recall) > 0.9
    assert density == pytest.approx(1, abs=0.1)
    # Naeem et al. 2020, eq. 9: 1 - (1/2)^k for large, equal sets.
    assert coverage == pytest.approx(1 - 2**-5, abs=0.03)
    assert distances.frechet(real, fake) < 0.05


def test_a_dropped_mode_lowers_recall_and_coverage_but_not_precision() -> None:
    centres = 20 * torch.eye(4)
    real = gauss(800, 4, 0) + centres.repeat(200, 1)
    whole = gauss(800, 4, 1) + centres.repeat(200, 1)
    dropped = gauss(800, 4, 2) + centres[:2].repeat(400, 1)
    full, half = (distances.neighbourhoods(real, fake) for fake in (whole, dropped))
    assert float(half.precision.mean()) > 0.9
    assert float(half.recall.mean()) < 0.6 < 0.9 < float(full.recall.mean())
    assert float(half.coverage.mean()) < 0.6 < 0.9 < float(full.coverage.mean())
    assert distances.frechet(real, dropped) > 10 * distances.frechet(real, whole)


@pytest.mark.parametrize("block", [7, 100, 1001])
def test_blocks_do_not_change_a_score(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = gauss(90, 4, 0), gauss(70, 4, 1, 0.4)

    def scores() -> list[float]:
        found = [distances.frechet(real, fake), distances.kernel(real, fake)]
        found += [float(part.mean()) for part in distances.neighbourhoods(real, fake)]
        return [*found, float(distances.nearest(fake, real, 2)[1].sum())]

    whole = scores()
    monkeypatch.setattr(distances, "BLOCK", block)
    assert scores() == pytest.approx(whole, rel=1e-12)


def test_nearest_are_sklearns() -> None:
    samples, among = gauss(30, 5, 0), gauss(90, 5, 1)
    indices, found = distances.nearest(samples, among, 3)
    expected = NearestNeighbors(n_neighbors=3).fit(among).kneighbors(samples)
    assert np.allclose(found, expected[0], atol=1e-5)
    assert np.array_equal(indices, expected[1])


def test_copies_of_training_data_are_told_from_new_samples() -> None:
    train, held_out, new = (gauss(600, 5, seed) for seed in range(3))
    honest, copied = copying(new, train, held_out), copying(train[:300] + 0.01, train, held_out)
    assert honest.closer == pytest.approx(0.5, abs=0.08)
    assert honest.ratio == pytest.approx(1, abs=0.1)
    assert copied.closer > 0.95 and copied.ratio < 0.2
    assert copying(train, train, train).closer < 0.7


def test_modes_are_counted_within_three_deviations() -> None:
    centres = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    samples = torch.tensor([[0.0, 0.29], [0.01, 0.0], [0.7, 0.0], [0.5, 0.5], [0.0, 0.2]])
    found = modes_covered(samples, centres, 0.1)
    assert (found.covered, found.total, found.share) == (1, 3, pytest.approx(0.6))
    assert found.counts.tolist() == [3, 0, 0]
    assert modes_covered(samples, centres, 0.1001).covered == 2
    assert modes_covered(samples, centres, 0.1, at_least=4).covered == 0


@pytest.mark.parametrize("score", [distances.frechet, distances.kernel, distances.precision_recall])
def test_bad_features_are_refused_in_words(score: object) -> None:
    assert callable(score)
    good = gauss(20, 4, 0)
    broken = good.clone()
    broken[3, 2] = torch.nan
    for bad, words in (
        (good[:1], "at least"),
        (gauss(20, 5, 0), "4 and 5 features"),
        (good.reshape(20, 2, 2), "float matrix"),
        (good.long(), "float matrix"),
        (broken, "NaN"),
    ):
        with pytest.raises(InputError, match=words):
            score(good, bad)


def test_bad_modes_and_copying_are_refused() -> None:
    with pytest.raises(InputError, match="must be"):
        modes_covered(gauss(5, 3, 0), gauss(2, 2, 0), 0.1)
    with pytest.raises(InputError, match="no samples"):
        modes_covered(gauss(0, 2, 0), gauss(2, 2, 0), 0.1)
    with pytest.raises(InputError, match="empty"):
        copying(gauss(5, 3, 0), gauss(0, 3, 0), gauss(5, 3, 0))


def test_neighbourhoods_within_subsets_are_those_of_each_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distances, "BLOCK", 400)  # many blocks, of which some miss a subset
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in (90, 70))
    subsets = [
        tuple(torch.randperm(n, generator=generator)[:count].sort().values for n in (90, 70))
        for count in (10, 30)
    ]
    subsets.append((torch.arange(80, 90), torch.arange(60, 70)))
    found = distances.neighbourhoods_within(real, fake, subsets)
    for (rows, columns), near in zip(subsets, found, strict=True):
        alone = distances.neighbourhoods(real[rows], fake[columns])
        assert all(torch.equal(a, b) for a, b in zip(near, alone, strict=True))
