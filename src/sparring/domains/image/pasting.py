"""Objects pasted into photos, for a model to blend them in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.ranges import Size, check
from sparring.domains.image import raster
from sparring.domains.image.files import upright

SOLID = 128
"""The alpha from which on a pixel belongs to the object."""


def pasted(
    photo: Path,
    cutout: Path,
    channels: int,
    at: tuple[int, int] | None = None,
    height: int | None = None,
) -> tuple[Tensor, Tensor]:
    """A cut-out laid on a photo: the composite uint8 (C, H, W) and the object's mask (1, H, W).

    `at` is the object's centre, x and y in pixels, the photo's own if not given; `height` is what
    the object is resized to, at most the photo's. What reaches over the border is cut off.

    Raises:
        InputError: a file that cannot be read, a cut-out without transparency, or a place where
            nothing of it is seen.
    """
    below, object_ = _read(photo).convert("RGB"), _read(cutout)
    if raster.header(cutout).channels not in (2, 4):
        raise InputError(f"{cutout} has no transparency, so nothing says what the object is.")
    height = min(object_.height, max(below.height // 2, 1)) if height is None else height
    object_ = _fitted(object_.convert("RGBA"), height)
    x, y = at or (below.width // 2, below.height // 2)
    sheet = Pillow.new("RGBA", below.size)
    sheet.paste(object_, (x - object_.width // 2, y - object_.height // 2))
    below.paste(sheet, mask=sheet.getchannel("A"))
    mask = np.asarray(sheet.getchannel("A")) >= SOLID
    if not mask.any():
        raise InputError(f"nothing of {cutout} is seen at {x},{y}; --at is its centre, x,y.")
    values = raster.fitted(below, raster.Form(channels, below.height, below.width, 8))
    return torch.from_numpy(values.copy()), torch.from_numpy(mask.astype(np.float32))[None]


def _read(path: Path) -> Pillow.Image:
    try:
        return upright(path)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _fitted(picture: Pillow.Image, height: int) -> Pillow.Image:
    check("--height, in pixels,", height, Size)
    width = max(1, round(picture.width * height / picture.height))
    check("the object's width, in pixels,", width, Size)
    return picture.resize((width, height), Pillow.Resampling.LANCZOS)
