"""One picture file: read as a model's domain stores pictures, written as it came otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.domains.image import raster
from sparring.domains.image.domain import CLEAR
from sparring.domains.layout.domain import Layout

if TYPE_CHECKING:
    from sparring.core.types import Domain

WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
QUALITY = 95


class Opened(NamedTuple):
    """A picture, and what goes around the model."""

    stored: Tensor
    """(C, H, W) as the domain stores it."""
    alpha: np.ndarray | None = None
    """(H, W) uint8 where some of the picture is transparent."""
    profile: bytes | None = None
    """The ICC profile that says what its colours mean."""


def opened(source: Path | bytes, domain: Domain) -> Opened:
    """A picture file in a domain's stored form and its own extent, upright.

    For models without an alpha channel, transparent pictures are laid on white, and their alpha
    is kept aside. Grey ones become colour for models of colours, and colour ones grey for those
    of grey. 16-bit grey is read to its full depth. Of label maps the numbers are read.

    Raises:
        InputError: a label map of colours, or with a number outside the palette.
        Exception: whatever Pillow raises for a file that it cannot read.
    """
    picture = raster.upright(source)
    if isinstance(domain, Layout):
        numbers = np.asarray(picture)[None]
        if numbers.ndim != 3:
            raise InputError("a label map must be an indexed or grey picture, not one of colours.")
        return Opened(torch.from_numpy(domain.numbered(numbers)))
    channels = domain.shape[0]
    deep = channels == 1 and raster.header(source).bits == 16
    form = raster.Form(channels, picture.height, picture.width, 16 if deep else 8)
    values = raster.fitted(picture, form)
    alpha = None if channels in (2, 4) else _alpha(picture)
    return Opened(torch.from_numpy(values.copy()), alpha, picture.info.get("icc_profile"))


def named(source: Path, leaving: Domain) -> str:
    """The file name of what is made of a source: its own, with a suffix that can be written."""
    keeps = source.suffix.lower() in WRITABLE and not isinstance(leaving, Layout)
    return source.name if keeps else source.stem + ".png"


def write(stored: Tensor, path: Path, leaving: Domain, around: Opened | None = None) -> None:
    """Write one stored picture (C, H, W), whole or not at all, with the alpha of its source.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    with whole_file(path) as draft:
        if isinstance(leaving, Layout) or stored.shape[0] in (2, 4):
            leaving.write(stored, draft)
            return
        values = stored.permute(1, 2, 0).numpy()
        if around is not None and around.alpha is not None and path.suffix.lower() in CLEAR:
            values = _lifted(values, around.alpha)
        picture = Pillow.fromarray(values[..., 0] if values.shape[2] == 1 else values)
        profile = around.profile if around is not None and picture.mode in ("RGB", "RGBA") else None
        picture.save(draft, quality=QUALITY, icc_profile=profile)


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
