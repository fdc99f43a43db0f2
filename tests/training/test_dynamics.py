"""What the theory says of the game happens in the loop: circling, converging, learning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Batch, Condition, Spec, Turn, Verdict
from sparring.data import load
from sparring.domains.image.judging import pixels
from sparring.games.autoencoder import Autoencoder
from sparring.games.duel import Duel, mixes_batch
from sparring.losses import adversarial, penalties
from sparring.metrics.distances import kernel
from sparring.training.budget import Intervals
from sparring.verbs.run import train

Build = Callable[..., Recipe]
NEVER = Intervals(log=0, sample=0, checkpoint=0)


class Point(nn.Module):
    """A generator that makes one point, theta (Mescheder et al. 2018, the Dirac-GAN)."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(1.0))

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        return self.theta.expand(len(latent), 1)


class Slope(nn.Module):
    """A discriminator psi x."""

    def __init__(self) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(0.0))

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        return Verdict(self.psi * sample)


def dirac(duel: Duel, steps: int, rate: float) -> float:
    """Distance from the equilibrium (0, 0) after simultaneous gradient steps."""
    networks = {"generator": Point(), "discriminator": Slope()}
    weights = [networks["generator"].theta, networks["discriminator"].psi]
    for step in range(steps):
        turn = Turn(step, step, torch.zeros(4, 1), lambda value: value)
        slopes = []
        for player, weight in zip(("generator", "discriminator"), weights, strict=True):
            batch = Batch(torch.zeros(4, 1), Condition())
            played = duel.losses(player, networks, batch, turn)
            slopes += torch.autograd.grad(sum(played.losses.values()), weight)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                weight -= rate * slope
    return float(torch.stack(weights).detach().norm())


@pytest.mark.parametrize("loss", ["minimax", "non_saturating", "wasserstein", "relativistic"])
def test_dirac_gan_circles_without_r1_and_converges_with_it(loss: str) -> None:
    """Mescheder et al. 2018: only the non-saturating slope falls in by itself, and slowly."""
    build = getattr(adversarial, loss)
    alone = dirac(Duel(build()), 500, 0.1)
    assert alone > (0.9 if loss in ("minimax", "wasserstein") else 0.4)
    held = Duel(build(), (penalties.r1(weight=1.0), penalties.r2(weight=1.0)))
    assert dirac(held, 500, 0.1) < 0.05


def test_one_pass_judges_as_two_do() -> None:
    torch.manual_seed(0)
    spec = Spec((1, 8, 8), 4)
    networks = {
        "generator": Part("sparring.networks.dense:Generator", widths=(8,), norm="none").build(
            spec
        ),
        "discriminator": Part("sparring.networks.dense:Discriminator", widths=(8,)).build(spec),
    }
    batch = Batch(torch.randn(6, 1, 8, 8), Condition())
    turn = Turn(0, 0, torch.randn(6, 4), lambda value: value)
    costs = []
    for mixes in (False, True):
        duel = Duel(adversarial.relativistic(), (penalties.r1(), penalties.r2()))
        duel._mixes = mixes
        played = duel.losses("discriminator", networks, batch, turn)
        costs.append(torch.stack(list(played.losses.values())))
    torch.testing.assert_close(costs[0], costs[1])


def test_batch_statistics_are_noticed() -> None:
    spec = Spec((1, 8, 8), 4)
    plain = Part("sparring.networks.dcgan:Discriminator", widths=(4,))
    assert not mixes_batch(plain.build(spec))
    assert mixes_batch(plain.replace(widths=(4, 4), norm="batch").build(spec))


def test_lazy_term_is_due_rarely_and_weighs_more() -> None:
    duel = Duel(adversarial.hinge(), (penalties.r1(weight=0.5, every=4),))
    networks = {"generator": Point(), "discriminator": Slope()}
    networks["discriminator"].psi.data.fill_(2.0)
    costs = []
    for step in range(5):
        turn = Turn(step, 0, torch.zeros(4, 1), lambda value: value)
        batch = Batch(torch.zeros(4, 1), Condition())
        costs.append(duel.losses("discriminator", networks, batch, turn).losses)
    assert ["r1" in cost for cost in costs] == [True, False, False, False, True]
    assert costs[0]["r1"].item() == pytest.approx(0.5 * 4 * 2.0**2 / 2)


def test_divergence_of_the_autoencoder_is_the_closed_form() -> None:
    def networks(mean: float, log_variance: float) -> dict[str, Callable[..., object]]:
        told = torch.tensor([[mean, log_variance]]).expand(3, 2)
        return {
            "encoder": lambda sample, condition: Verdict(told),
            "decoder": lambda latent, condition: torch.zeros(3, 1),
        }

    game = Autoencoder(lambda target, rebuilt: torch.zeros(3), beta=2.0)
    turn = Turn(0, 0, torch.zeros(3, 1), lambda value: value)
    batch = Batch(torch.zeros(3, 1), Condition())
    at_prior = game.losses("autoencoder", networks(0.0, 0.0), batch, turn)
    assert at_prior.losses["divergence"].item() == 0.0
    away = game.losses("autoencoder", networks(1.5, 0.7), batch, turn).losses["divergence"]
    normal = torch.distributions.Normal
    target = torch.distributions.kl_divergence(
        normal(1.5, torch.tensor(0.7).mul(0.5).exp()), normal(0.0, 1.0)
    )
    assert away.item() == pytest.approx(2.0 * target.item(), rel=1e-5)


RECIPES = {
    "relativistic": {},
    "non-saturating": {"loss": Part("sparring.losses.adversarial:non_saturating")},
    "hinge": {"loss": Part("sparring.losses.adversarial:hinge")},
}


@pytest.mark.parametrize("name", RECIPES)
def test_tiny_pictures_are_learnt(name: str, recipe: Build, pictures: str, tmp_path: Path) -> None:
    tiny = recipe(
        **RECIPES[name],
        learning_rates={},
        networks={
            "generator": Part("sparring.networks.dense:Generator", widths=(64,), norm="none"),
            "discriminator": Part("sparring.networks.dense:Discriminator", widths=(64,)),
        },
        batch=32,
    )
    dataset = load(pictures)
    stored = dataset.train.take(torch.arange(dataset.count))["sample"]
    real = pixels().features(dataset.domain.build().encode(stored))

    def distance(steps: int) -> float:
        run = tmp_path / str(steps)
        model = train(tiny, dataset, run, steps=steps, intervals=NEVER, quiet=True)
        return kernel(real, pixels().features(model.sample(256)))

    before, after = distance(1), distance(400)
    assert after < 0.1 * before
