"""Spectra against closed forms and against librosa's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from sparring.core import spectra

RATE = 16000


def tone(hertz: float, length: int = 16384, rate: int = RATE) -> torch.Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(length) / rate)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 0.1


@pytest.mark.parametrize("length", [16384, 8192, 1000, 4096 + 255])
def test_frames_are_the_length_over_the_hop(length):
    assert spectra.log_mel(noise(2, 1, length), RATE).shape == (2, 1, 80, length // 256)
    assert spectra.stft(noise(3, length), 512, 128).shape == (3, 257, length // 128)


def test_a_tone_of_a_bin_has_half_the_windows_sum_there():
    magnitudes = spectra.stft_magnitude(tone(64 * RATE / 1024))
    middle = magnitudes[:, 10:-10]
    assert (middle.argmax(0) == 64).all()
    torch.testing.assert_close(middle[64], torch.full_like(middle[64], 256.0), rtol=1e-4, atol=0)


def test_magnitudes_are_librosas():
    librosa = pytest.importorskip("librosa")
    wave = noise(8192)
    padded = np.pad(wave.numpy(), 384, mode="reflect")
    theirs = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False))
    ours = spectra.stft_magnitude(wave)
    torch.testing.assert_close(ours, torch.from_numpy(theirs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_mel_bands_are_librosas(rate):
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=rate, n_fft=1024, n_mels=80)
    ours = spectra.filterbank(rate)
    torch.testing.assert_close(ours, torch.from_numpy(theirs), rtol=2e-3, atol=1e-6)


def test_the_inverse_gives_the_waveform_back():
    wave = noise(2, 1, 4096)
    back = spectra.istft(spectra.stft(wave))
    torch.testing.assert_close(back, wave, rtol=0, atol=1e-5)
    back = spectra.istft(spectra.stft(wave, 256, 64), 256, 64)
    torch.testing.assert_close(back, wave, rtol=0, atol=1e-5)


def test_the_affine_puts_silence_at_minus_one_and_goes_back():
    silence = spectra.to_unit(spectra.log_mel(torch.zeros(1, 16384), RATE))
    torch.testing.assert_close(silence, torch.full_like(silence, -1.0))
    loud = spectra.to_unit(spectra.log_mel(tone(440.0), RATE))
    assert 0.8 < float(loud.max()) < 1.2
    values = torch.linspace(-5, 1, 20)
    torch.testing.assert_close(spectra.from_unit(spectra.to_unit(values)), values)


def test_spectral_magnitudes_of_mels_have_these_mels():
    mels = spectra.mel(noise(2, 8192), RATE)
    magnitudes = spectra.magnitude_of(mels, RATE)
    assert float(magnitudes.min()) >= 0
    again = spectra.filterbank(RATE) @ magnitudes
    assert float((again - mels).norm() / mels.norm()) < 0.05


def convergence(magnitudes: torch.Tensor, wave: torch.Tensor) -> float:
    """How far a waveform's magnitudes are from those asked for."""
    found = spectra.stft_magnitude(wave)
    return float((found - magnitudes).norm() / magnitudes.norm())


def test_griffin_lim_finds_the_magnitudes_and_momentum_finds_them_faster():
    wave = tone(440.0, 8192) * 0.3 + tone(1234.0, 8192) * 0.2 + noise(8192) * 0.1
    magnitudes = spectra.stft_magnitude(wave)
    fast = convergence(magnitudes, spectra.griffin_lim(magnitudes))
    slow = convergence(magnitudes, spectra.griffin_lim(magnitudes, momentum=0.0))
    none = convergence(magnitudes, spectra.griffin_lim(magnitudes, steps=0))
    assert fast < slow < none
    assert fast < 0.1


def test_griffin_lim_is_as_good_as_librosas():
    librosa = pytest.importorskip("librosa")
    wave = (tone(330.0, 8192) + tone(777.0, 8192)) * 0.3 + noise(8192)
    magnitudes = spectra.stft_magnitude(wave)
    theirs = librosa.griffinlim(
        magnitudes.numpy(), n_iter=32, hop_length=256, center=False, random_state=0
    )
    found = np.abs(librosa.stft(theirs, n_fft=1024, hop_length=256, center=False))
    off = np.linalg.norm(found - magnitudes.numpy()) / np.linalg.norm(magnitudes.numpy())
    assert convergence(magnitudes, spectra.griffin_lim(magnitudes)) < 1.1 * off


def test_griffin_lim_takes_many_at_once_alike():
    magnitudes = spectra.stft_magnitude(noise(3, 1, 4096))
    together = spectra.griffin_lim(magnitudes, steps=4)
    assert together.shape == (3, 1, 4096)
    torch.testing.assert_close(together[1], spectra.griffin_lim(magnitudes[1], steps=4))


def test_bands_made_while_sampling_serve_training():
    spectra.filterbank.cache_clear()
    with torch.inference_mode():
        spectra.log_mel(noise(1, 2048), RATE)
    wave = noise(1, 2048).requires_grad_()
    spectra.log_mel(wave, RATE).sum().backward()
    assert wave.grad is not None


def test_gradients_flow_and_are_finite_on_silence():
    wave = torch.zeros(1, 2048, requires_grad=True)
    spectra.log_mel(wave, RATE).sum().backward()
    assert wave.grad is not None and wave.grad.isfinite().all()


def test_a_dry_run_leaves_no_bank_without_numbers_behind() -> None:
    with torch.device("meta"):
        spectra.filterbank(12_345)
    assert spectra.filterbank(12_345).sum() > 0
