# ink/domain.py
"""The sample space of strokes: polylines of a fixed number of points on a square page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.types import Block
from sparring.domains.embedding import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.metrics.judging import Judging

PAGE = 100.0
"""Side of the page in mm."""
CELL = 48
"""Pixels of one stroke in a preview."""


@dataclass(frozen=True)
class Ink:
    """Strokes (2, P): where the pen was, in [-1, 1]; stored as float32 mm on the page."""

    points: int = 16

    suffixes: ClassVar[tuple[str, ...]] = (".ink",)
    many: ClassVar[bool] = True
    grid: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, int]:
        """Right and down, at each of the points."""
        return (2, self.points)

    @property
    def head(self) -> str:
        """Samples stay on the page."""
        return "tanh"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """No numbers are shares or classes."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Millimetres (N, 2, P) to [-1, 1]."""
        return stored.float() * (2 / PAGE) - 1

    def decode(self, samples: Tensor) -> Tensor:
        """[-1, 1] back to millimetres (N, 2, P), within the page."""
        return (samples.detach().float().clamp(-1, 1) + 1) * (PAGE / 2)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write strokes (N, 2, P) as JSON, one a line: [[right, down], ...] in mm."""
        rows = stored.transpose(1, 2).cpu().tolist()
        lines = [json.dumps([[round(x, 2), round(y, 2)] for x, y in row]) for row in rows]
        path.write_text("\n".join(lines) + "\n")

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Draw each stroke in a cell of its own."""
        from PIL import Image, ImageDraw

        strokes = self.decode(samples).transpose(1, 2).cpu() * (CELL / PAGE)
        across = min(columns or math.ceil(len(strokes) ** 0.5), len(strokes))
        extent = (CELL * across, CELL * math.ceil(len(strokes) / across))
        picture = Image.new("L", extent, 255)
        for index, stroke in enumerate(strokes.tolist()):
            right, down = index % across * CELL, index // across * CELL
            way = [(x + right, y + down) for x, y in stroke]
            ImageDraw.Draw(picture).line(way, fill=0, width=2)
        picture.save(path)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The preview in a page."""
        return drawn(lambda path: self.preview(samples, path, columns))

    @property
    def reading(self) -> Mapping[str, Any]:
        """Files of strokes need no option to come in this shape."""
        return {}

    @property
    def files(self) -> None:
        """No file of strokes is translated."""
        return None

    def judging(self, data: str) -> Judging:
        """How strokes are judged."""
        from ink.judging import of_strokes

        return of_strokes()
