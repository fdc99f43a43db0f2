"""Penalties against closed forms for discriminators whose gradient is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.schedule import linear
from sparring.core.types import Condition, Round, Term, Turn, Verdict
from sparring.losses import penalties

SHAPE = (2, 3)
SIZE = 6
SLOPE = torch.linspace(-1, 2, SIZE)


def line(samples: Tensor) -> Verdict:
    """Gradient SLOPE everywhere."""
    return Verdict((samples.flatten(1) * SLOPE).sum(1, keepdim=True))


def bowl(samples: Tensor) -> Verdict:
    """Gradient x at x."""
    return Verdict(samples.flatten(1).square().sum(1, keepdim=True) / 2)


def pair(samples: Tensor) -> Verdict:
    """Two logits, whose gradients add up to 3 SLOPE."""
    logit = line(samples).logits
    return Verdict(torch.cat([logit, 2 * logit], dim=1))


def identity(value: Tensor) -> Tensor:
    return value


def play(
    judge: Callable[[Tensor], Verdict],
    count: int = 5,
    watched: tuple[str, ...] = (),
    mean: Callable[[Tensor], Tensor] = identity,
) -> Round:
    torch.manual_seed(0)
    real = torch.randn(count, *SHAPE).requires_grad_("real" in watched)
    fake = (torch.randn(count, *SHAPE) + 1).requires_grad_("fake" in watched)
    turn = Turn(0, 0, torch.zeros(count, 1), mean)
    return Round(turn, real, fake, Condition(), judge(real), judge(fake), judge, watched)


def squares(samples: Tensor) -> Tensor:
    return samples.detach().flatten(1).square().sum(1)


ALL: dict[str, Callable[..., Term]] = {
    name: getattr(penalties, name)
    for name in ("r1", "r2", "gradient_penalty", "dragan", "finite_r1", "finite_r2", "lecam")
}


@pytest.mark.parametrize("name", ALL)
def test_term_is_named_weighed_and_timed(name: str) -> None:
    term = ALL[name](weight=linear(1.0, 3.0, images=10), every=4)
    assert (term.name, term.player, term.every) == (name, "discriminator", 4)
    assert [term.weight(images) for images in (0, 5, 20)] == [1.0, 2.0, 3.0]
    assert ALL[name](weight=0.7).weight(99) == 0.7
    assert term.gradients == {"r1": {"real"}, "r2": {"fake"}}.get(name, frozenset())
    with pytest.raises(InputError, match=f"{name}.every"):
        ALL[name](every=0)


@pytest.mark.parametrize("which", ["real", "fake"])
def test_r1_and_r2_are_half_the_squared_gradient(which: str) -> None:
    term = penalties.r1() if which == "real" else penalties.r2()
    watched = ("real", "fake")
    assert float(term.measure(play(line, watched=watched)).detach()) == pytest.approx(
        float(SLOPE.square().sum()) / 2
    )
    played = play(bowl, watched=watched)
    wanted = squares(getattr(played, which)).mean() / 2
    torch.testing.assert_close(term.measure(played).detach(), wanted)
    # Two logits, of one and two slopes: the verdict is their mean.
    assert float(term.measure(play(pair, watched=watched)).detach()) == pytest.approx(
        1.5**2 * float(SLOPE.square().sum()) / 2
    )


def halved(samples: Tensor) -> Verdict:
    """Judges half of each number by its square, and its cube beside: slopes x / 2 and 1."""
    half, cube = samples.flatten(1) / 2, samples.flatten(1) ** 3
    logit = half.square().sum(1, keepdim=True) / 2 + cube.sum(1, keepdim=True)
    return Verdict(logit, seen=(half, cube))


@pytest.mark.parametrize("which", ["real", "fake"])
def test_slopes_are_measured_in_what_a_discriminator_says_it_saw(which: str) -> None:
    played = play(halved, watched=("fake", "real"))
    term = penalties.r1() if which == "real" else penalties.r2()
    wanted = (squares(getattr(played, which)) / 4 + SIZE).mean() / 2
    torch.testing.assert_close(term.measure(played).detach(), wanted)


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
def test_norm_penalties_of_a_line(name: str) -> None:
    norm = float(SLOPE.square().sum().sqrt())
    for target in (1.0, 0.0, norm):
        value = ALL[name](target=target).measure(play(line)).detach()
        assert float(value) == pytest.approx((norm - target) ** 2, rel=1e-4, abs=1e-6)


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    seen: list[Tensor] = []

    def judge(samples: Tensor) -> Verdict:
        seen.append(samples.detach())
        return bowl(samples)

    played = play(judge, count=500)
    penalties.gradient_penalty().measure(played)
    between = seen[-1] - played.fake
    share = (between / (played.real - played.fake)).flatten(1)
    torch.testing.assert_close(share.min(1).values, share.max(1).values, rtol=1e-2, atol=1e-2)
    assert abs(float(share.mean()) - 0.5) < 0.05
    assert abs(float(share[:, 0].std()) - 12**-0.5) < 0.03


def test_dragan_looks_around_real_samples() -> None:
    seen: list[Tensor] = []

    def judge(samples: Tensor) -> Verdict:
        seen.append(samples.detach())
        return bowl(samples)

    played = play(judge, count=2000)
    penalties.dragan(spread=0.25).measure(played)
    noise = seen[-1] - played.real
    assert abs(float(noise.mean())) < 0.01
    assert abs(float(noise.std() / played.real.std()) - 0.25) < 0.01


def test_flat_discriminator_has_finite_gradients() -> None:
    weight = torch.zeros(SIZE, requires_grad=True)
    played = play(lambda samples: Verdict((samples.flatten(1) * weight).sum(1, keepdim=True)))
    penalties.gradient_penalty().measure(played).backward()
    assert weight.grad is not None
    assert bool(weight.grad.isfinite().all())


@pytest.mark.parametrize("name", ["finite_r1", "finite_r2"])
def test_finite_penalties_tend_to_the_exact_ones(name: str) -> None:
    which = "real" if name == "finite_r1" else "fake"
    played = play(lambda x: Verdict(bowl(x).logits.double()), count=20_000)
    wanted = squares(getattr(played, which)).mean() / 2
    errors = [
        abs(float(ALL[name](sigma=sigma).measure(played) / wanted) - 1) for sigma in (0.01, 1.0)
    ]
    assert errors[0] < 0.03 < errors[1]


def test_finite_penalty_of_a_line_does_not_depend_on_sigma() -> None:
    values = []
    for sigma in (0.05, 2.0):
        played = play(line, count=50)
        torch.manual_seed(1)
        values.append(float(penalties.finite_r1(sigma=sigma).measure(played)))
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_finite_penalty_teaches_the_weights_without_a_double_backward() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIZE, 8), nn.Tanh(), nn.Linear(8, 1))

    def learned(term: Term, repeats: int, watched: tuple[str, ...] = ()) -> Tensor:
        network.zero_grad()
        played = play(lambda x: Verdict(network(x)), count=200, watched=watched)
        for _ in range(repeats):
            (term.measure(played) / repeats).backward(retain_graph=True)
        # All but the last bias, which no difference of logits depends on.
        return torch.cat([p.grad.flatten() for p in list(network.parameters())[:-1]])

    exact = learned(penalties.r1(), 1, ("real",))
    found = learned(penalties.finite_r1(sigma=0.01), 100)
    assert float(torch.cosine_similarity(exact, found, dim=0)) > 0.98


def test_finite_penalty_compares_under_the_same_augmentation() -> None:
    def judge(samples: Tensor) -> Verdict:
        return Verdict(line(samples).logits + 100 * torch.randn(len(samples), 1))

    played = play(judge, count=4000)
    value = float(penalties.finite_r1().measure(played))
    assert value == pytest.approx(float(SLOPE.square().sum()) / 2, rel=0.1)


def test_finite_penalty_judges_once_where_nothing_is_random() -> None:
    calls = 0

    def judge(samples: Tensor) -> Verdict:
        nonlocal calls
        calls += 1
        return line(samples)

    played = play(judge)
    calls = 0
    penalties.finite_r1().measure(played)
    assert calls == 1


def test_penalties_work_on_the_meta_device_for_the_dry_run() -> None:
    with torch.device("meta"):
        network = nn.Linear(SIZE, 1)
        judge = _judged(network)
        real, fake = (torch.randn(4, *SHAPE, requires_grad=True) for _ in range(2))
        turn = Turn(0, 0, torch.zeros(4, 1), identity)
        watched = ("real", "fake")
        played = Round(turn, real, fake, Condition(), judge(real), judge(fake), judge, watched)
        for build in ALL.values():
            assert build().measure(played).shape == ()


def _judged(network: nn.Module) -> Callable[[Tensor], Verdict]:
    return lambda samples: Verdict(network(samples.flatten(1)))


def lecam_round(real: float, fake: float, **settings: Any) -> Round:
    verdicts = [Verdict(torch.full((4, 1), value)) for value in (real, fake)]
    turn = Turn(0, 0, torch.zeros(4, 1), settings.get("mean", identity))
    return Round(turn, torch.zeros(4, 1), torch.zeros(4, 1), Condition(), *verdicts, line)


def test_lecam_pulls_to_the_running_mean_of_the_other_side() -> None:
    term = penalties.lecam(decay=0.9)
    assert float(term.measure(lecam_round(2.0, -1.0))) == pytest.approx(9 + 9)
    # Anchors: real 0.9 * 2 + 0.1 * 4 = 2.2, fake 0.9 * -1 + 0.1 * 0 = -0.9.
    value = float(term.measure(lecam_round(4.0, 0.0)))
    assert value == pytest.approx((4 + 0.9) ** 2 + (0 - 2.2) ** 2, rel=1e-5)


def test_lecam_anchors_are_shared_saved_and_safe_from_broken_steps() -> None:
    term = penalties.lecam()
    assert isinstance(term.measure, nn.Module)
    term.measure(lecam_round(2.0, -1.0, mean=lambda value: value + 1))
    assert {name: float(v) for name, v in term.measure.state_dict().items()} == {
        "real": 3.0,
        "fake": 0.0,
    }
    term.measure(lecam_round(float("nan"), float("inf")))
    assert float(term.measure.state_dict()["real"]) == 3.0
    assert float(term.measure.state_dict()["fake"]) == 0.0
    other = penalties.lecam()
    assert isinstance(other.measure, nn.Module)
    other.measure.load_state_dict(term.measure.state_dict())
    again = [float(t.measure(lecam_round(1.0, 1.0))) for t in (term, other)]
    assert again[0] == again[1]


def test_bad_settings_are_refused() -> None:
    for build, settings in (
        (penalties.finite_r1, {"sigma": 0.0}),
        (penalties.finite_r2, {"sigma": -1.0}),
        (penalties.lecam, {"decay": 1.0}),
        (penalties.r1, {"every": 1.5}),
    ):
        with pytest.raises(InputError):
            build(**settings)
