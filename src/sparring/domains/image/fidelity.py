"""How near each output is to its true partner: one value per picture, (N,) float64.

Pictures are (N, C, H, W) in [-1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sparring.core.errors import InputError
from sparring.networks.backbone import block_features

WINDOW = 11
SIGMA = 1.5
EQUAL = 60.0
"""The PSNR in dB that equal pictures count as in a mean: a little above rounding to 8 bits."""
BLOCKS = (0, 2, 4, 10)
"""EfficientNet-Lite0's blocks that `perceptual` compares, from edges to parts of things."""
LEAST = 64
"""Smaller pictures are enlarged to this side for `perceptual`."""


def l1(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference in units of [0, 1] pictures; 0 is best.

    Raises:
        InputError: not pictures, or of differing shapes.
    """
    _check(fake, real, 1)
    return (fake.double() - real.double()).abs().mean((1, 2, 3)) / 2


def psnr(fake: Tensor, real: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, of peak 2; infinite for equal pictures.

    Raises:
        InputError: not pictures, or of differing shapes.
    """
    _check(fake, real, 1)
    return 10 * torch.log10(4 / (fake.double() - real.double()).square().mean((1, 2, 3)))


def ssim(fake: Tensor, real: Tensor) -> Tensor:
    """Structural similarity, mean over channels and whole windows; 1 is best.

    Wang et al. 2004, eq. 13: an 11 x 11 Gaussian of sigma 1.5, K1 = 0.01, K2 = 0.03.

    Raises:
        InputError: not pictures, of differing shapes, or smaller than the window.
    """
    _check(fake, real, WINDOW)
    x, y = fake.double(), real.double()
    mean_x, mean_y = _blurred(x), _blurred(y)
    spread = _blurred(x * x) - mean_x**2 + _blurred(y * y) - mean_y**2
    shared = _blurred(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    alike = (2 * mean_x * mean_y + c1) * (2 * shared + c2)
    return (alike / ((mean_x**2 + mean_y**2 + c1) * (spread + c2))).mean((1, 2, 3))


def perceptual(fake: Tensor, real: Tensor) -> Tensor:
    """Distance of EfficientNet-Lite0's features; 0 is best.

    As LPIPS (Zhang et al. 2018, eq. 1) without its learnt weights: features of unit length at
    every place, their squared differences summed over channels, averaged over places and blocks.

    Raises:
        InputError: not pictures, of differing shapes, or the extra is not installed.
    """
    _check(fake, real, 1)
    pairs = zip(*(block_features(_enlarged(x.float()), BLOCKS) for x in (fake, real)), strict=True)
    return torch.stack([_unlike(a, b) for a, b in pairs]).mean(0).double()


def _unlike(a: Tensor, b: Tensor) -> Tensor:
    apart = functional.normalize(a, dim=1) - functional.normalize(b, dim=1)
    return apart.square().sum(1).mean((1, 2))


def _enlarged(pictures: Tensor) -> Tensor:
    factor = LEAST / min(pictures.shape[2:])
    if factor <= 1:
        return pictures
    return functional.interpolate(pictures, scale_factor=factor, mode="bilinear")


def _blurred(pictures: Tensor) -> Tensor:
    """The Gaussian window's weighted mean wherever the whole window fits."""
    places = torch.arange(WINDOW, dtype=pictures.dtype, device=pictures.device) - WINDOW // 2
    weights = torch.exp(-places.square() / (2 * SIGMA**2))
    weights = (weights / weights.sum()).expand(pictures.shape[1], 1, 1, WINDOW)
    rows = functional.conv2d(pictures, weights, groups=pictures.shape[1])
    return functional.conv2d(rows, weights.transpose(2, 3), groups=pictures.shape[1])


def _check(fake: Tensor, real: Tensor, least: int) -> None:
    shape = tuple(fake.shape)
    if fake.shape != real.shape:
        raise InputError(f"outputs {shape} and truths {tuple(real.shape)} must be of one shape.")
    if fake.ndim != 4 or min(shape[2:]) < least:
        raise InputError(
            f"this score needs pictures (N, C, H, W) of at least {least} x {least}, not {shape}."
        )
