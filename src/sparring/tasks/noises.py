"""What rooms and machines do to sound: functions of waveforms (N, C, length), each its own noise.

Random numbers come from torch's default generator, which the loop seeds for every turn.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sparring.tasks.mending import between

Range = tuple[float, float]

SILENT = 1e-4
"""The loudness below which a waveform counts as silent; noise is then as loud as beside this."""
HUM = (1 / 320, 1 / 266)
"""Periods a sample of mains: 50 to 60 Hz at 16 kHz."""
OVERTONES = 8
VOICES = (3, 6)
"""Fewest and most others that babble at once."""


def white(waves: Tensor) -> Tensor:
    """Every frequency alike."""
    return torch.randn(waves.shape).to(waves.device)


def pink(waves: Tensor) -> Tensor:
    """Every octave alike: power falls as 1 / frequency."""
    spectra = torch.fft.rfft(torch.randn(waves.shape))
    falling = torch.arange(1, spectra.shape[-1] + 1).float().rsqrt()
    return torch.fft.irfft(spectra * falling, waves.shape[-1]).to(waves.device)


def hum(waves: Tensor) -> Tensor:
    """A mains tone and its overtones, of random loudness and phase, the same in all channels."""
    count, time = len(waves), torch.arange(waves.shape[-1])
    tone = HUM[0] + (HUM[1] - HUM[0]) * torch.rand(count, 1, 1)
    number = torch.arange(1, OVERTONES + 1)[:, None]
    loud = torch.rand(count, OVERTONES, 1) / number.sqrt()
    phase = 2 * math.pi * torch.rand(count, OVERTONES, 1)
    tones = loud * torch.sin(2 * math.pi * tone * number * time + phase)
    return tones.sum(1, keepdim=True).expand_as(waves).to(waves.device)


def babble(waves: Tensor) -> Tensor:
    """Several of the other waveforms at once, each from a random moment on."""
    voices = int(torch.randint(VOICES[0], VOICES[1] + 1, ()))
    away = torch.randint(1, max(len(waves), 2), (voices,)).tolist()
    late = torch.randint(waves.shape[-1], (voices,)).tolist()
    return torch.stack(
        [waves.roll((who, when), (0, -1)) for who, when in zip(away, late, strict=True)]
    ).sum(0)


KINDS = {"white": white, "pink": pink, "hum": hum, "babble": babble}


def noisy(waves: Tensor, decibels: Range) -> Tensor:
    """Waveforms with noise of a random kind, and so many decibels louder than it; not clamped."""
    kinds = torch.randint(len(KINDS), (len(waves), 1, 1)).to(waves.device)
    noise = torch.zeros_like(waves)
    for number, make in enumerate(KINDS.values()):
        noise = torch.where(kinds == number, make(waves), noise)
    ratio = between(*decibels, waves)
    loudness = _loudness(waves).clamp_min(SILENT) / _loudness(noise).clamp_min(SILENT)
    return waves + noise * loudness * 10 ** (-ratio / 20)


def clipped(waves: Tensor, levels: Range) -> Tensor:
    """Waveforms cut off at this share of their peak."""
    level = between(*levels, waves) * waves.abs().amax((1, 2), keepdim=True)
    return waves.clamp(-level, level)


def _loudness(waves: Tensor) -> Tensor:
    """Root mean square, (N, 1, 1)."""
    return waves.square().mean((1, 2), keepdim=True).sqrt()
