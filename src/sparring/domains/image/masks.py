"""Masks of what is missing: a picture, a folder of them, a rectangle, or white in the picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.types import Masker
from sparring.domains.image import raster

WHITE = "white"
NEARLY = 250
"""Levels from which on a channel counts as white; JPEG never leaves it pure."""


def masker(given: str | Path) -> Masker:
    """How masks are found: by "white", by a rectangle "left,top,right,bottom", or in files.

    In a mask picture, what is brighter than half is missing. In a folder of them, a picture's mask
    has its stem.

    Raises:
        InputError: it is none of these.
    """
    if str(given) == WHITE:
        return lambda path, stored: _white(stored)
    sides = str(given).split(",")
    if len(sides) == 4 and all(re.fullmatch("[0-9]{1,6}", side.strip()) for side in sides):
        left, top, right, bottom = map(int, sides)
        return lambda path, stored: _rectangle(stored, left, top, right, bottom)
    place = Path(given)
    if place.is_dir():
        files = {file.stem: file for file in sorted(place.iterdir()) if _is_picture(file)}
        return lambda path, stored: _drawn(_of(files, path, place))
    if place.is_file():
        drawn = _drawn(place)
        return lambda path, stored: drawn
    raise InputError(
        f"--mask {given} is no picture or folder of pictures, no rectangle such as 10,20,60,80 "
        f"(left, top, right, bottom in pixels), and not the word {WHITE!r}."
    )


def _white(stored: Tensor) -> Tensor:
    if stored.is_floating_point():
        return (stored > 2 * NEARLY / 255 - 1).all(0, keepdim=True).float()
    return (stored >= NEARLY).all(0, keepdim=True).float()


def _rectangle(stored: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    height, width = stored.shape[-2:]
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise InputError(
            f"the rectangle {left},{top},{right},{bottom} (left, top, right, bottom) is not within "
            f"the picture of {width} x {height} px."
        )
    mask = torch.zeros(1, height, width)
    mask[:, top:bottom, left:right] = 1.0
    return mask


def _of(files: dict[str, Path], path: Path, place: Path) -> Path:
    if path.stem not in files:
        raise InputError(f"{place} holds no mask for {path.name}; one must have its stem.")
    return files[path.stem]


def _drawn(path: Path) -> Tensor:
    header = raster.header(path)
    if header.problem:
        raise InputError(f"the mask {path} cannot be read: {header.problem}.")
    form = raster.Form(1, header.height, header.width, 8)
    try:
        return torch.from_numpy((raster.decoded(path, form) > 127).astype(np.float32))
    except Exception as error:  # Pillow's readers raise almost anything for a damaged file.
        raise InputError(f"the mask {path} cannot be read: {raster.reason(error)}.") from error


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in raster.SUFFIXES
