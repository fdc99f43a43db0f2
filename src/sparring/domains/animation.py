"""Walks as moving pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from sparring.core.storage import whole_file

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.core.types import Domain

SIDE, PAUSE = 256, 80
"""Pixels that small samples are enlarged to, and milliseconds from one to the next."""


def write_gif(domain: Domain, walk: Tensor, out: Path, *, back: bool = True) -> None:
    """Write samples (W, *shape), stored or encoded, one after another as a GIF, for ever.

    There and `back`, or from the last one at once to the first, as steps go round.
    """
    frames = [_frame(domain, sample) for sample in walk]
    frames += frames[-2:0:-1] if back else []
    with whole_file(out) as draft:
        frames[0].save(draft, save_all=True, append_images=frames[1:], duration=PAUSE, loop=0)


def _frame(domain: Domain, sample: Tensor) -> Image.Image:
    """The preview of one sample (*shape), whole times as large, up to SIDE pixels wide."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.png"
        domain.preview(sample[None], path)
        with Image.open(path) as drawn:
            scale = max(1, SIDE // max(drawn.size))
            extent = (drawn.width * scale, drawn.height * scale)
            return drawn.resize(extent, Image.Resampling.NEAREST)
