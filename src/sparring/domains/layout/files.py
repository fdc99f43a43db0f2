"""Files of layouts: indexed or grey pictures whose numbers are classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.core.types import Masker, Opened
from sparring.domains.image import raster
from sparring.domains.image.files import WRITABLE, extent, upright

if TYPE_CHECKING:
    from sparring.domains.layout.domain import Layout


@dataclass(frozen=True)
class LayoutFiles:
    """Label maps of one palette."""

    layout: Layout
    suffixes: tuple[str, ...] = raster.SUFFIXES
    writable: tuple[str, ...] = WRITABLE
    moving: int = 0

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
        """The classes (1, H, W) that a label map's numbers stand for.

        Raises:
            InputError: a file that cannot be read, a label map of colours, or one with a number
                outside the palette.
        """
        numbers = np.asarray(upright(path))[None]
        if numbers.ndim != 3:
            raise InputError("a label map must be an indexed or grey picture, not one of colours.")
        return Opened(torch.from_numpy(self.layout.numbered(numbers)))

    def named(self, source: Path) -> str:
        """The source's name as PNG, which keeps numbers as they are."""
        return source.stem + ".png"

    def write(self, stored: Tensor, path: Path, around: Any = None) -> None:
        """Write one layout (1, H, W), whole or not at all.

        Raises:
            InputError: the disk is full, or the place cannot be written.
        """
        with whole_file(path) as draft:
            self.layout.write(stored, draft)

    def masker(self, given: str) -> Masker:
        """There is nothing to repair in layouts.

        Raises:
            InputError: always.
        """
        raise InputError("layouts take no mask; leave out --mask.")
