"""Arrays as pictures: which they are, where their channels lie, what their numbers mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import cache
from sparring.data.arrays import check_finite
from sparring.data.content import CHUNK, Content, fingerprint, key_for
from sparring.data.kinds import Reading
from sparring.domains.image.raster import central, inner

if TYPE_CHECKING:
    import numpy as np

WORDS = "pictures are (N, H, W), (N, H, W, C) or (N, C, H, W) with C from 1 to 4"
SLENDER = 8
"""An array whose items are so many times as long as high may be a sound or a series as well."""
LEAST = 64
"""Pixels of the smallest picture that a row of a table is taken for."""
Convert = Callable[["np.ndarray"], "np.ndarray"]


def claims(sample: np.ndarray) -> bool:
    """Whether an array is plainly one of pictures, by its shape: (N, 1, T) is not."""
    if sample.ndim == 3:
        sides = sample.shape[1:]
    elif sample.ndim == 4 and min(sample.shape[1], sample.shape[3]) <= 4:
        sides = sample.shape[2:] if sample.shape[1] <= 4 else sample.shape[1:3]
    else:
        return False
    return min(sides) > 1 and max(sides) <= SLENDER * min(sides)


def read(sample: np.ndarray, where: str, reading: Reading) -> Content:
    """Content of an array of pictures; a size crops and resizes them.

    Raises:
        InputError: a shape or numbers that pictures do not have.
    """
    values, said = stored(sample, where, reading)
    note = f"{where} is read as {len(values)} pictures: {said}."
    return Content(sample=values, domain=image(values), notes=(note,))


def stored(sample: np.ndarray, where: str, reading: Reading) -> tuple[np.ndarray, str]:
    """Pictures (N, C, H, W) in stored form, and what they were read as in words.

    An array that is so already is not copied.

    Raises:
        InputError: as `read`.
    """
    axes, sample = _channels_first(sample, where)
    dtype, to_stored, said = _values(sample, where, reading.range)
    shape = (*sample.shape[:2], *(reading.asked.get("size") or sample.shape[2:]))
    said, fit = f"{axes}, {said}", reading.asked.get("fit", "crop")
    if sample.dtype == dtype == "uint8" and shape == sample.shape and sample.flags.c_contiguous:
        return sample, said

    def fill(out: np.ndarray) -> None:
        for start in range(0, len(sample), CHUNK):
            part = to_stored(sample[start : start + CHUNK])
            same = shape == sample.shape
            out[start : start + CHUNK] = part if same else _fit(part, shape[2:], fit)

    how = [fit] * (fit != "crop") + [reading.range] * (reading.range is not None)
    return cache.array(lambda: key_for(fingerprint(sample), shape, *how), shape, dtype, fill), said


def rows(table: np.ndarray, named: bool) -> tuple[np.ndarray, int | None] | None:
    """Square grey pictures of a table's rows, pixel by pixel; unnamed, a last column is a label.

    Columns are pixels if they are at least 64, in a square number, and whole from 0 to 255.
    """
    label = table.shape[1] - 1 if not named and _square(table[:, :-1]) else None
    pixels = table if label is None else table[:, :-1]
    if not _square(pixels):
        return None
    side = math.isqrt(pixels.shape[1])
    return pixels.astype("uint8").reshape(-1, side, side), label


def image(stored: np.ndarray) -> Part:
    """The sample space of stored pictures (N, C, H, W)."""
    shape = tuple(int(side) for side in stored.shape[1:])
    return Part("sparring.domains.image.domain:Image", shape=shape)


def _square(pixels: np.ndarray) -> bool:
    """Whether each row may be a square grey picture with 8 bits."""
    width = pixels.shape[1]
    if width < LEAST or math.isqrt(width) ** 2 != width:
        return False
    return bool(((pixels >= 0) & (pixels <= 255) & (pixels == pixels.round())).all())


def _channels_first(sample: np.ndarray, where: str) -> tuple[str, np.ndarray]:
    """The axes that an array has, and the array as (N, C, H, W)."""
    if sample.ndim == 3:
        return "(N, H, W)", sample[:, None]
    if sample.ndim == 4 and sample.shape[1] <= 4:
        return "(N, C, H, W)", sample
    if sample.ndim == 4 and sample.shape[3] <= 4:
        return "(N, H, W, C)", sample.transpose(0, 3, 1, 2)
    raise InputError(f"{where} has shape {sample.shape}; {WORDS}.")


def _values(
    sample: np.ndarray, where: str, stated: tuple[float, float] | None
) -> tuple[str, Convert, str]:
    """The stored kind of number, the function from the sample's numbers to it, and its words."""
    if stated is None and sample.dtype == "uint8":
        return _whole(sample, where, 0, 255)
    low, high = _range(sample, where)
    if stated is not None:
        if low < stated[0] or high > stated[1]:
            raise InputError(
                f"the pictures of {where} hold values from {low:g} to {high:g}, outside the "
                f"stated range {stated[0]:g}..{stated[1]:g}."
            )
        return "float32", _from(*stated), f"from {stated[0]:g} to {stated[1]:g} as stated"
    if sample.dtype.kind == "b":
        return "uint8", lambda part: part.astype("uint8") * 255, "black and white"
    if sample.dtype.kind in "ui":
        return _whole(sample, where, low, high)
    for least, most in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if low >= least and high <= most:
            said = f"floats taken to be in [{least:g}, {most:g}], as they lie from {low:g} to "
            return "float32", _from(least, most), f"{said}{high:g} (state another with --range)"
    raise _outside(where, low, high)


