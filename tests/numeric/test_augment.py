"""Augmentation: what it does to pictures, how often, and that it can be differentiated twice."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.schedule import linear
from sparring.networks.augment import POLICY, Augment


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def identity(value: Tensor) -> Tensor:
    return value


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 5, 9), (3, 37, 50), (4, 16, 16)])
@pytest.mark.parametrize("policy", [*POLICY, POLICY])
def test_every_operation_keeps_shape_and_passes_gradients(
    policy: str | tuple[str, ...], shape: tuple[int, ...]
) -> None:
    samples = torch.randn(6, *shape, requires_grad=True)
    augmented = Augment(policy)(samples, 0)
    assert augmented.shape == samples.shape
    (gradient,) = torch.autograd.grad(augmented.square().sum(), samples)
    assert bool(gradient.any())
    no_op = policy == "saturation" and shape[0] < 3
    assert torch.equal(augmented, samples) is no_op


@pytest.mark.parametrize("policy", [*POLICY, POLICY])
def test_every_operation_is_twice_differentiable(policy: str | tuple[str, ...]) -> None:
    augment = Augment(policy)

    def judge(samples: Tensor) -> Tensor:
        torch.manual_seed(3)
        return augment(samples, 0).pow(3).sum((1, 2, 3))

    samples = torch.randn(2, 3, 8, 9, requires_grad=True)
    (gradient,) = torch.autograd.grad(judge(samples).sum(), samples, create_graph=True)
    direction = torch.randn_like(samples)
    (curvature,) = torch.autograd.grad((gradient * direction).sum(), samples)
    step = 1e-2 * direction
    moved = []
    for sign in (1, -1):
        at = (samples + sign * step).detach().requires_grad_()
        moved.append(torch.autograd.grad(judge(at).sum(), at)[0])
    torch.testing.assert_close(curvature, (moved[0] - moved[1]) / 2e-2, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", POLICY)
def test_operations_happen_with_probability_p(name: str, p: float) -> None:
    samples = torch.randn(4000, 3, 8, 8)
    changed = (Augment(name, strength=p)(samples, 0) != samples).flatten(1).any(1)
    # A flip happens to half; a shift of zero in both directions to one in nine.
    share = {"flip": 0.5, "translate": 8 / 9}.get(name, 1.0)
    assert abs(float(changed.float().mean()) - share * p) < 0.03


def test_operations_are_drawn_for_each_alone() -> None:
    samples = torch.randn(1, 3, 16, 16).expand(8, -1, -1, -1)
    augmented = Augment()(samples, 0)
    assert len({tuple(one.flatten().tolist()) for one in augmented}) == 8


def test_translate_moves_whole_pixels_and_leaves_zeros() -> None:
    samples = torch.arange(1.0, 17 * 24 + 1).reshape(1, 1, 17, 24).expand(200, -1, -1, -1)
    found = set()
    for one in Augment("translate")(samples, 0)[:, 0]:
        inside = one.nonzero()
        shift = inside[0] - (samples[0, 0] == one[tuple(inside[0])]).nonzero()[0]
        down, right = shift.tolist()
        found.add((down, right))
        wanted = torch.roll(samples[0, 0], (down, right), (0, 1))
        rows, columns = torch.arange(17), torch.arange(24)
        kept = (rows >= down) & (rows < 17 + down), (columns >= right) & (columns < 24 + right)
        assert torch.equal(one, wanted * (kept[0][:, None] & kept[1]))
    assert {down for down, _ in found} == {-2, -1, 0, 1, 2}
    assert {right for _, right in found} == {-3, -2, -1, 0, 1, 2, 3}


def test_flip_is_left_to_right() -> None:
    samples = torch.randn(40, 3, 5, 6)
    augmented = Augment("flip")(samples, 0)
    flipped = (augmented == samples.flip(3)).flatten(1).all(1)
    same = (augmented == samples).flatten(1).all(1)
    assert bool((flipped ^ same).all())
    assert bool(flipped.any()) and bool(same.any())


def test_cutout_removes_a_box_of_half_the_extent() -> None:
    removed = Augment("cutout")(torch.ones(2000, 2, 12, 20), 0) == 0
    rows, columns = removed[:, 0].any(2).sum(1), removed[:, 0].any(1).sum(1)
    assert int(rows.max()) == 6 and int(columns.max()) == 10
    assert torch.equal(removed[:, 0].sum((1, 2)), rows * columns)
    assert torch.equal(removed[:, 0], removed[:, 1])


def test_colours_change_as_documented() -> None:
    samples = torch.randn(3000, 3, 4, 4)
    added = (Augment("brightness")(samples, 0) - samples).mean((1, 2, 3))
    assert -0.5 <= float(added.min()) < -0.49 and 0.49 < float(added.max()) <= 0.5
    contrast = Augment("contrast")(samples, 0)
    torch.testing.assert_close(contrast.mean((1, 2, 3)), samples.mean((1, 2, 3)))
    factor = contrast.std((1, 2, 3)) / samples.std((1, 2, 3))
    assert 0.499 < float(factor.min()) < 0.51 and 1.49 < float(factor.max()) < 1.501
    saturation = Augment("saturation")(samples, 0)
    torch.testing.assert_close(saturation.mean(1), samples.mean(1), rtol=1e-3, atol=1e-5)
    factor = (saturation.std(1) / samples.std(1)).mean((1, 2))
    assert float(factor.min()) < 0.02 and 1.98 < float(factor.max()) < 2.001


@pytest.mark.parametrize("channels", [2, 4])
def test_opacity_keeps_its_value(channels: int) -> None:
    samples = torch.randn(10, channels, 8, 8)
    augmented = Augment(("brightness", "contrast", "saturation"))(samples, 0)
    assert torch.equal(augmented[:, -1], samples[:, -1])
    assert not torch.equal(augmented[:, 0], samples[:, 0])


def test_strength_follows_its_schedule() -> None:
    augment = Augment("brightness", strength=linear(0.0, 0.5, images=100))
    assert [augment.strength_at(images) for images in (0, 50, 500)] == [0.0, 0.25, 0.5]
    samples = torch.randn(2000, 1, 4, 4)
    assert augment(samples, 0) is samples
    changed = (augment(samples, 100) != samples).flatten(1).any(1)
    assert abs(float(changed.float().mean()) - 0.5) < 0.05


def test_flips_are_off_unless_asked_for() -> None:
    assert "flip" not in Augment().policy


def logits(positive: float) -> Tensor:
    """One thousand logits, of which this share is positive."""
    return torch.where(torch.arange(1000) < 1000 * positive, 1.0, -1.0)[:, None]


def test_adaptive_strength_rises_with_overfitting_and_falls_without() -> None:
    augment = Augment(strength="adaptive", speed=1000)
    fake = torch.randn(1000, 1)
    assert augment.strength_at(0) == 0.0
    augment.update(logits(0.9), fake, 100, identity)  # E sign = 0.8 is above 0.6
    assert augment.strength_at(0) == pytest.approx(0.1)
    augment.update(logits(0.7), fake, 150, identity)  # E sign = 0.4 is below
    assert augment.strength_at(0) == pytest.approx(0.05)
    augment.update(logits(0.7), fake, 5000, identity)
    assert augment.strength_at(0) == 0.0
    augment.update(logits(0.9), fake, 50_000, identity)
    assert augment.strength_at(0) == 1.0


def test_adaptive_strength_moves_once_for_several_turns_of_one_step() -> None:
    augment = Augment(strength="adaptive", speed=1000)
    for _ in range(5):
        augment.update(logits(1.0), logits(0.0), 100, identity)
    assert augment.strength_at(0) == pytest.approx(0.1)


def test_signal_of_pairs_ignores_a_common_shift() -> None:
    for shift in (-50.0, 50.0):
        augment = Augment(strength="adaptive", speed=1000, signal="pair")
        augment.update(logits(1.0) + shift, logits(0.0) + shift, 100, identity)
        assert augment.strength_at(0) == pytest.approx(0.1)


def test_processes_share_one_signal() -> None:
    augment = Augment(strength="adaptive", speed=1000)
    augment.update(logits(1.0), logits(0.0), 100, lambda value: value - 1.5)
    assert augment.strength_at(0) == 0.0


def test_broken_logits_leave_no_trace() -> None:
    augment = Augment(strength="adaptive", speed=1000)
    augment.update(logits(1.0), logits(0.0), 100, identity)
    augment.update(torch.full((4, 1), math.nan), logits(0.0), 200, identity)
    assert augment.strength_at(0) == pytest.approx(0.1)


def test_adaptive_state_is_saved() -> None:
    first, second = (Augment(strength="adaptive", speed=1000) for _ in range(2))
    first.update(logits(1.0), logits(0.0), 100, identity)
    second.load_state_dict(first.state_dict())
    for augment in (first, second):
        augment.update(logits(1.0), logits(0.0), 150, identity)
        assert augment.strength_at(0) == pytest.approx(0.15)


def test_fixed_strength_ignores_verdicts() -> None:
    augment = Augment(strength=0.3)
    augment.update(logits(1.0), logits(0.0), 100, identity)
    assert augment.strength_at(0) == 0.3


def test_it_runs_exactly_under_autocast_and_on_the_meta_device() -> None:
    samples = torch.randn(3, 1, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        augmented = Augment(("translate", "flip"))(samples, 0)
    assert augmented.dtype == torch.float32
    assert set(augmented.flatten().tolist()) <= {0.0, *samples.flatten().tolist()}
    with torch.device("meta"):
        assert Augment(POLICY, strength="adaptive")(torch.randn(3, 1, 6, 6), 0).shape[0] == 3


def test_bad_settings_and_samples_are_refused() -> None:
    for settings in (
        {"policy": ("translat",)},
        {"strength": 1.5},
        {"strength": "adaptiv"},
        {"signal": "fake"},
    ):
        with pytest.raises(InputError):
            Augment(**settings)
    with pytest.raises(InputError, match="pictures"):
        Augment()(torch.randn(4, 2), 0)
