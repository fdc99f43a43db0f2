"""What rooms and machines do to sound: loudness as asked, spectra as named, others' voices."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sparring.tasks import noises

RATE = 16_000


def tones(count: int = 6, length: int = 16384) -> Tensor:
    time = torch.arange(length) / RATE
    return torch.stack(
        [0.3 * torch.sin(2 * math.pi * (300 + 100 * k) * time) for k in range(count)]
    )[:, None]


@pytest.mark.parametrize("decibels", [0.0, 12.0])
def test_noise_is_as_loud_as_asked(decibels: float) -> None:
    torch.manual_seed(0)
    waves = tones(24)
    noise = noises.noisy(waves, (decibels, decibels)) - waves
    ratio = 10 * (waves.square().mean((1, 2)) / noise.square().mean((1, 2))).log10()
    assert torch.allclose(ratio, torch.full_like(ratio, decibels), atol=1e-3)


def test_octaves_of_pink_noise_and_frequencies_of_white_are_alike() -> None:
    torch.manual_seed(0)
    waves = torch.zeros(64, 1, 16384)
    for make, tilt in ((noises.white, 2.0), (noises.pink, 1.0)):
        power = torch.fft.rfft(make(waves)).abs().square().mean((0, 1))
        octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(6, 13)]
        ratios = torch.stack(octaves[1:]) / torch.stack(octaves[:-1])
        assert torch.allclose(ratios, torch.full_like(ratios, tilt), rtol=0.15)


def test_hum_is_mains_and_its_overtones() -> None:
    torch.manual_seed(0)
    power = torch.fft.rfft(noises.hum(torch.zeros(1, 2, RATE)))[0].abs().square()
    loudest = int(power[0, 1:65].argmax()) + 1  # bins of 1 Hz
    assert 49 <= loudest <= 61
    near = sum(
        power[0, max(0, k * loudest - 2 * k) : k * loudest + 2 * k + 1].sum() for k in range(1, 9)
    )
    assert near > 0.9 * power[0].sum()
    assert torch.equal(power[0], power[1]), "one hum in all channels"


def test_babble_is_of_others() -> None:
    torch.manual_seed(0)
    waves = tones(8)
    heard = torch.fft.rfft(noises.babble(waves)).abs()[:, 0]
    own = [round((300 + 100 * k) * 16384 / RATE) for k in range(8)]
    everyone = heard[:, own] > 0.2 * heard.amax(1, keepdim=True)
    assert not bool(everyone.diagonal().any()), "nobody is among the others"
    assert bool((everyone.sum(1) >= 1).all())


def test_clipping_cuts_peaks_alone() -> None:
    torch.manual_seed(0)
    waves = tones()
    cut = noises.clipped(waves, (0.2, 0.4))
    level = cut.abs().amax((1, 2), keepdim=True)
    share = level / waves.abs().amax((1, 2), keepdim=True)
    assert 0.2 <= share.min() and share.max() <= 0.4
    kept = waves.abs() < level
    assert torch.equal(cut[kept], waves[kept])


def test_silence_stays_finite() -> None:
    torch.manual_seed(0)
    assert bool(noises.noisy(torch.zeros(8, 1, 4096), (0.0, 15.0)).isfinite().all())
