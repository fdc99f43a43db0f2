"""One encoded picture (PNG, JPEG, ...): its header, its pixels, and how it is made to fit."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image, Resampling

FORMATS = (
    *("PNG", "JPEG", "MPO", "WEBP", "AVIF", "BMP", "DIB", "GIF", "TIFF", "PPM", "TGA"),
    "JPEG2000",
)
"""What Pillow may open: plain raster formats only, nothing that runs another program."""
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
"""Those of several frames are animations."""
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2"),
)
"""The names of such files end so."""
CLEAR = (".png", ".webp", ".tif", ".tiff", ".avif", ".tga", ".jp2")
"""Files that keep opacity; GIF knows no half of it, and others none."""
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class Header(NamedTuple):
    """What a picture says of itself, upright; `problem` says why it cannot be read."""

    height: int = 0
    width: int = 0
    channels: int = 0
    bits: int = 8
    """8 or 16 for whole numbers, 32 for floats."""
    problem: str = ""
    indexed: bool = False
    """Whether its pixels are numbers of colours in a palette."""


class Form(NamedTuple):
    """The one form that all pictures of a data set are brought to."""

    channels: int
    height: int
    width: int
    bits: int
    fit: str = "crop"
    """How pictures of another size come to it."""


def header(file: Path | bytes) -> Header:
    """The header of a picture; no pixel is decoded."""
    try:
        with opened(file) as picture:
            return _header(picture)
    except Exception as error:  # Pillow's readers raise almost anything for a damaged file.
        return Header(problem=reason(error))


def headed(file: Path | bytes, form: Form) -> tuple[Header, np.ndarray]:
    """The header and the pixels of a picture, as `header` and `decoded`, opened once.

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read.
    """
    with opened(file) as picture:
        return _header(picture), fitted(_upright(picture), form)


def moves(file: Path | bytes) -> bool:
    """Whether it is an animation; a photo with another view of it (MPO) or pages is none.

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read.
    """
    with opened(file) as picture:
        return picture.format in ANIMATED and getattr(picture, "is_animated", False)


def _header(picture: Image) -> Header:
    width, height = picture.size
    if _orientation(picture) >= 5:
        width, height = height, width
    indexed = picture.mode == "P"
    return Header(height, width, _channels(picture), _bits(picture), indexed=indexed)


def opened(file: Path | bytes) -> Image:
    """The picture with only its header read.

    Raises:
        ValueError: more pixels than Pillow's limit (`PIL.Image.MAX_IMAGE_PIXELS`).
        Exception: whatever else Pillow raises for a file that it cannot read.
    """
    from PIL import Image as Pillow

    stream = BytesIO(file) if isinstance(file, bytes) else file
    Pillow.init()
    picture = Pillow.open(stream, formats=[name for name in FORMATS if name in Pillow.OPEN])
    pixels, limit = picture.width * picture.height, Pillow.MAX_IMAGE_PIXELS
    if limit and pixels > limit:
        picture.close()
        raise ValueError(f"{pixels / 1e6:.0f} megapixels, over the limit of {limit / 1e6:.0f}")
    return picture


def decoded(file: Path | bytes, form: Form) -> np.ndarray:
    """The pixels of a picture in a form: (C, H, W), uint8; in [-1, 1] if 16-bit; raw floats.

    It is turned the way its EXIF orientation says, fitted to the form (cropped about the centre,
    padded, or stretched) and resized with a Lanczos filter. Alpha not kept is laid on white.

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read.
    """
    return fitted(upright(file), form)


def half(file: Path | bytes, form: Form, *, right: bool) -> np.ndarray:
    """The left or right half of a picture, as in `decoded`."""
    picture = upright(file)
    middle = picture.width // 2
    return fitted(picture.crop((middle * right, 0, middle * (1 + right), picture.height)), form)


def numbers(file: Path | bytes, form: Form) -> np.ndarray:
    """The numbers (1, H, W) that an indexed or grey picture holds, not the colours they stand for.

    Cropped as in `decoded`; resized by the nearest pixel, so that none is made up.

    Raises:
        Exception: as `decoded`.
    """
    import numpy as np
    from PIL.Image import Resampling

    return np.asarray(_sized(upright(file), form, Resampling.NEAREST))[None]


def upright(file: Path | bytes) -> Image:
    """The decoded picture, turned the way its EXIF orientation says.

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read.
    """
    with opened(file) as picture:
        return _upright(picture)


def _upright(picture: Image) -> Image:
    from PIL import ImageOps

    turned = _orientation(picture) > 1
    picture.load()
    return ImageOps.exif_transpose(picture) if turned else picture


def flaw(file: Path | bytes) -> str:
    """Why the pixels of a picture cannot be read; empty if they can."""
    try:
        with opened(file) as picture:
            picture.load()
    except Exception as error:  # As above.
        return reason(error)
    return ""


def fitted(picture: Image, form: Form) -> np.ndarray:
    """A decoded picture in a form, as in `decoded`."""
    import numpy as np
    from PIL.Image import Resampling

    if form.bits == 32 and form.fit == "pad":
        raise ValueError("float pictures have no white to pad with; use --fit crop or stretch")
    picture = _as_channels(picture, form.channels) if form.bits == 8 else _as_float(picture)
    values = np.asarray(_sized(picture, form, Resampling.LANCZOS))
    if form.bits == 16:
        values = np.clip(values / np.float32(127.5) - np.float32(1), -1, 1)
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def central(shape: Sequence[int], size: Sequence[int]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the largest central cut of (H, W) with the aspect of `size`."""
    scale = min(shape[0] / size[0], shape[1] / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (shape[0] - tall) // 2, (shape[1] - wide) // 2
    return top, left, top + tall, left + wide


def _sized(picture: Image, form: Form, by: Resampling) -> Image:
    size = (form.width, form.height)
    if picture.size == size:
        return picture
    if form.fit == "stretch":
        return picture.resize(size, by)
    if form.fit == "pad":
        return _padded(picture, size, by)
    top, left, bottom, right = central(picture.size[::-1], size[::-1])
    return picture.crop((left, top, right, bottom)).resize(size, by)


def _padded(picture: Image, size: tuple[int, int], by: Resampling) -> Image:
    """All of a picture in the middle of the size; of numbers of classes, their edges go on."""
    import numpy as np
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    left, top, wide, high = inner(picture.size, size)
    small = picture.resize((wide, high), by)
    if by == Resampling.NEAREST:
        rest = ((top, size[1] - high - top), (left, size[0] - wide - left))
        return Pillow.fromarray(np.pad(np.asarray(small), rest, "edge"))
    blank = {"LA": (255, 0), "RGB": (255,) * 3, "RGBA": (255, 255, 255, 0)}
    whole = Pillow.new(picture.mode, size, blank.get(picture.mode, 255))
    whole.paste(small, (left, top))
    return whole


def inner(shape: Sequence[int], size: Sequence[int]) -> tuple[int, int, int, int]:
    """Two offsets and two sides of the largest centred rectangle in `size` shaped like `shape`."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    sides = [max(1, round(side * scale)) for side in shape]
    return (size[0] - sides[0]) // 2, (size[1] - sides[1]) // 2, sides[0], sides[1]


def mode_name(channels: int, bits: int) -> str:
    """A word for a mode: "grey", "colour with alpha", "16-bit grey"."""
    name = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}[channels]
    return {8: "", 16: "16-bit ", 32: "float "}[bits] + name


def reason(error: Exception) -> str:
    """Why a picture cannot be read, in a few words."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not a picture of a known format"
    if isinstance(error, Pillow.DecompressionBombError):
        return f"far over the limit of {(Pillow.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} megapixels"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said).rstrip(".")


