"""Tiles join to the whole, with no seam."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sparring.artifact.tiling import fade, spans, tiled
from sparring.core.errors import InputError


def network(inputs: int = 3, scale: int = 1) -> nn.Module:
    """Sees three pixels far (two where the last convolution is of an enlarged picture)."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(inputs, 8, 3, padding=1, padding_mode="reflect"),
        nn.Tanh(),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"),
        nn.Upsample(scale_factor=scale),
        nn.Conv2d(8, 3, 3, padding=1, padding_mode="reflect"),
    ).eval()


@pytest.mark.parametrize(("inputs", "scale"), [(3, 1), (5, 1), (3, 2), (1, 4)])
@torch.inference_mode()
def test_tiled_equals_whole(inputs: int, scale: int) -> None:
    picture = torch.randn(2, inputs, 75, 41)
    work = network(inputs, scale)
    joined = tiled(work, picture, tile=32, overlap=12, scale=scale)
    assert joined.shape == (2, 3, 75 * scale, 41 * scale)
    torch.testing.assert_close(joined, work(picture), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_strides_keep_their_phase() -> None:
    torch.manual_seed(0)
    down = nn.Conv2d(3, 8, 4, stride=4)
    up = nn.ConvTranspose2d(8, 3, 4, stride=4)
    picture = torch.randn(1, 3, 72, 52)
    joined = tiled(lambda tile: up(down(tile)), picture, tile=32, overlap=8)
    torch.testing.assert_close(joined, up(down(picture)), rtol=1e-5, atol=1e-5)


def test_tiles_that_disagree_fade_without_a_step() -> None:
    levels = iter(range(100))

    def work(tile: Tensor) -> Tensor:
        return torch.full_like(tile, float(next(levels) % 2))

    joined = tiled(work, torch.zeros(1, 1, 32, 160), tile=64, overlap=32)
    assert joined.max() == 1.0 and joined.min() == 0.0
    assert joined.diff(dim=-1).abs().max() < 0.12, "a hard seam would be a step of 1"


@pytest.mark.parametrize("side", [1, 31, 32, 33, 52, 53, 200])
def test_weights_add_up_to_one(side: int) -> None:
    total = torch.zeros(2 * side, dtype=torch.float64)
    for start, end in spans(side, 32, 12):
        assert end - start > 12 or start == 0
        total[2 * start : 2 * end] += fade(start, end, side, 12, 2)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_tiles_too_small_for_their_overlap() -> None:
    with pytest.raises(InputError, match="at least twice"):
        tiled(lambda tile: tile, torch.zeros(1, 1, 64, 64), tile=16, overlap=9)
