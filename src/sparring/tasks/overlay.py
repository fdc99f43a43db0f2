"""Watermarks: words laid over a picture."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.tasks.degradations import Range
from sparring.tasks.mending import between

WORDS = ("SAMPLE", "preview", "COPYRIGHT", "draft", "2026", "Proof")


def overlay(pictures: Tensor, opacities: Range) -> Tensor:
    """Words in white or black at a random place, extent and opacity, (N, C, H, W) in [-1, 1]."""
    stencils = torch.stack([_placed(pictures.shape[2:]) for _ in range(len(pictures))])
    opaque = stencils[:, None].to(pictures) * between(*opacities, pictures)
    shade = torch.where(torch.rand(len(pictures), 1, 1, 1) < 0.7, 1.0, -1.0).to(pictures)
    return pictures + opaque * (shade - pictures)


def _placed(space: torch.Size) -> Tensor:
    """(H, W): one word, a third to the whole of the width."""
    word = _written(WORDS[int(torch.randint(len(WORDS), ()))])
    width = max(4, int(space[1] * (0.35 + 0.65 * float(torch.rand(())))))
    height = min(max(2, round(width * word.shape[0] / word.shape[1])), space[0])
    drawn = F.interpolate(word[None, None], (height, width), mode="bilinear", antialias=True)[0, 0]
    top, left = (
        int(torch.randint(extent - taken + 1, ()))
        for extent, taken in zip(space, (height, width), strict=True)
    )
    return F.pad(drawn, (left, space[1] - width - left, top, space[0] - height - top))


@functools.cache
def _written(word: str) -> Tensor:
    """A word in Pillow's own font: its opacity in [0, 1], cut to its extent."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(32)
    box = font.getbbox(word)
    picture = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2))
    ImageDraw.Draw(picture).text((0, 0), word, fill=255, font=font)
    return torch.from_numpy(np.array(picture.crop(picture.getbbox()))).float() / 255