def _whole(sample: np.ndarray, where: str, low: float, high: float) -> tuple[str, Convert, str]:
    if low < 0 or high > 65535:
        raise _outside(where, low, high)
    if high <= 255 and sample.dtype != "uint16":
        return "uint8", lambda part: part.astype("uint8"), "whole numbers of 8 bits"
    return "float32", _from(0.0, 65535.0), "whole numbers of 16 bits"


def _from(low: float, high: float) -> Convert:
    """The function from [low, high] to [-1, 1]."""
    import numpy as np

    half, middle = np.float32((high - low) / 2), np.float32((high + low) / 2)
    if middle == 0:
        return lambda part: part.astype(np.float32) / half
    return lambda part: part.astype(np.float32) / half - middle / half


def _outside(where: str, low: float, high: float) -> InputError:
    return InputError(
        f"the pictures of {where} hold values from {low:g} to {high:g}; 8- or 16-bit whole "
        "numbers, or floats in [-1, 1], [0, 1] or [0, 255], are needed; or state a --range."
    )


def _range(sample: np.ndarray, where: str) -> tuple[float, float]:
    """Smallest and largest value; NaN and infinity are refused on the way."""
    import numpy as np

    if sample.dtype.kind == "f":
        check_finite(sample, f"the pictures of {where}")
    return float(np.min(sample)), float(np.max(sample))


def _fit(pictures: np.ndarray, size: tuple[int, ...], fit: str) -> np.ndarray:
    """Pictures (N, C, H, W) at another size: cropped about the centre, padded or stretched."""
    import numpy as np

    shape = pictures.shape[2:]
    if fit == "crop":
        top, left, bottom, right = central(shape, size)
        return _resized(pictures[:, :, top:bottom, left:right], size)
    if fit == "stretch":
        return _resized(pictures, size)
    top, left, high, wide = inner(shape, size)
    clear, white = (0, 255) if pictures.dtype == np.uint8 else (-1, 1)
    whole = np.full((*pictures.shape[:2], *size), white, pictures.dtype)
    if pictures.shape[1] in (2, 4):
        whole[:, -1] = clear
    whole[:, :, top : top + high, left : left + wide] = _resized(pictures, (high, wide))
    return whole


def _resized(pictures: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """By an antialiased bicubic filter."""
    import numpy as np
    import torch

    resized = torch.nn.functional.interpolate(
        torch.from_numpy(np.ascontiguousarray(pictures)).float(),
        size=tuple(size),
        mode="bicubic",
        antialias=True,
    )
    if pictures.dtype == np.uint8:
        return resized.round().clamp(0, 255).to(torch.uint8).numpy()
    return resized.clamp(-1, 1).numpy()
