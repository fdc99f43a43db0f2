"""Per-picture scores against closed forms and a slow second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.domains.image.fidelity import l1, psnr, ssim


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(2, 3, 14, 13, generator=generator) * 2 - 1
    return (real + 0.3 * torch.randn(real.shape, generator=generator)).clamp(-1, 1), real


def slow_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, one window of one channel at a time."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
            both = (window * (a - ma) * (b - mb)).sum()
            top = (2 * ma * mb + 0.02**2) * (2 * both + 0.06**2)
            values.append(top / ((ma**2 + mb**2 + 0.02**2) * (va + vb + 0.06**2)))
    return float(np.mean(values))


def test_a_constant_shift_has_closed_forms() -> None:
    real = torch.zeros(2, 3, 4, 4)
    fake = real + torch.tensor([0.5, 1.0])[:, None, None, None]
    assert l1(fake, real).tolist() == [0.25, 0.5]
    assert psnr(fake, real).tolist() == pytest.approx([10 * math.log10(16), 10 * math.log10(4)])


def test_ssim_agrees_with_windows_taken_one_by_one() -> None:
    fake, real = pair()
    x, y = fake.double().numpy(), real.double().numpy()
    slow = [np.mean([slow_ssim(x[n, c], y[n, c]) for c in range(3)]) for n in range(2)]
    assert ssim(fake, real).tolist() == pytest.approx(slow, abs=1e-9)


def test_equal_pictures_are_best() -> None:
    _, real = pair()
    assert ssim(real, real).tolist() == pytest.approx([1, 1])
    assert psnr(real, real).isinf().all()


def test_bad_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="at least 11 x 11"):
        ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))
    with pytest.raises(InputError, match="one shape"):
        l1(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8))
