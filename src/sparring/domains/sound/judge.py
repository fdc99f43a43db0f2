"""The judge of sound: a small classifier of drums, by what they sound like in mel bands."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from sparring.core import spectra
from sparring.metrics.extractor import Embedded, Extractor, Read
from sparring.networks.shipped import convolution, shipped

RATE = 16000
"""Samples a second that it hears."""
FEATURES = 128
"""Numbers in its feature vector."""
WIDTHS = (16, 32, 48, 64)
NAME = "drums"
"""It bears the name of the pack whose classes it knows."""
WEIGHTS = Path(__file__).parent / "weights" / f"{NAME}.safetensors"


class Judge(nn.Module):
    """Log-mel spectrograms in about [-1, 1], (N, 1, 80, frames), to 128 features and class logits.

    The features are the last layer before the logits, after its activation. What is heard over
    time counts by its mean and its most, so that sounds may have any length.
    """

    def __init__(self, classes: int = 7) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.body = nn.Sequential(
            *convolution(1, a, kernel=5, stride=2),
            *convolution(a, b, stride=2),
            *convolution(b, c),
            *convolution(c, d, stride=2),
        )
        self.neck = nn.Sequential(nn.Linear(2 * d * spectra.BANDS // 8, FEATURES), nn.SiLU())
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, spectrograms: Tensor) -> tuple[Tensor, Tensor]:
        """Spectrograms (N, 1, 80, frames) to features (N, 128) and logits (N, classes)."""
        maps = self.body(spectrograms)
        features = self.neck(torch.cat([maps.mean(3), maps.amax(3)], 1).flatten(1))
        return features, self.head(features)


def judge(rate: int) -> Extractor:
    """The shipped judge of drums, for sounds (N, channels, samples) of this rate.

    Raises:
        InputError: its weights are missing or damaged.
    """
    network, digest = shipped("judge", WEIGHTS, lambda weights: Judge(len(weights["head.bias"])))
    return Extractor(
        name=NAME,
        digest=digest,
        resize=f"mono; resampled to {RATE} Hz by soxr; none at that rate",
        read=_reader(network, rate),
    )


def _reader(network: Judge, rate: int) -> Read:
    def read(samples: Tensor) -> Embedded:
        return Embedded(*network.to(samples.device)(heard(samples, rate)))

    return read


def heard(samples: Tensor, rate: int) -> Tensor:
    """Sounds (N, channels, samples) as the judge hears them: (N, 1, 80, frames)."""
    mono = samples.mean(1, keepdim=True)
    if rate != RATE:
        mono = _resampled(mono, rate)
    return spectra.to_unit(spectra.log_mel(mono, RATE))


def _resampled(mono: Tensor, rate: int) -> Tensor:
    from sparring.domains.sound.recordings import resampled

    columns = resampled(mono[:, 0].T.cpu().numpy(), rate, RATE)  # soxr takes sounds as columns
    return torch.from_numpy(columns.T.copy())[:, None].to(mono.device)
