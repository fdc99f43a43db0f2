"""WaveGAN's pair: upsampling and phase shuffle by second implementations, and any length."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.spectra import log_mel, to_unit
from sparring.core.types import Condition, Spec
from sparring.networks.wave import (
    RANGE,
    STRIDE,
    Discriminator,
    Generator,
    PhaseShuffle,
    _Longer,
    _Sounding,
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


@pytest.mark.parametrize(("window", "bands"), [(0, 0), (256, 2)])
@pytest.mark.parametrize("length", [1, 7, 100, 1024, 5000])
def test_any_length_is_made_and_judged(length: int, window: int, bands: int) -> None:
    spec = Spec((2, length), 4, classes=3)
    condition = Condition(torch.arange(3))
    sample = Generator(spec, width=2, window=window)(torch.randn(3, 4), condition)
    assert sample.shape == (3, 2, length)
    logits = Discriminator(spec, width=2, bands=bands)(sample, condition).logits
    assert logits.shape == (3, 1 + (bands > 0 and length >= 1024))


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


def _tone(layer: _Sounding, bin_: int, loud: float, drift: float) -> Tensor:
    """64 frames (1, C, length) of one bin; the rest are as faint as they can be."""
    assert layer.convolve.bias is not None
    with torch.no_grad():
        layer.convolve.weight.zero_()
        numbers = layer.convolve.bias.view(2, layer.channels, -1)
        numbers[0], numbers[1] = -1e3, drift
        numbers[0, :, bin_] = loud
        return layer(torch.zeros(1, layer.convolve.in_channels, 64))


@pytest.mark.parametrize(("bin_", "drift"), [(12, 0.0), (12, 0.5), (40, -0.25)])
def test_what_does_not_change_is_a_steady_tone(bin_: int, drift: float) -> None:
    """One bin of 256 samples at a tenth of full scale, drifting by a share of a bin."""
    loud = math.atanh(1 - 2 / RANGE) * RANGE / 2
    made = _tone(_Sounding(1, 2, 256), bin_, loud, math.atanh(drift))
    assert made.shape == (1, 2, 64 * 128)
    heard = made[0, 0, 1024:5120]
    spectrum = torch.fft.rfft(heard * torch.hann_window(4096)).abs()
    assert int(spectrum.argmax()) == round((bin_ + drift) * 16)
    if not drift:
        time = torch.arange(1024, 5120) - 64.0 + 128 + 64
        wanted = 0.1 * (2 * torch.pi * bin_ / 256 * time).cos()
        assert float((heard.abs().max() - wanted.abs().max()).abs()) < 0.001
        assert float((heard.square().mean() / wanted.square().mean()).sqrt()) == pytest.approx(
            1.0, abs=0.01
        )


def test_no_bin_passes_full_scale_or_the_next_bin() -> None:
    made = _tone(_Sounding(1, 1, 256), 12, 1e3, 1e3)[0, 0, 1024:5120]
    spectrum = torch.fft.rfft(made * torch.hann_window(4096)).abs()
    assert int(spectrum.argmax()) in (11 * 16, 13 * 16)  # by half a turn a frame either is meant
    assert float(made.abs().max()) == pytest.approx(1.0, abs=1e-3)
    silent = _tone(_Sounding(1, 1, 256), 12, -1e3, 0.0)
    assert 0 < float(silent.abs().max()) < 1e-4


def test_drifts_out_of_range_are_let_go_and_silence_is_no_dead_end() -> None:
    """So a training collapsed: drifts without bounds grew, and the layers below with them.

    Slopes rose to 1e5 times those of a sound run, until all was noise or, where sizes could fall
    to nothing and slopes with them, silence.
    """
    layer, hidden, pull = _Sounding(8, 1, 64), torch.randn(4, 8, 32), torch.randn(4, 1, 1024)
    bias = layer.convolve.bias
    assert bias is not None

    def slopes(loud: float, drift: float) -> list[float]:
        with torch.no_grad():
            layer.convolve.weight.view(2, -1)[0] = 0
            bias.view(2, -1)[0], bias.view(2, -1)[1] = loud, drift
        made = (layer(hidden) * pull).sum()
        return torch.autograd.grad(made, layer.convolve.weight)[0].view(2, -1).norm(dim=1).tolist()

    assert slopes(0.0, 20.0)[1] < 0.1 * slopes(0.0, 0.0)[1]
    # The slope of a size 10 ** (RANGE / 2 * tanh(x)) goes with the size and with 1 - tanh(x) ** 2:
    # 3e-5 of the first slope is left at the faint end, where without bounds it was 1e-21.
    faint = math.tanh(-2)
    left = 10 ** (RANGE / 2 * faint) * (1 - faint**2)
    assert slopes(-RANGE, 0.0)[0] / slopes(0.0, 0.0)[0] == pytest.approx(left, rel=1e-3)
    assert left > 1e-5


def test_frames_are_added_as_sums_of_cosines() -> None:
    """Against sums over samples and bins, in plain loops over frames."""
    layer, hidden = _Sounding(3, 1, 16), torch.randn(1, 3, 9)
    loud, drift = layer.convolve(hidden).detach().double().view(2, 9, 9)
    size = 8 * 10 ** (RANGE / 2 * ((2 * loud / RANGE).tanh() - 1))
    turn = torch.pi * drift.tanh().cumsum(1)
    bins, time = torch.arange(9.0).double(), torch.arange(16.0).double()
    window = 0.5 - 0.5 * (2 * torch.pi * time / 16).cos()
    total = torch.zeros(80, dtype=torch.double)
    for frame in range(9):
        # Real spectra: of bins 0 and 8 only the real part is heard, the others count twice.
        own = 2 * torch.pi / 16 * bins * (8 * frame + 8) + turn[:, frame]
        share = torch.tensor([1.0] + [2.0] * 7 + [1.0]) * size[:, frame] / 16
        sine = 2 * torch.pi / 16 * bins[:, None] * time
        piece = (share[:, None] * (own.cos()[:, None] * sine.cos())).sum(0)
        inner = share[1:8, None] * own[1:8].sin()[:, None] * sine[1:8].sin()
        piece = piece - inner.sum(0)
        total[8 * frame : 8 * frame + 16] += piece * window
    torch.testing.assert_close(layer(hidden)[0, 0].double(), total[4:76], rtol=1e-3, atol=1e-4)


def test_a_new_generator_of_spectra_starts_audible_within_full_scale_and_without_a_hum() -> None:
    spec = Spec((1, 16384), 64, head="linear")
    made = Generator(spec, width=32, window=256)(torch.randn(16, 64), Condition()).detach()
    alike = made.mean(0)
    each = float((made - alike).std())
    assert 0.01 < each < 0.3  # of recorded drums: 0.1
    assert float(made.abs().max()) < 3.0
    assert float(alike.std()) < 0.5 * each


def test_an_inverse_stft_needs_a_window_with_a_half() -> None:
    assert Generator(Spec((1, 4096), 4), width=2, window=64).grid == (8, 8)
    with pytest.raises(InputError, match="multiple of 4"):
        Generator(Spec((1, 4096), 4), window=250)


def test_bands_that_are_judged_are_those_of_the_sample_down_to_silence() -> None:
    spec = Spec((1, 5000), 4, classes=3)
    judge = Discriminator(spec, width=2, bands=2)
    waves = 0.3 * torch.randn(3, 1, 5000) * torch.tensor([1.0, 0.01, 0.0])[:, None, None]
    seen = judge(waves, Condition(torch.arange(3))).seen
    whole = F.pad(waves, (0, 120))
    assert torch.equal(seen[0], waves)
    torch.testing.assert_close(seen[1], to_unit(log_mel(whole, 16_000)), rtol=0, atol=0.01)
    assert float(seen[1][2].max()) < -0.99


def test_slopes_in_bands_and_samples_are_apart_finite_in_silence_and_reach_every_weight() -> None:
    spec, condition = Spec((1, 4096), 4, classes=3), Condition(torch.arange(3))
    judge = Discriminator(spec, width=2, bands=2).eval()
    sample = torch.zeros(3, 1, 4096)
    sample[1, :, :2000] = torch.rand(2000) - 0.5
    verdict = judge(sample.requires_grad_(), condition)
    assert verdict.logits.shape == (3, 2)
    slopes = torch.autograd.grad(verdict.logits.sum(), verdict.seen, create_graph=True)
    plain = Discriminator(spec, width=2).eval()
    plain.load_state_dict(judge.state_dict(), strict=False)
    (alone,) = torch.autograd.grad(plain(sample, condition).logits.sum(), sample)
    torch.testing.assert_close(slopes[0], alone)
    (sum(slope.square().sum() for slope in slopes) + verdict.logits.square().sum()).backward()
    assert sample.grad is not None and sample.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in judge.parameters())


def test_sound_too_short_for_bands_is_judged_without_them() -> None:
    spec = Spec((1, 1023), 4)
    assert Discriminator(spec, bands=4)(torch.zeros(2, 1, 1023), Condition()).seen == ()