def _orientation(picture: Image) -> int:
    """EXIF orientation, 1 to 8; read only where it is in the header (TIFF turns itself)."""
    return picture.getexif().get(0x0112, 1) if "exif" in picture.info else 1


def _channels(picture: Image) -> int:
    mode = picture.mode
    if mode in ("LA", "La"):
        return 2
    if mode in ("RGBA", "RGBa", "PA") or (mode == "P" and "transparency" in picture.info):
        return 4
    return 1 if mode in ("1", "L", "F", *_DEEP) else 3


def _bits(picture: Image) -> int:
    return 32 if picture.mode == "F" else 16 if picture.mode in _DEEP else 8


def _as_float(picture: Image) -> Image:
    """One channel of floats: 0 to 255 from whole numbers, of floats as they are."""
    import numpy as np
    from PIL.Image import fromarray

    if picture.mode in _DEEP:
        return fromarray(np.asarray(picture, dtype=np.float32) / np.float32(257))
    return picture if picture.mode == "F" else _as_channels(picture, 1).convert("F")


def painted(values: np.ndarray) -> Image:
    """The picture of 8-bit values (C, H, W)."""
    from PIL.Image import fromarray

    return fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))


def opaque(picture: Image) -> Image:
    """The picture in grey or colour; one with opacity is laid on white."""
    return _as_channels(picture, 1 if picture.mode in ("L", "LA") else 3)


def _as_channels(picture: Image, channels: int) -> Image:
    """8 bits in L, LA, RGB or RGBA."""
    from PIL import Image as Pillow

    if picture.mode in _DEEP:
        picture = Pillow.fromarray(_eight(picture))
    mode = ("L", "LA", "RGB", "RGBA")[channels - 1]
    if picture.mode == mode:
        return picture
    if _channels(picture) in (2, 4):
        picture = picture.convert("RGBA")
        if channels in (1, 3):
            white = Pillow.new("RGBA", picture.size, "white")
            picture = Pillow.alpha_composite(white, picture).convert("RGB")
    elif picture.mode == "P":
        picture = picture.convert("RGB")
    return picture.convert(mode)


def _eight(picture: Image) -> np.ndarray:
    import numpy as np

    return (np.asarray(picture, dtype=np.float32) / 257).round().clip(0, 255).astype(np.uint8)
