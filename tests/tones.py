"""Tones that tests write and hear again."""

from __future__ import annotations

import numpy as np


def tone(hertz: float, seconds: float, rate: int = 16_000, level: float = 0.5) -> np.ndarray:
    """A wave of one tone, (samples,)."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def pitch(wave: np.ndarray, rate: int) -> float:
    """The strongest tone, in Hz."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax() * rate / len(wave))
