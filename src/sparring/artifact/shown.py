"""Samples and models that show themselves in a notebook."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.artifact.tiling import at_once
from sparring.core.storage import write_file

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Domain

FEW, CELLS = 8, 1 << 17
"""Samples in a model's own picture, and their cells of space: looking at it costs little."""
CLOUD = 1000
"""Samples where all lie in one plot."""


class Shown:
    """A preview of samples (N, *shape): the last line of a notebook's cell draws it."""

    def __init__(self, domain: Domain, samples: Tensor, columns: int | None = None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "preview.png"
            domain.preview(samples, path, columns)
            self._png = path.read_bytes()
        self._html = domain.embed(samples, columns)
        self._count = len(samples)

    def __repr__(self) -> str:
        return f"a preview of {self._count} samples; .save(path) writes it as PNG"

    def _repr_html_(self) -> str:
        return self._html

    def _repr_png_(self) -> bytes:
        return self._png

    def save(self, path: str | Path) -> None:
        """Write the preview as a PNG file.

        Raises:
            InputError: the place cannot be written.
        """
        write_file(Path(path), self._png)


def html_of(model: Model) -> str:
    """A model in HTML: what it is, its scores, and some samples where it makes them of nothing."""
    licence = model.manifest.data.get("licence") or "not stated"
    parts = [f"<p><code>{escape(repr(model))}</code><br>Licence of the data: {escape(licence)}</p>"]
    if model.scores.get("scores"):
        parts.append(f"<table>{''.join(_rows(model.scores))}</table>")
    if "sample" in model.task.abilities:
        shape, grid = model.manifest.spec.shape, model.domain.grid
        count = at_once(FEW, CELLS, shape) if grid else CLOUD
        parts.append(model.domain.embed(model.sample(count), FEW))
    return "".join(parts)


def _rows(scores: Mapping[str, Any]) -> Iterator[str]:
    """Each score with its interval and, where it was measured, the floor of real data."""
    floor = (scores.get("floor") or {}).get("scores", {})
    yield "<tr><th>score<th>value<th>95 % interval<th>floor</tr>"
    for name, found in scores["scores"].items():
        interval = f"{found['low']:.4g} to {found['high']:.4g}"
        real = f"{floor[name]['value']:.4g}" if name in floor else ""
        yield f"<tr><td>{escape(name)}<td>{found['value']:.4g}<td>{interval}<td>{real}</tr>"
