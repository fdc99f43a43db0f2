"""Samples that show themselves in a notebook."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.storage import write_file

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.core.types import Domain


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
