"""Points: rows of numbers, such as toy mixtures and small tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.errors import InputError
from sparring.core.ranges import Above, Number, Size
from sparring.core.types import Block
from sparring.domains.embedding import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.metrics.extractor import Extractor
    from sparring.metrics.judging import Judging


@dataclass(frozen=True)
class Points:
    """Rows of F numbers; encoded samples are float32, near zero mean and unit scale.

    Stored items are float32 in the data's own units: encoded = (stored - centre) / scale.
    """

    shape: tuple[Size]
    centre: tuple[Number, ...] = ()
    """The mean of each column, in the data's units; zeros where empty."""
    scale: tuple[Above, ...] = ()
    """The spread of each column, in the data's units; ones where empty."""
    groups: tuple[tuple[Size, str], ...] = ()
    """Size and head of each block of columns, as in `Spec.blocks`; empty where all are linear."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    many: ClassVar[bool] = True
    grid: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for values in (self.centre, self.scale):
            if values and len(values) != self.shape[0]:
                raise InputError(f"points of {self.shape[0]} numbers have {len(values)} scales.")
        grouped = sum(block.size for block in self.blocks)
        if self.groups and grouped != self.shape[0]:
            raise InputError(f"points of {self.shape[0]} numbers have groups of {grouped}.")

    @property
    def head(self) -> str:
        """Samples are unbounded."""
        return "linear"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The groups of columns that belong together."""
        return tuple(Block(*group) for group in self.groups)

    def encode(self, stored: Tensor) -> Tensor:
        """Stored points (N, F) to float32 samples (N, F) of unit scale."""
        centre, scale = self._units(stored)
        return (stored.float() - centre) / scale

    def decode(self, samples: Tensor) -> Tensor:
        """Samples (N, F) to float32 points (N, F) in the data's own units."""
        centre, scale = self._units(samples)
        return samples.detach().float() * scale + centre

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one point (F,), or many (N, F), as `.npy` or else as comma-separated text."""
        import numpy as np

        rows = stored.detach().cpu().numpy()
        if Path(path).suffix == ".npy":
            np.save(path, rows)
        else:
            np.savetxt(path, np.atleast_2d(rows), delimiter=",", fmt="%.9g")

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a scatter plot of the first two numbers of samples (N, F); a histogram of one."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        points = self.decode(samples).cpu().numpy()
        figure = Figure(figsize=(5, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if points.shape[1] == 1:
            axes.hist(points[:, 0], bins=50)
        else:
            axes.scatter(points[:, 0], points[:, 1], s=4, alpha=0.5, linewidths=0)
            axes.set_aspect("equal", adjustable="datalim")
        figure.savefig(path, dpi=100)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The plot of samples (N, F) as an `<img>`."""
        return drawn(lambda path: self.preview(samples, path, columns))

    @property
    def reading(self) -> dict[str, Any]:
        """Points are read as they are."""
        return {}

    def judging(self, data: str) -> Judging:
        """The numbers themselves are the features."""
        from sparring.metrics.judging import Judging

        return Judging(extractors={"columns": columns})

    @property
    def files(self) -> None:
        """A file holds many points, so none goes through a model by itself."""
        return None

    def _units(self, like: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        centre = torch.tensor(self.centre or (0.0,), device=like.device)
        return centre, torch.tensor(self.scale or (1.0,), device=like.device)


def columns() -> Extractor:
    """No network at all: the encoded numbers as they are."""
    from sparring.metrics.extractor import of_function

    return of_function("columns", _as_they_are, "none")


def _as_they_are(samples: Tensor) -> Tensor:
    return samples
