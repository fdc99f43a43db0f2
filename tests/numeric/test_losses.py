"""Losses against NumPy in float64, and the shape of the players' incentives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.types import AdversarialLoss
from sparring.losses import adversarial, reconstruction

Array = np.ndarray


def sp(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


REFERENCE: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "minimax": (lambda r, f: sp(-r) + sp(f), lambda r, f: np.log(1 - 1 / (1 + np.exp(-f)))),
    "non_saturating": (lambda r, f: sp(-r) + sp(f), lambda r, f: sp(-f)),
    "least_squares": (
        lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2,
        lambda r, f: (f - 1) ** 2 / 2,
    ),
    "hinge": (lambda r, f: relu(1 - r) + relu(1 + f), lambda r, f: -f),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "relativistic": (lambda r, f: sp(f - r), lambda r, f: sp(r - f)),
}


def build(name: str) -> AdversarialLoss:
    return getattr(adversarial, name)()


@pytest.mark.parametrize("outputs", [1, 9])
@pytest.mark.parametrize("name", REFERENCE)
def test_loss_is_its_formula_averaged_over_all_logits(name: str, outputs: int) -> None:
    random = np.random.default_rng(0)
    real, fake = random.normal(0, 3, (2, 7, outputs))
    loss, (discriminator, generator) = build(name), REFERENCE[name]
    logits = torch.tensor(real, dtype=torch.float32), torch.tensor(fake, dtype=torch.float32)
    for player, formula in ((loss.discriminator, discriminator), (loss.generator, generator)):
        value = player(*logits)
        assert value.shape == ()
        assert float(value) == pytest.approx(float(formula(real, fake).mean()), rel=1e-5)


@pytest.mark.parametrize("name", REFERENCE)
def test_loss_is_computed_in_float32(name: str) -> None:
    real, fake = torch.randn(2, 1000, 1).bfloat16()
    for player in (build(name).discriminator, build(name).generator):
        assert player(real, fake).dtype == torch.float32
        exact = player(real.double(), fake.double())
        torch.testing.assert_close(player(real, fake), exact.float(), rtol=1e-5, atol=1e-6)


def slopes(cost: Callable[..., torch.Tensor], real: float, fake: float) -> tuple[float, float]:
    logits = [torch.tensor([[value]], requires_grad=True) for value in (real, fake)]
    found = torch.autograd.grad(cost(*logits), logits, allow_unused=True)
    return tuple(0.0 if slope is None else float(slope) for slope in found)


@pytest.mark.parametrize("name", REFERENCE)
def test_players_pull_apart(name: str) -> None:
    real, fake = slopes(build(name).discriminator, 0.6, 0.4)
    assert real < 0 < fake
    assert slopes(build(name).generator, 0.6, 0.4)[1] < 0


def test_minimax_saturates_where_the_discriminator_is_sure_and_others_do_not() -> None:
    assert abs(slopes(adversarial.minimax().generator, 20.0, -20.0)[1]) < 1e-8
    for name in set(REFERENCE) - {"minimax"}:
        assert abs(slopes(build(name).generator, 20.0, -20.0)[1]) > 0.9


def test_minimax_is_zero_sum() -> None:
    loss = adversarial.minimax()
    paid = slopes(loss.discriminator, 0.3, -0.7)[1]
    assert slopes(loss.generator, 0.3, -0.7)[1] == pytest.approx(-paid)


@pytest.mark.parametrize("name", REFERENCE)
def test_only_losses_without_a_boundary_ignore_a_common_shift(name: str) -> None:
    loss = build(name)
    real, fake = torch.randn(2, 16, 1)
    same = torch.allclose(
        loss.discriminator(real, fake), loss.discriminator(real + 3, fake + 3), atol=1e-5
    )
    assert same is (loss.boundary is None)


@pytest.mark.parametrize("name", REFERENCE)
def test_real_logits_matter_to_the_generator_only_if_relativistic(name: str) -> None:
    loss = build(name)
    real, fake = torch.randn(2, 16, 1)
    moved = loss.generator(real + 1, fake) != loss.generator(real, fake)
    assert bool(moved) is loss.relativistic


@pytest.mark.parametrize("name", ["non_saturating", "hinge", "least_squares", "minimax"])
def test_boundary_is_where_real_and_fake_pull_equally(name: str) -> None:
    loss = build(name)
    assert loss.boundary is not None
    real, fake = slopes(loss.discriminator, loss.boundary, loss.boundary)
    assert real == pytest.approx(-fake)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_smoothing_is_cross_entropy_with_a_lower_target(name: str) -> None:
    real, fake = torch.randn(2, 16, 1)
    loss = getattr(adversarial, name)(smoothing=0.1)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    wanted = entropy(real, torch.full_like(real, 0.9)) + entropy(fake, torch.zeros_like(fake))
    torch.testing.assert_close(loss.discriminator(real, fake), wanted)
    with pytest.raises(InputError, match="smoothing"):
        getattr(adversarial, name)(smoothing=0.5)


def test_extreme_logits_stay_finite() -> None:
    real, fake = torch.tensor([[-1e4]]), torch.tensor([[1e4]])
    for name in REFERENCE:
        for player in (build(name).discriminator, build(name).generator):
            assert bool(player(real, fake).isfinite())


def test_gaussian_and_laplace_are_negative_log_likelihoods() -> None:
    target, rebuilt = torch.rand(2, 3, 1, 4, 5, dtype=torch.float64) * 2 - 1
    for name, shape in (("gaussian", torch.distributions.Normal), ("laplace", None)):
        shape = shape or torch.distributions.Laplace
        cost = getattr(reconstruction, name)(0.3)
        # Up to a constant: compare with the likelihood at a perfect copy.
        law = shape(rebuilt, 0.3)
        wanted = (law.log_prob(rebuilt) - law.log_prob(target)).flatten(1).sum(1)
        torch.testing.assert_close(cost(target, rebuilt), wanted.float())


def test_bernoulli_is_cross_entropy() -> None:
    target, rebuilt = torch.rand(2, 3, 1, 4, 5) * 1.8 - 0.9
    entropy = torch.nn.functional.binary_cross_entropy
    wanted = entropy((rebuilt + 1) / 2, (target + 1) / 2, reduction="none").flatten(1).sum(1)
    cost = reconstruction.bernoulli()(target, rebuilt)
    torch.testing.assert_close(cost, wanted, rtol=0.02, atol=0.05)
    assert bool((cost >= reconstruction.bernoulli()(target, target)).all())


def test_bernoulli_can_be_left_from_a_saturated_head() -> None:
    deep = torch.full((1, 1), 8.0, requires_grad=True)
    cost = reconstruction.bernoulli()(torch.tensor([[-1.0]]), torch.tanh(deep)).sum()
    (slope,) = torch.autograd.grad(cost, deep)
    assert bool(cost.isfinite())
    assert float(slope) > 0


@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_reconstruction_needs_a_positive_scale(name: str) -> None:
    with pytest.raises(InputError, match="above 0"):
        getattr(reconstruction, name)(0.0)
