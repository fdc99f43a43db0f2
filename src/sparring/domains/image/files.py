"""Picture files of any extent: read as a model's domain stores them, written as they came."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.core.types import Masker, Opened
from sparring.domains.image import masks, raster

WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
QUALITY = 95


class Around(NamedTuple):
    """What goes around the model."""

    alpha: np.ndarray | None = None
    """(H, W) uint8 where some of the picture is transparent."""
    profile: bytes | None = None
    """The ICC profile that says what its colours mean."""


@dataclass(frozen=True)
class PictureFiles:
    """Files of pictures with so many channels."""

    channels: int
    suffixes: tuple[str, ...] = raster.SUFFIXES
    writable: tuple[str, ...] = WRITABLE

    @property
    def moving(self) -> int:
        """Videos are grey or colour, and have no opacity."""
        return self.channels if self.channels in (1, 3) else 0

    @property
    def lasting(self) -> None:
        """They are read whole."""
        return None

    def extent(self, path: Path) -> tuple[int, ...]:
        """Height and width, upright.

        Raises:
            InputError: a file that cannot be read.
        """
        return extent(path)

    def open(self, path: Path) -> Opened:
        """A picture in stored form and its own extent, upright.

        For models without an alpha channel, transparent pictures are laid on white, and their
        alpha is kept aside. Grey ones become colour for models of colours, and colour ones grey
        for those of grey. 16-bit grey is read to its full depth.

        Raises:
            InputError: a file that cannot be read.
        """
        picture = upright(path)
        deep = self.channels == 1 and raster.header(path).bits == 16
        form = raster.Form(self.channels, picture.height, picture.width, 16 if deep else 8)
        values = raster.fitted(picture, form)
        alpha = None if self.channels in (2, 4) else _alpha(picture)
        around = Around(alpha, picture.info.get("icc_profile"))
        return Opened(torch.from_numpy(values.copy()), around)

    def named(self, source: Path) -> str:
        """The source's own name, with a suffix that can be written."""
        return source.name if source.suffix.lower() in WRITABLE else source.stem + ".png"

    def write(self, stored: Tensor, path: Path, around: Around | None = None) -> None:
        """Write one stored picture (C, H, W), whole or not at all, with the alpha of its source.

        Raises:
            InputError: the disk is full, or the place cannot be written.
        """
        values = stored.permute(1, 2, 0).cpu().numpy()
        keeps = path.suffix.lower() in raster.CLEAR
        if around is not None and around.alpha is not None and keeps:
            values = _lifted(values, around.alpha)
        picture = Pillow.fromarray(values[..., 0] if values.shape[2] == 1 else values)
        picture = picture if keeps else raster.opaque(picture)
        profile = around.profile if around is not None and picture.mode in ("RGB", "RGBA") else None
        with whole_file(path) as draft:
            picture.save(draft, quality=QUALITY, icc_profile=profile)

    def masker(self, given: str) -> Masker:
        """White, a rectangle, a picture or a folder of them; see `masks.masker`."""
        return masks.masker(given)


def upright(path: Path) -> Pillow.Image:
    """The decoded picture, turned the way its EXIF orientation says.

    Raises:
        InputError: a file that cannot be read.
    """
    try:
        return raster.upright(path)
    except Exception as error:  # Pillow's readers raise almost anything for a damaged file.
        raise InputError(raster.reason(error) + ".") from error


def extent(path: Path) -> tuple[int, int]:
    """Height and width of a picture, upright; no pixel is decoded.

    Raises:
        InputError: a file that cannot be read.
    """
    header = raster.header(path)
    if header.problem:
        raise InputError(header.problem + ".")
    if raster.moves(path):
        raise InputError("an animation, not one picture; give one of its frames, or a video.")
    return header.height, header.width


def _alpha(picture: Pillow.Image) -> np.ndarray | None:
    if (
        picture.mode not in ("LA", "La", "RGBA", "RGBa", "PA")
        and "transparency" not in picture.info
    ):
        return None
    alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
    return None if (alpha == 255).all() else alpha


def _lifted(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours (H, W, C) that lie on white, taken off it again, with alpha as one channel more.

    What a model left alone so comes out as it went in, half-transparent borders too.
    """
    size = (values.shape[1], values.shape[0])
    if alpha.shape != values.shape[:2]:
        alpha = np.asarray(Pillow.fromarray(alpha).resize(size, Pillow.Resampling.BICUBIC))
    share = alpha[..., None].astype(np.float32) / 255
    colour = (values - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    whole = colour.round().clip(0, 255).astype(np.uint8)
    return np.concatenate([whole, alpha[..., None]], axis=2)
