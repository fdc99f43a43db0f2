"""A column of sounds in a Hugging Face data set or in shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparring.data.content import Content
from sparring.data.encoded import Encoded
from sparring.data.hub import contents
from sparring.data.kinds import Cells, Decoder, Reading
from sparring.domains.sound import pieces, recordings
from sparring.domains.sound.options import form_of

if TYPE_CHECKING:
    import numpy as np


def claims(name: str, feature: Any) -> bool:
    """Whether a column is declared to hold sounds."""
    import datasets

    return isinstance(feature, datasets.Audio)


def plain(feature: Any) -> Any:
    """Sounds as their files' bytes."""
    import datasets

    return datasets.Audio(decode=False)


def read(cells: Cells, reading: Reading) -> Content:
    """All pieces of a column's sounds.

    Raises:
        InputError: they are such as a folder of them would be refused for.
    """
    files = _encoded(cells)
    return pieces.read(files, pieces.survey(files, reading.progress), reading)


def flaws(cells: Cells, reading: Reading) -> list[str]:
    """Why each sound cannot be used; empty words where it can."""
    files = _encoded(cells)
    return pieces.flaws(files, pieces.survey(files, reading.progress), reading)


def decoder(cells: Cells, reading: Reading) -> Decoder:
    """Decodes the beginning of each sound, one piece of it."""
    import numpy as np

    form = form_of(reading)
    shape = (form.channels, form.length)

    def decode(value: Any) -> np.ndarray:
        piece = np.zeros((1, *shape), np.int16)
        pieces.put(recordings.decoded(contents(value), form), piece)
        return piece[0]

    return Decoder(pieces.domain(form), shape, "int16", decode)


def _encoded(cells: Cells) -> Encoded:
    opened = cells.open
    return Encoded(
        cells.names, lambda number: contents(opened(number)), cells.where, cells.key, "sounds"
    )
