"""Pictures of any height and width with 1 to 4 channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.errors import InputError, unknown
from sparring.core.ranges import Size
from sparring.domains.embedding import drawn
from sparring.domains.image import raster

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from sparring.core.types import Block, Domain
    from sparring.domains.image.files import PictureFiles
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.judging import Baseline, Judging

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Channels -> Pillow's name: grey, grey + alpha, colour, colour + alpha."""
OPACITIES = ("premultiplied", "straight")
GAP = 2
"""White pixels between the pictures of a preview."""


@dataclass(frozen=True)
class Image:
    """Pictures (C, H, W), C from 1 to 4; encoded samples are float32 in [-1, 1].

    Stored items are uint8 in [0, 255], or float32 already in [-1, 1] where the source has more
    than 8 bits. The last of 2 or 4 channels is opacity. Stored colours are straight, as in files;
    encoded ones are premultiplied and laid on white, so that what is under transparent pixels,
    which nobody sees, is nothing to learn. `opacity="straight"` encodes them as they are stored,
    as version 0.1 did.

    Raises:
        InputError: a shape that no picture has, or an unknown kind of opacity.
    """

    shape: tuple[Size, Size, Size]
    opacity: str = "premultiplied"

    suffixes: ClassVar[tuple[str, ...]] = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        channels, height, width = self.shape
        if channels not in MODES or height < 1 or width < 1:
            raise InputError(f"a picture has 1 to 4 channels and at least 1 x 1 px, not {self}.")
        if self.opacity not in OPACITIES:
            raise unknown("kind of opacity", self.opacity, OPACITIES)

    @property
    def head(self) -> str:
        """Samples lie in [-1, 1]; premultiplied colours never below what their opacity allows."""
        return "opacity" if self._premultiplied else "tanh"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All numbers are of one kind."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Stored pictures (N, C, H, W) to float32 in [-1, 1], on the device they are on."""
        if stored.is_floating_point():
            return stored.float()
        samples = stored.float().div_(127.5).sub_(1.0)
        return _laid(samples) if self._premultiplied else samples

    def decode(self, samples: Tensor) -> Tensor:
        """Samples in [-1, 1] to uint8 pictures of the same shape, clamped and rounded.

        A premultiplied colour is taken off white again; where nothing is opaque it is white.
        """
        samples = samples.detach().float()
        return _levels(_lifted(samples) if self._premultiplied else samples)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one picture (C, H, W), 8 bits a channel, in the format that the suffix names."""
        _save(self._bytes(stored), Path(path))

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a grid of samples (N, C, H, W) on white, left to right; small ones are enlarged."""
        pictures = self._bytes(samples)
        if not len(pictures):
            raise InputError(f"there is no sample to draw in {path}.")
        _save(_grid(_enlarge(pictures), columns), Path(path), clear=False)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The grid of samples (N, C, H, W) as an `<img>`."""
        return drawn(lambda path: self.preview(samples, path, columns))

    @property
    def reading(self) -> dict[str, Any]:
        """Other pictures are cropped and scaled to its extent, in its channels."""
        return {"size": self.shape[1:], "channels": self.shape[0]}

    def judging(self, data: str) -> Judging:
        """Shipped judges, EfficientNet-Lite0, Inception and pixels; l1, PSNR, SSIM, perceptual."""
        from sparring.domains.image.judging import of_pictures

        found = of_pictures(self.shape, data)
        if self.shape[0] in (2, 4) and not self._premultiplied:
            extractors = {
                name: partial(_on_white, build) for name, build in found.extractors.items()
            }
            found = replace(found, extractors=extractors)
        return replace(found, baselines=self._unlearnt)

    def _unlearnt(self, source: Domain, targets: Callable[[], Tensor]) -> Mapping[str, Baseline]:
        """Only a picture can stand for the one that is to be made of it; of several, the first."""
        from sparring.domains.image import baselines
        from sparring.domains.image.stack import Stack

        if isinstance(source, Stack) and isinstance(source.parts[0], Image):
            return {"identity": baselines.identity}
        if not isinstance(source, Image):
            return {}
        return {"identity": baselines.identity, "histogram": baselines.histogram(targets())}

    @property
    def _premultiplied(self) -> bool:
        return self.shape[0] in (2, 4) and self.opacity == "premultiplied"

    @property
    def files(self) -> PictureFiles:
        """Files of any extent, read and written with these channels."""
        from sparring.domains.image.files import PictureFiles

        return PictureFiles(self.shape[0])

    def _bytes(self, pictures: Tensor) -> np.ndarray:
        """uint8 array of pictures that may be stored or encoded."""
        whole = self.decode(pictures) if pictures.is_floating_point() else pictures
        return whole.cpu().numpy()


def _on_white(build: Callable[[], Extractor]) -> Extractor:
    """An extractor that sees straight colours as they look, like all others."""
    found = build()
    return replace(found, read=lambda samples: found.read(_laid(samples)))


def _parted(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Colours and opacity of pictures (..., C, H, W)."""
    return samples[..., :-1, :, :], samples[..., -1:, :, :]


def _laid(samples: Tensor) -> Tensor:
    """Straight colours in [-1, 1], with their opacity, laid on white."""
    import torch

    colours, alpha = _parted(samples)
    share = (alpha + 1) / 2
    return torch.cat([colours * share + (1 - share), alpha], dim=-3)


def _lifted(samples: Tensor) -> Tensor:
    """Colours that lie on white, with their opacity, made straight: the inverse of `_laid`."""
    import torch

    colours, alpha = _parted(samples)
    share = _levels(alpha).float() / 255  # As it will be stored: so colours fit it.
    straight = 1 - (1 - colours) / share
    return torch.cat([straight.where(share > 0, 1.0), alpha], dim=-3)


def _levels(samples: Tensor) -> Tensor:
    """[-1, 1] to uint8, clamped and rounded."""
    import torch

    return ((samples + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


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


def _save(picture: np.ndarray, path: Path, clear: bool = True) -> None:
    """Files that keep no opacity, and what shall not be `clear`, are laid on white."""
    whole = raster.painted(picture)
    keeps = clear and path.suffix.lower() in raster.CLEAR
    (whole if keeps else raster.opaque(whole)).save(path)
