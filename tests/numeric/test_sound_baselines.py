"""What broken sound and another timbre can be given without learning."""

from __future__ import annotations

import math

import torch

from sparring.domains.mel import baselines
from sparring.domains.mel.domain import Mel
from sparring.domains.sound import mending
from sparring.domains.sound.domain import Sound

TIME = torch.arange(16384) / 16_000
TONE = 0.3 * torch.sin(2 * math.pi * 440 * TIME)[None, None]


def test_subtraction_takes_steady_noise_from_a_tone_that_comes_and_goes() -> None:
    torch.manual_seed(0)
    true = TONE * (TIME < 0.7)
    given = true + 0.03 * torch.randn(1, 1, 16384)
    made = mending.subtraction(given, (1, 16384))
    assert made.shape == true.shape
    assert (made - true).square().mean() < 0.5 * (given - true).square().mean()
    odd = mending.subtraction(given[..., :5001], (1, 5001))
    assert odd.shape == (1, 1, 5001)


def test_a_line_crosses_a_gap() -> None:
    mask = torch.zeros(1, 1, 16384)
    mask[..., 100:200] = 1
    slope = torch.linspace(-0.5, 0.5, 16384)[None, None]
    given = torch.cat([slope * (1 - mask), mask], 1)
    assert torch.allclose(mending.line(given, (1, 16384)), slope, atol=1e-6)
    assert torch.equal(mending.identity(given, (1, 16384)), slope * (1 - mask))


def test_bands_take_the_targets_levels_by_rank() -> None:
    torch.manual_seed(0)
    targets, given = torch.rand(6, 1, 80, 32) + torch.arange(80)[:, None], torch.randn(6, 1, 80, 32)
    made = baselines.bands(targets)(given, (1, 80, 32))
    for band in (0, 79):
        assert torch.equal(
            made[:, :, band].flatten().sort().values, targets[:, :, band].flatten().sort().values
        )
        assert torch.equal(
            made[:, :, band].flatten().argsort(), given[:, :, band].flatten().argsort()
        )


def test_domains_say_what_can_be_done_without_learning() -> None:
    sound, mel = Sound(16384), Mel(16384)
    assert set(sound.judging("speech").mending["damaged"]) == {"identity", "subtraction"}
    found = mel.judging("notes").baselines(mel, lambda: torch.zeros(2, *mel.shape))
    assert set(found) == {"identity", "bands"}
    assert not mel.judging("notes").baselines(sound, lambda: torch.zeros(2, *mel.shape))
