"""What stands for complex numbers and computed weights, beside what it stands for."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sparring.core import spectra
from sparring.exporting.real import Pair, Traced, constant


def test_spectra_there_and_back_are_those_of_torch() -> None:
    torch.manual_seed(0)
    waves = torch.randn(2, 3, 4096)
    with Traced():
        found = spectra.stft(waves)
        back = spectra.istft(found)
        loud = spectra.stft_magnitude(waves)
    want = spectra.stft(waves)
    assert isinstance(found, Pair) and found.shape == want.shape
    torch.testing.assert_close(torch.complex(found.real, found.imag), want, rtol=1e-4, atol=2e-4)
    torch.testing.assert_close(loud, want.abs(), rtol=1e-4, atol=2e-4)
    torch.testing.assert_close(back, spectra.istft(want), rtol=1e-4, atol=1e-5)


def test_pairs_reckon_as_complex_numbers_do() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(2, 4, 5, dtype=torch.complex64)
    size, angle = torch.rand(4, 5), torch.randn(4, 5)
    a, b = Pair(one.real, one.imag), Pair(other.real, other.imag)
    with Traced():
        turned = torch.polar(size, angle)
        pairs = [a + b, a - b, a * b, 1 + a, size * a, a / size, a[1:, :2], a.transpose(0, 1)]
    assert isinstance(turned, Pair)
    want = [
        *(one + other, one - other, one * other, 1 + one),
        *(size * one, one / size, one[1:, :2], one.transpose(0, 1)),
    ]
    for found, wanted in zip([turned, *pairs], [torch.polar(size, angle), *want], strict=True):
        torch.testing.assert_close(torch.complex(found.real, found.imag), wanted)
    torch.testing.assert_close(a.abs(), one.abs())


def test_computed_weights_are_constants_and_given_ones_stay() -> None:
    weight = torch.nn.Parameter(torch.randn(3, 2))
    sample = torch.randn(4, 2)
    with Traced():
        computed = F.linear(sample, weight * 2)
        given = F.linear(sample, weight)
    torch.testing.assert_close(computed, F.linear(sample, weight * 2))
    assert given.requires_grad and not computed.requires_grad
    assert not constant(weight).requires_grad
