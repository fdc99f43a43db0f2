"""The judge: a small classifier of 28 x 28 grey pictures, whose inner features make scores."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from sparring.core.errors import InputError
from sparring.metrics.extractor import Embedded, Extractor, Read
from sparring.networks.shipped import convolution, shipped

SIDE = 28
"""Height and width of the pictures a judge reads."""
FEATURES = 128
"""Numbers in its feature vector."""
SHIPPED = ("digits", "fashion")
"""The packs that have a judge, which bears the pack's name."""
WEIGHTS = Path(__file__).parent / "weights"


class Judge(nn.Module):
    """Grey pictures in [-1, 1], (N, 1, 28, 28), to 128 features and class logits.

    The features are the last layer before the logits, after its activation. SiLU keeps them
    smooth: a ReLU's spike at zero fits the Gaussians of a Frechet distance badly.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *convolution(1, 32, kernel=5, stride=2),
            *convolution(32, 48),
            nn.MaxPool2d(2),
            *convolution(48, 64),
            *convolution(64, 64, stride=2),
            nn.Flatten(),
        )
        self.neck = nn.Sequential(nn.Linear(64 * 4 * 4, FEATURES), nn.SiLU())
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Samples (N, 1, 28, 28) to features (N, 128) and logits (N, classes)."""
        features = self.neck(self.body(samples))
        return features, self.head(features)


def judge(name: str) -> Extractor:
    """The shipped judge of a pack ("digits", "fashion"), for grey pictures of any size.

    Raises:
        InputError: its weights are missing or damaged.
    """
    path = WEIGHTS / f"{name}.safetensors"
    network, digest = shipped("judge", path, lambda weights: Judge(len(weights["head.bias"])))
    return Extractor(
        name=name,
        digest=digest,
        resize=f"bicubic, antialiased, to {SIDE} x {SIDE}; none at that size",
        read=_reader(network),
    )


def _reader(network: nn.Module) -> Read:
    def read(samples: Tensor) -> Embedded:
        if samples.ndim != 4 or samples.shape[1] != 1:
            shape = tuple(samples.shape[1:])
            raise InputError(f"a judge reads grey pictures (1, H, W), not {shape}; use 'pixels'.")
        return Embedded(*network.to(samples.device)(resized(samples, SIDE)))

    return read


def resized(pictures: Tensor, side: int) -> Tensor:
    """Pictures (N, C, H, W) in [-1, 1] to side x side: bicubic with antialiasing, then clamped."""
    if pictures.shape[2:] == (side, side):
        return pictures
    shrunk = functional.interpolate(
        pictures, (side, side), mode="bicubic", antialias=True, align_corners=False
    )
    return shrunk.clamp(-1, 1)
