"""A column of pictures in a Hugging Face data set or in shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.encoded import Encoded
from sparring.data.hub import contents
from sparring.data.kinds import Cells, Decoder, Reading
from sparring.domains.image import pictures, raster
from sparring.domains.image.arrays import image
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np


def claims(name: str, feature: Any) -> bool:
    """Whether a column holds pictures: so declared, or the bytes of files."""
    import datasets

    if isinstance(feature, dict):
        return set(feature) == {"bytes", "path"}
    binary = isinstance(feature, datasets.Value) and feature.dtype in ("binary", "large_binary")
    return isinstance(feature, datasets.Image) or (binary and not name.startswith("__"))


def plain(feature: Any) -> Any:
    """Pictures as their files' bytes."""
    import datasets

    return datasets.Image(decode=False)


def read(cells: Cells, reading: Reading) -> Content:
    """All pictures of a column.

    Raises:
        InputError: they are such as a folder of them would be refused for.
    """
    files = _encoded(cells)
    headers = pictures.survey(files, reading.progress)
    form = _form(files, headers, reading)
    values = pictures.decode(files, form, reading.progress)
    notes = pictures.told(headers, form, reading)
    return Content(sample=values, domain=image(values), notes=notes)


def flaws(cells: Cells, reading: Reading) -> list[str]:
    """Why each picture cannot be used; empty words where it can."""
    files = _encoded(cells)
    headers = pictures.survey(files, reading.progress)
    return pictures.flaws(files, headers, reading.progress)


def decoder(cells: Cells, reading: Reading) -> Decoder:
    """Decodes pictures to the form that the first ones ask for.

    Raises:
        InputError: as `read`.
    """
    files = _encoded(cells)
    form = _form(files, pictures.survey(files, reading.progress), reading)

    def decode(value: Any) -> np.ndarray:
        return _decoded(contents(value), form, fitting="size" in reading.asked)

    domain = Part("sparring.domains.image.domain:Image", shape=form[:3])
    return Decoder(domain, form[:3], "uint8" if form.bits == 8 else "float32", decode)


def _encoded(cells: Cells) -> Encoded:
    return Encoded(cells.names, lambda number: contents(cells.open(number)), cells.where, cells.key)


def _form(files: Encoded, headers: Sequence[Header], reading: Reading) -> Form:
    form = pictures.settle(files, headers, reading)
    if form.bits == 32:
        raise InputError(f"{files.where} holds float pictures; convert them to .npy.")
    return form


def _decoded(data: bytes, form: Form, *, fitting: bool) -> np.ndarray:
    """The pixels of a picture, stored; unless they are fitted, pictures must have one size."""
    import numpy as np

    header = raster.header(data)
    problem = header.problem
    if not (problem or fitting) and header[:2] != form[1:3]:
        problem = f"{header.height} x {header.width}, unlike the first; give a --size"
    if problem:
        raise ValueError(problem)
    return np.array(raster.decoded(data, form))
