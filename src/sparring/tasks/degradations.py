"""What light, time and machines do to pictures (N, C, H, W) in [-1, 1], each sample its own.

Random strengths come from torch's default generator, which the loop seeds for every turn.
"""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.tasks.mending import between

Range = tuple[float, float]

STRONGEST = 4.0
"""How many times as far from grey the strongest colours of `vivid` are."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantisation of brightness at quality 50 (ITU-T T.81, table K.1)."""
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8),) * 4,
)
"""Of colour (table K.2)."""


def noise(pictures: Tensor, levels: Range) -> Tensor:
    """Normal noise with a standard deviation of so many of 255 levels; not clamped."""
    spread = between(*levels, pictures) / 127.5
    return pictures + spread * torch.randn(pictures.shape).to(pictures.device)


def blur(pictures: Tensor, sigmas: Range) -> Tensor:
    """Gaussian blur with a standard deviation in pixels; borders are repeated outwards."""
    sigma = between(*sigmas, pictures).clamp_min(1e-3).flatten()
    reach = max(1, math.ceil(3 * sigmas[1]))
    places = torch.arange(-reach, reach + 1, device=pictures.device)
    kernel = torch.exp(-(places**2) / (2 * sigma[:, None] ** 2))
    kernel = kernel / kernel.sum(1, keepdim=True)
    count, channels, height, width = pictures.shape
    rows = F.pad(pictures, [reach] * 4, "replicate").reshape(
        1, count * channels, -1, width + 2 * reach
    )
    each = kernel.repeat_interleave(channels, 0)
    down = F.conv2d(rows, each[:, None, :, None], groups=count * channels)
    across = F.conv2d(down, each[:, None, None, :], groups=count * channels)
    return across.reshape(count, channels, height, width)


def some(share: float, changed: Tensor, pictures: Tensor) -> Tensor:
    """`changed` in place of about this share of the pictures."""
    return changed.where(between(0.0, 1.0, pictures) < share, pictures)


def grey(pictures: Tensor) -> Tensor:
    """Brightness, repeated to as many channels."""
    return luma(pictures).expand_as(pictures).contiguous()


def vivid(pictures: Tensor, share: float) -> Tensor:
    """About this share of colour pictures with up to STRONGEST times their colours, channels mixed.

    What no photo of a small collection shows, such as a flower's pink that fills the picture, is
    then known too.
    """
    if not share or pictures.shape[1] != 3:
        return pictures
    orders = torch.rand(pictures.shape[:2]).argsort(1)[..., None, None].to(pictures.device)
    turned = pictures.gather(1, orders.expand_as(pictures))
    bright = luma(turned)
    strong = bright + (turned - bright) * between(1.0, STRONGEST, pictures)
    return some(share, strong.clamp(-1.0, 1.0), pictures)


def luma(pictures: Tensor) -> Tensor:
    """Brightness (N, 1, H, W) of grey or colour pictures."""
    if pictures.shape[1] == 1:
        return pictures
    weights = torch.tensor(LUMA, device=pictures.device)[:, None, None]
    return (pictures[:, :3] * weights).sum(1, keepdim=True)


def shrink(pictures: Tensor, scale: int) -> Tensor:
    """Height and width divided by `scale`, bicubic and antialiased."""
    size = [extent // scale for extent in pictures.shape[2:]]
    return F.interpolate(pictures, size=size, mode="bicubic", antialias=True)


def jpeg(pictures: Tensor, qualities: Range, halved: float = 0.0) -> Tensor:
    """What is left after JPEG of this quality (1 to 100); clamped.

    Blocks of 8 x 8 go through the cosine transform and are rounded to multiples of the standard
    tables, scaled as libjpeg does (ITU-T T.81; Wallace, 1991). Colour has the full extent, or half
    of it each way (4:2:0) in about the share `halved`, as most cameras and programs write it.
    """
    quality = between(*qualities, pictures)
    height, width = pictures.shape[2:]
    padded = F.pad(pictures, (0, -width % 16, 0, -height % 16), "replicate")
    levels = _to_ycc((padded.clamp(-1, 1) + 1) * 127.5).round() - 128
    tables = _tables(pictures.shape[1]).to(pictures.device)
    found = _rounded(levels, tables, quality)
    if halved and pictures.shape[1] == 3:
        small = _rounded(F.avg_pool2d(levels[:, 1:], 2).round(), tables[1:], quality)
        large = F.interpolate(small, scale_factor=2, mode="bilinear").round()
        found = some(halved, torch.cat([found[:, :1], large], 1), found)
    back = _from_ycc((found + 128).clamp(0, 255)).round().clamp(0, 255) / 127.5 - 1
    return back[:, :, :height, :width]


def _rounded(levels: Tensor, tables: Tensor, quality: Tensor) -> Tensor:
    """Planes (N, C, H, W) of whole blocks, their spectra rounded to multiples of the tables."""
    blocks = levels.unfold(2, 8, 8).unfold(3, 8, 8)
    cosines = _cosines().to(levels.device)
    spectrum = cosines @ blocks @ cosines.T
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[..., None, None]
    steps = ((tables[None, :, None, None] * scale + 50) / 100).floor().clamp(1, 255)
    restored = cosines.T @ ((spectrum / steps).round() * steps) @ cosines
    return restored.permute(0, 1, 2, 4, 3, 5).reshape(levels.shape).round()


@functools.cache
def _cosines() -> Tensor:
    """The orthonormal cosine transform of 8 numbers."""
    places = torch.arange(8, dtype=torch.float64)
    rows = torch.cos((2 * places[None] + 1) * places[:, None] * math.pi / 16) / 2
    rows[0] /= math.sqrt(2)
    return rows.float()


def _tables(channels: int) -> Tensor:
    """(C, 8, 8): brightness first; colour only where there are three channels."""
    kinds = (LUMINANCE, CHROMINANCE, CHROMINANCE) if channels == 3 else (LUMINANCE,) * channels
    return torch.tensor(kinds, dtype=torch.float32)


def _to_ycc(levels: Tensor) -> Tensor:
    if levels.shape[1] != 3:
        return levels
    red, green, blue = levels.unbind(1)
    bright = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    colours = (blue - bright) / 1.772 + 128, (red - bright) / 1.402 + 128
    return torch.stack([bright, *colours], 1)


def _from_ycc(levels: Tensor) -> Tensor:
    if levels.shape[1] != 3:
        return levels
    bright, blueness, redness = levels.unbind(1)
    red, blue = bright + 1.402 * (redness - 128), bright + 1.772 * (blueness - 128)
    green = (bright - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return torch.stack([red, green, blue], 1)
