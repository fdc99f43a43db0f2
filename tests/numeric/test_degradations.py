"""Degradations against closed forms, Pillow and direct sums."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sparring.tasks.degradations import STRONGEST, blur, grey, jpeg, noise, shrink, vivid
from sparring.tasks.overlay import overlay


def picture(side: int = 40) -> Tensor:
    """Something smooth with an edge, (1, 3, side, side)."""
    places = torch.linspace(-1, 1, side)
    rows, columns = torch.meshgrid(places, places, indexing="ij")
    disc = (rows**2 + columns**2 < 0.4).float()
    return torch.stack([rows * 0.8, columns * 0.6, disc - 0.5])[None]


@pytest.mark.parametrize(("side", "halved"), [(40, False), (48, True)])
@pytest.mark.parametrize("quality", [20, 50, 85])
def test_jpeg_is_what_pillow_makes_of_it(quality: int, halved: bool, side: int) -> None:
    levels = ((picture(side) + 1) * 127.5).round()
    target = io.BytesIO()
    array = levels[0].byte().permute(1, 2, 0).numpy()
    Image.fromarray(array).save(target, "jpeg", quality=quality, subsampling=2 * halved)
    theirs = torch.from_numpy(np.array(Image.open(target)).astype("f4")).permute(2, 0, 1)
    ours = (jpeg(levels / 127.5 - 1, (quality, quality), float(halved))[0] + 1) * 127.5
    untouched = (levels[0] - theirs).abs().mean()
    # Pillow's transform works in whole numbers, so single levels differ.
    assert (ours - theirs).abs().mean() < max(0.15 * untouched, 0.6)


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    torch.manual_seed(0)
    flat = torch.zeros(8, 3, 64, 64)
    assert float(noise(flat, (25, 25)).std()) * 127.5 == pytest.approx(25, rel=0.02)
    spread = noise(flat, (5, 50)).flatten(1).std(1) * 127.5
    assert 5 < spread.min() < spread.max() < 51


def test_blur_spreads_a_point_as_a_gaussian() -> None:
    point = torch.zeros(2, 1, 41, 41)
    point[:, :, 20, 20] = 1
    spread = blur(point, (2.0, 2.0))
    assert spread.sum((1, 2, 3)).tolist() == pytest.approx([1, 1], rel=1e-5)
    ratio = float(spread[0, 0, 20, 22] / spread[0, 0, 20, 20])
    assert ratio == pytest.approx(math.exp(-(2**2) / (2 * 2**2)), rel=1e-4)
    assert torch.allclose(blur(torch.full((1, 3, 9, 9), 0.3), (0.5, 2.0)), torch.tensor(0.3))


def test_shrinking_keeps_the_mean_and_grey_the_brightness() -> None:
    assert shrink(picture(), 4).shape == (1, 3, 10, 10)
    assert torch.allclose(shrink(picture(), 4).mean((2, 3)), picture().mean((2, 3)), atol=0.01)
    red = torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert torch.allclose(grey(red), torch.tensor(2 * 0.299 - 1), atol=1e-6)


def test_a_watermark_covers_some_of_each_picture() -> None:
    torch.manual_seed(0)
    changed = (overlay(picture(64).expand(16, -1, -1, -1), (0.5, 0.9)) - picture(64)).abs() > 0.01
    shares = changed.any(1).float().mean((1, 2))
    assert shares.min() > 0.005
    assert shares.max() < 0.6


def test_vivid_colours_are_further_from_grey_in_any_order() -> None:
    torch.manual_seed(0)
    given = 0.2 * torch.rand(200, 3, 4, 4) - 0.1
    made = vivid(given, 1.0)
    ratio = (made.amax(1) - made.amin(1)) / (given.amax(1) - given.amin(1))
    assert ratio.flatten(1).std(1).max() < 1e-3, "each picture by one factor"
    assert 1.0 <= ratio.min() < 1.1 and 3.9 < ratio.max() <= STRONGEST + 1e-3
    first = made.argmax(1) != given.argmax(1)
    assert 0.5 < first.float().mean() < 0.8, "two thirds have another colour foremost"
    without = grey(given)
    torch.testing.assert_close(vivid(without, 1.0), without)
    assert torch.equal(vivid(given, 0.0), given)
    some = (vivid(given, 0.3) != given).flatten(1).any(1).float().mean()
    assert 0.2 < some < 0.4
    assert vivid(torch.rand(2, 1, 4, 4), 1.0).shape == (2, 1, 4, 4)
    assert vivid(torch.rand(9, 3, 4, 4) * 2 - 1, 1.0).abs().max() <= 1.0
