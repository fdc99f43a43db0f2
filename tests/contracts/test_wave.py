"""WaveGAN's pair: upsampling and phase shuffle by second implementations, and any length."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.types import Condition, Spec
from sparring.networks.wave import (
    STRIDE,
    Discriminator,
    Generator,
    PhaseShuffle,
    _Longer,
    _spectrum,
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def mirrored(row: Tensor, by: int) -> Tensor:
    """(C, length) moved to the left by so many cells, in plain indices."""
    length = row.shape[-1]
    places = [abs(i + by) for i in range(length)]
    return row[:, [i if i < length else 2 * (length - 1) - i for i in places]]


def test_phase_shuffle_moves_each_sample_by_itself_and_mirrors_the_ends() -> None:
    hidden = torch.randn(64, 3, 9)
    moved = PhaseShuffle(2)(hidden)
    found = [
        next(by for by in range(-2, 3) if torch.equal(after, mirrored(before, by)))
        for before, after in zip(hidden, moved, strict=True)
    ]
    assert {*found} == {-2, -1, 0, 1, 2}
    torch.manual_seed(7)
    first = PhaseShuffle(2)(hidden)
    torch.manual_seed(7)
    assert torch.equal(first, PhaseShuffle(2)(hidden))


def test_phase_shuffle_rests_outside_training_and_where_there_is_no_room() -> None:
    hidden = torch.randn(4, 3, 9)
    assert torch.equal(PhaseShuffle(2).eval()(hidden), hidden)
    assert torch.equal(PhaseShuffle(0)(hidden), hidden)
    assert torch.equal(PhaseShuffle(2)(hidden[..., :1]), hidden[..., :1])


def test_phase_shuffle_is_twice_differentiable() -> None:
    hidden = torch.randn(5, 2, 6, dtype=torch.float64, requires_grad=True)

    def moved(value: Tensor) -> Tensor:
        torch.manual_seed(0)
        return PhaseShuffle(2)(value) ** 3

    assert torch.autograd.gradcheck(moved, hidden)
    assert torch.autograd.gradgradcheck(moved, hidden)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 9, 24, 25])
@pytest.mark.parametrize("up", ["transposed", "nearest", "linear"])
def test_upsampling_is_what_it_is_called(up: str, kernel: int) -> None:
    layer, hidden = _Longer(3, 2, kernel, up), torch.randn(2, 3, 40)
    made = layer(hidden)
    assert made.shape == (2, 2, 160)
    if up == "transposed":
        spread = torch.zeros(2, 3, 160)
        spread[..., ::STRIDE] = hidden
    elif up == "nearest":
        spread = hidden.repeat_interleave(STRIDE, -1) / 2
    else:  # on a line from each sample to the next
        between = [hidden[..., :-1].lerp(hidden[..., 1:], i / STRIDE) for i in range(STRIDE)]
        spread = torch.stack(between, -1).flatten(-2) * 4 / 44**0.5
    weight = layer.convolve.weight.transpose(0, 1).flip(-1)
    wanted = F.conv1d(spread, weight, layer.convolve.bias)
    inner = wanted[..., 40:90]
    assert any(torch.allclose(made[..., i : i + 50], inner, atol=1e-4) for i in range(40, 75))


@pytest.mark.parametrize("kernel", [4, 5, 24, 25])
def test_an_even_kernel_is_the_nearest_one_with_equal_sums(kernel: int) -> None:
    taps = _Longer(1, 1, kernel, "even").taps
    torch.testing.assert_close(taps @ taps, taps)
    torch.testing.assert_close(taps, taps.T)
    sums = [taps[:, phase::STRIDE].sum(1) for phase in range(STRIDE)]
    assert all(torch.allclose(one, sums[0], atol=1e-6) for one in sums)
    assert int(torch.linalg.matrix_rank(taps)) == kernel - STRIDE + 1


@pytest.mark.parametrize(
    ("up", "hums"), [("transposed", True), ("even", False), ("nearest", False), ("linear", False)]
)
def test_a_constant_leaves_no_hum(up: str, hums: bool) -> None:
    inner = _Longer(8, 1, 25, up)(torch.ones(1, 8, 64))[0, 0, 40:-40].detach()
    assert (float(inner.std()) > 1e-3) is hums


@pytest.mark.parametrize("up", ["even", "transposed", "nearest", "linear"])
def test_a_new_generator_starts_in_scale_and_only_the_paper_s_with_a_hum(up: str) -> None:
    made = Generator(Spec((1, 4096), 64, head="linear"), up=up)(torch.randn(16, 64), Condition())
    alike = made.detach().mean(0)
    each = float((made.detach() - alike).std())
    assert 0.3 < each < 2.0
    assert (float(alike.std()) > each) is (up == "transposed")


@pytest.mark.parametrize("length", [1, 7, 100, 1024, 5000])
def test_any_length_is_made_and_judged(length: int) -> None:
    spec = Spec((2, length), 4, classes=3)
    condition = Condition(torch.arange(3))
    sample = Generator(spec, width=2)(torch.randn(3, 4), condition)
    assert sample.shape == (3, 2, length)
    assert Discriminator(spec, width=2)(sample, condition).logits.shape == (3, 1)


def test_the_paper_s_form_at_16384_samples() -> None:
    spec = Spec((1, 16384), 100)
    made = Generator(spec, width=64, widest=16, up="transposed")
    assert made.grid == (1024, 16)
    layers = [module for module in made.modules() if isinstance(module, torch.nn.ConvTranspose1d)]
    assert [layer.weight.shape[:2] for layer in layers] == [
        (1024, 512),
        (512, 256),
        (256, 128),
        (128, 64),
        (64, 1),
    ]
    judge = Discriminator(spec, width=64, widest=16)
    layers = [module for module in judge.modules() if isinstance(module, torch.nn.Conv1d)]
    assert [layer.weight.shape for layer in layers][-1] == (1024, 512, 25)
    assert judge.logits.linear.in_features == 16 * 1024


def test_the_spectrum_that_is_seen_is_that_of_the_sample() -> None:
    """A sine of full scale and a tenth of it, and silence: companded, each in its band."""
    waves = torch.sin(2 * torch.pi * 20 / 256 * torch.arange(4096)) * torch.tensor(
        [[1], [0.1], [0]]
    )
    seen = _spectrum(waves[:, None])
    assert seen.shape == (3, 129, 64)
    inner = seen[:, :, 8:-8]
    assert (inner[:2].argmax(1) == 20).all()
    wanted = [math.log1p(100 * size) / math.log1p(100) for size in (1.0, 0.1)]
    assert inner[0, 20].mean().item() == pytest.approx(wanted[0], rel=0.01)
    assert inner[1, 20].mean().item() == pytest.approx(wanted[1], rel=0.01)
    assert float(seen[2].max()) < 1e-4


def test_slopes_through_the_spectrum_are_finite_in_silence_and_reach_every_weight() -> None:
    spec = Spec((1, 4096), 4, classes=3)
    judge = Discriminator(spec, width=2, spectrum=True)
    condition = Condition(torch.arange(3))
    sample = torch.zeros(3, 1, 4096)
    sample[1, :, :2000] = torch.rand(2000) - 0.5
    sample.requires_grad_()
    logits = judge(sample, condition).logits
    (slope,) = torch.autograd.grad(logits.sum(), sample, create_graph=True)
    (slope.square().sum() + logits.square().sum()).backward()
    assert slope.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in judge.parameters())
    assert judge.layers[3][1][0].weight.shape[1] == 2 * 4 + 129
