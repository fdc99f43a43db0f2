"""Layouts: maps that say of every pixel which class of thing is there."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.errors import InputError
from sparring.core.ranges import Size
from sparring.domains.embedding import drawn
from sparring.domains.image.domain import Image

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from sparring.core.types import Block
    from sparring.domains.layout.files import LayoutFiles
    from sparring.metrics.judging import Judging

Colour = tuple[int, int, int]
MOST = 256
"""Classes that one stored byte can tell apart."""


@dataclass(frozen=True)
class Layout:
    """Layouts of K classes (K, H, W); encoded samples are one-hot float32.

    Stored items are the classes' numbers, uint8 (1, H, W). Pictures of them have a colour for
    each class: the palette's, or colours as different as K of them can be.
    """

    shape: tuple[Size, Size, Size]
    palette: tuple[Colour, ...] = ()
    names: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    """The numbers that stand for the classes in label maps; 0, 1, 2, ... if none are given."""

    suffixes: ClassVar[tuple[str, ...]] = (".png",)
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        classes = self.shape[0]
        if not 2 <= classes <= MOST:
            raise InputError(f"a layout has 2 to {MOST} classes, not {classes}.")
        lists = {"colours": self.palette, "names": self.names, "numbers": self.values}
        for words, given in lists.items():
            if given and len(given) != classes:
                raise InputError(f"a layout of {classes} classes has {len(given)} {words}.")

        if not all(0 <= part < 256 for part in (*self.values, *sum(self.palette, ()))):
            raise InputError("a layout's colours and numbers must be from 0 to 255.")
        if len(set(self.values)) < len(self.values):
            raise InputError("two classes of a layout have the same number.")

    @property
    def head(self) -> str:
        """Scores of classes are unbounded."""
        return "linear"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All numbers are of one kind."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Class numbers (N, 1, H, W) to one-hot float32 (N, K, H, W).

        Raises:
            InputError: a number that is no class.
        """
        import torch

        traced = torch.onnx.is_in_onnx_export()  # A graph holds no decision by its values.
        if not traced and len(stored) and int(stored.max()) >= self.shape[0]:
            raise InputError(
                f"a layout holds class {int(stored.max())}, outside its palette of "
                f"{self.shape[0]}; add the class to the palette or mend the label map."
            )
        classes = torch.arange(self.shape[0], device=stored.device)[:, None, None]
        return (stored == classes).float()

    def decode(self, samples: Tensor) -> Tensor:
        """The likeliest class of every pixel, uint8 (N, 1, H, W), of (N, K, H, W)."""
        import torch

        return samples.detach().argmax(1, keepdim=True).to(torch.uint8)

    def coloured(self, stored: Tensor) -> Tensor:
        """Class numbers (N, 1, H, W) as pictures uint8 (N, 3, H, W)."""
        import torch

        colours = torch.tensor(self.colours(), dtype=torch.uint8)
        return colours[stored[:, 0].long().cpu()].permute(0, 3, 1, 2).contiguous()

    def colours(self) -> tuple[Colour, ...]:
        """The colour of each class."""
        if self.palette:
            return self.palette
        return tuple(_colour(index, self.shape[0]) for index in range(self.shape[0]))

    def numbered(self, values: np.ndarray) -> np.ndarray:
        """The classes, uint8, that a label map's numbers stand for; of any shape.

        Raises:
            InputError: a number that stands for none.
        """
        import numpy as np

        known = np.full(MOST + 1, MOST)
        known[list(self.values or range(self.shape[0]))] = range(self.shape[0])
        classes = known[np.clip(values.astype(np.int64), -1, MOST)]
        if (classes == MOST).any():
            stray = int(values.flat[int((classes == MOST).argmax())])
            raise InputError(
                f"the value {stray} is outside the palette of {self.shape[0]} classes."
            )
        return classes.astype(np.uint8)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one layout (1, H, W) as an indexed picture with its palette."""
        import numpy as np
        from PIL import Image as Pillow

        values = self.values or tuple(range(self.shape[0]))
        palette = np.zeros((max(values) + 1, 3), np.uint8)
        palette[list(values)] = self.colours()
        picture = Pillow.fromarray(np.array(values, np.uint8)[stored[0].cpu().numpy()])
        picture.putpalette(palette.tobytes())
        picture.save(path)

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a grid of layouts in their colours; samples are stored or encoded."""
        stored = self.decode(samples) if samples.is_floating_point() else samples
        pictures = self.coloured(stored)
        Image((3, *self.shape[1:])).preview(pictures, path, columns)

    @property
    def reading(self) -> dict[str, Any]:
        """Other layouts are brought to its extent."""
        return {"size": self.shape[1:]}

    def judging(self, data: str) -> Judging:
        """Cells of the one-hot maps; agreement of classes; what can be read back of them."""
        from sparring.domains.layout.judging import of_layouts

        return of_layouts(self)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The grid of layouts as an `<img>`."""
        return drawn(lambda path: self.preview(samples, path, columns))

    @property
    def files(self) -> LayoutFiles:
        """Label maps of any extent."""
        from sparring.domains.layout.files import LayoutFiles

        return LayoutFiles(self)


def _colour(index: int, count: int) -> Colour:
    """Hues around the circle, every other one darker."""
    shade = 0.95 if index % 2 else 0.65
    red, green, blue = colorsys.hsv_to_rgb(index / count, 0.75, shade)
    return round(255 * red), round(255 * green), round(255 * blue)
