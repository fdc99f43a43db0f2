"""What broken sound and another timbre can be given without learning."""

from __future__ import annotations

import math

import torch

from sparring.domains.mel import baselines
from sparring.domains.mel.domain import Mel
from sparring.domains.sound import mending
from sparring.domains.sound.domain import Sound
from sparring.tasks.enhance import KINDS, Enhance

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


def test_a_tone_goes_on_through_a_gap() -> None:
    mask = torch.zeros(1, 1, 16384)
    mask[..., 3000:4600] = mask[..., :200] = mask[..., -100:] = 1
    true = torch.cat([TONE, -0.5 * TONE], 1)
    given = torch.cat([true * (1 - mask), mask], 1)
    made = mending.autoregression(given, (2, 16384))
    assert torch.allclose(made, true, atol=1e-3)
    assert torch.equal(made[mask.expand_as(made) == 0], true[mask.expand_as(true) == 0])
    nothing = torch.cat([torch.zeros(1, 1, 1024), torch.ones(1, 1, 1024)], 1)
    assert not mending.autoregression(nothing, (1, 1024)).any(), "nothing to go by is silence"


def test_cut_off_peaks_are_rounded_by_cubics() -> None:
    waves = torch.cat([TONE, 0.5 * TONE])
    given = waves.clamp(-0.12, 0.12)
    cut = mending.cut_off(given)
    assert torch.equal(cut[0], waves[0].abs() >= 0.12) and cut[1].any()
    made = mending.cubic(given, (1, 16384))
    assert torch.equal(made[~cut], given[~cut])
    assert (made - waves).square().mean() < 0.1 * (given - waves).square().mean()
    flat = torch.ones(1, 1, 64)
    assert torch.equal(mending.cubic(flat, (1, 64)), flat), "nothing is known"


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
    rows = {
        kind: Enhance(kind=kind).baselines(sound.judging("speech"), sound, list) for kind in KINDS
    }
    assert set(rows["declip"]) == {"identity", "cubic"} and "subtraction" in rows["denoise"]
    found = mel.judging("notes").baselines(mel, lambda: torch.zeros(2, *mel.shape))
    assert set(found) == {"identity", "bands"}
    assert not mel.judging("notes").baselines(sound, lambda: torch.zeros(2, *mel.shape))
