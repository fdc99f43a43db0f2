"""Pictures of any height and width with 1 to 4 channels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sparring.core.errors import InputError
from sparring.domains.embedding import drawn

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Channels -> Pillow's name: grey, grey + alpha, colour, colour + alpha."""
GAP = 2
"""White pixels between the pictures of a preview."""


@dataclass(frozen=True)
class Image:
    """Pictures (C, H, W), C from 1 to 4; encoded samples are float32 in [-1, 1].

    Stored items are uint8 in [0, 255], or float32 already in [-1, 1] where the source has more
    than 8 bits.
    """

    shape: tuple[int, int, int]

    suffixes: ClassVar[tuple[str, ...]] = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        channels, height, width = self.shape
        if channels not in MODES or height < 1 or width < 1:
            raise InputError(f"a picture has 1 to 4 channels and at least 1 x 1 px, not {self}.")

    @property
    def head(self) -> str:
        """Samples lie in [-1, 1]."""
        return "tanh"

    def encode(self, stored: Tensor) -> Tensor:
        """Stored pictures (N, C, H, W) to float32 in [-1, 1], on the device they are on."""
        if stored.is_floating_point():
            return stored.float()
        return stored.float().div_(127.5).sub_(1.0)

    def decode(self, samples: Tensor) -> Tensor:
        """Samples in [-1, 1] to uint8 pictures of the same shape, clamped and rounded."""
        import torch

        return ((samples.detach().float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one picture (C, H, W), 8 bits a channel, in the format that the suffix names."""
        _save(self._bytes(stored), Path(path))

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a grid of samples (N, C, H, W), left to right; below 64 px they are enlarged."""
        pictures = self._bytes(samples)
        if not len(pictures):
            raise InputError(f"there is no sample to draw in {path}.")
        _save(_grid(_enlarge(pictures), columns), Path(path))

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The grid of samples (N, C, H, W) as an `<img>`."""
        return drawn(lambda path: self.preview(samples, path, columns))

    def _bytes(self, pictures: Tensor) -> np.ndarray:
        """uint8 array of pictures that may be stored or encoded."""
        whole = self.decode(pictures) if pictures.is_floating_point() else pictures
        return whole.cpu().numpy()


def _enlarge(pictures: np.ndarray) -> np.ndarray:
    side = max(pictures.shape[-2:])
    scale = 3 if side <= 32 else 2 if side < 64 else 1
    return pictures.repeat(scale, axis=-2).repeat(scale, axis=-1)


def _grid(pictures: np.ndarray, columns: int | None) -> np.ndarray:
    """One picture (C, H', W') of pictures (N, C, H, W) on white, near-square unless told."""
    import numpy as np

    count, channels, height, width = pictures.shape
    columns = min(columns or math.ceil(math.sqrt(count * height / width)), count)
    rows = math.ceil(count / columns)
    size = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP)
    grid = np.full((channels, *size), 255, dtype=np.uint8)
    for index, picture in enumerate(pictures):
        top = index // columns * (height + GAP)
        left = index % columns * (width + GAP)
        grid[:, top : top + height, left : left + width] = picture
    return grid


def _save(picture: np.ndarray, path: Path) -> None:
    from PIL import Image as Pillow

    channels_last = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    Pillow.fromarray(channels_last).save(path)
