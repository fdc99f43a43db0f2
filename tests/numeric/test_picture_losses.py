"""Losses of picture generators against closed forms and direct sums."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.schedule import linear
from sparring.core.types import Condition, Round, Term, Turn, Verdict
from sparring.games.duel import Duel
from sparring.losses import adversarial, pictures
from sparring.networks.backbone import efficientnet_installed

NAMES = ("l1", "charbonnier", "hole_l1", "feature_matching", "perceptual", "total_variation")
ALL: dict[str, Callable[..., Term]] = {name: getattr(pictures, name) for name in NAMES}


def judge(samples: Tensor) -> Verdict:
    """Features: the samples, and their means over space times ten."""
    return Verdict(samples.flatten(1)[:, :1], (samples, 10 * samples.mean((2, 3))))


def play(real: Tensor, fake: Tensor, map: Tensor | None = None) -> Round:
    turn = Turn(0, 0, torch.zeros(len(real), 0), lambda value: value)
    return Round(turn, real, fake, Condition(map=map), judge(real), judge(fake), judge)


def pair(channels: int = 3, side: int = 32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand(2, 2, channels, side, side, generator=generator) * 2 - 1
    return drawn[0], drawn[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_term_is_the_generators_weighed_and_timed(name: str) -> None:
    term = ALL[name](weight=linear(1.0, 3.0, images=10), every=4)
    assert (term.name, term.player, term.every) == (name, "generator", 4)
    assert [term.weight(images) for images in (0, 5, 20)] == [1.0, 2.0, 3.0]
    assert term.reads_real == (name == "feature_matching")
    with pytest.raises(InputError, match=f"{name}.every"):
        ALL[name](every=0)


def test_l1_and_charbonnier_are_distances_to_the_true_picture() -> None:
    real, fake = pair()
    expected = sum(abs(a - b) for a, b in zip(real.flatten(), fake.flatten(), strict=True))
    mean = float(expected) / real.numel()
    assert float(pictures.l1().measure(play(real, fake))) == pytest.approx(mean, rel=1e-4)
    assert float(pictures.charbonnier().measure(play(real, real))) == pytest.approx(1e-3)
    far = play(real, real + 4)
    assert float(pictures.charbonnier(epsilon=3).measure(far)) == pytest.approx(5, rel=1e-5)


def test_holes_weigh_more_than_what_is_known() -> None:
    real = torch.zeros(1, 1, 4, 4)
    fake = real.clone()
    fake[..., 0, :] = 1.0
    fake[..., 3, :2] = -0.5
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 0, :] = 1.0
    played = play(real, fake, torch.cat([real, mask], 1))
    assert float(pictures.hole_l1(hole=6).measure(played)) == pytest.approx((6 * 4 + 2 * 0.5) / 16)
    with pytest.raises(InputError, match="gives a mask"):
        pictures.hole_l1().measure(play(real, fake, real))


def test_feature_matching_is_the_mean_of_the_layers_means() -> None:
    real, fake = pair()
    played = play(real.requires_grad_(), fake.requires_grad_())
    cost = pictures.feature_matching().measure(played)
    layers = (fake - real).abs().mean(), 10 * (fake - real).mean((2, 3)).abs().mean()
    assert float(cost.detach()) == pytest.approx(float(sum(layers).detach()) / 2, rel=1e-5)
    cost.backward()
    assert fake.grad is not None and fake.grad.any()
    assert real.grad is None


def test_feature_matching_says_which_setting_is_missing() -> None:
    real, fake = pair()
    played = play(real, fake)
    played.real_verdict = played.fake_verdict = Verdict(torch.zeros(2, 1))
    with pytest.raises(InputError, match="keep_features=True"):
        pictures.feature_matching().measure(played)


def test_total_variation_of_a_ramp_is_its_slopes() -> None:
    ramp = 0.1 * torch.arange(8.0)[:, None] + 0.03 * torch.arange(8.0)[None]
    played = play(ramp[None, None], ramp[None, None])
    assert float(pictures.total_variation().measure(played)) == pytest.approx(0.13, rel=1e-5)


def test_perceptual_with_a_network_of_ones_own_is_frozen_and_not_saved() -> None:
    network = nn.Conv2d(3, 4, 3)
    term = pictures.perceptual(network=network)
    real, fake = pair(channels=1)
    fake.requires_grad_()
    cost = term.measure(play(real, fake))
    with torch.no_grad():
        seen = [network(x.expand(-1, 3, -1, -1)) for x in (real, fake)]
    assert float(cost.detach()) == pytest.approx(float((seen[0] - seen[1]).abs().mean()), rel=1e-5)
    cost.backward()
    assert fake.grad is not None and fake.grad.any()
    assert network.weight.grad is None
    assert not Duel(adversarial.non_saturating(), [term]).state_dict()


def test_perceptual_refuses_what_it_does_not_know() -> None:
    with pytest.raises(InputError, match="not 'vgg'"):
        pictures.perceptual(network="vgg")
    for layers in ((), (16,), (-1,), (0.5,)):
        with pytest.raises(InputError, match="from 0 to 15"):
            pictures.perceptual(layers=layers)  # type: ignore[arg-type]


def test_a_missing_extra_is_named_only_when_the_features_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sparring.networks.backbone

    sparring.networks.backbone.efficientnet_lite0.cache_clear()
    monkeypatch.setattr(sparring.networks.backbone, "efficientnet_installed", lambda: False)
    term = Part("sparring.losses.pictures:perceptual", weight=2.0).build()
    with pytest.raises(InputError, match=r"sparring\[efficientnet\]"):
        term.measure(play(*pair()))


@pytest.mark.skipif(not efficientnet_installed(), reason="an extra")
def test_efficientnet_tells_pictures_apart_and_pulls_the_fake_to_the_real() -> None:
    places = torch.linspace(-1, 1, 32)
    real = (places[:, None] * places[None])[None, None].expand(2, 1, 32, 32)
    fake = (real + 0.3 * pair(channels=1)[0]).requires_grad_()
    term = pictures.perceptual()
    assert float(term.measure(play(real, real))) == 0.0
    before = term.measure(play(real, fake))
    before.backward()
    assert fake.grad is not None
    nearer = fake.detach() - 0.02 * fake.grad.sign()
    assert float(term.measure(play(real, nearer))) < float(before.detach())
    assert not Duel(adversarial.non_saturating(), [term]).state_dict()
