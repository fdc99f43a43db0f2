"""Large folders of pictures: a sample of headers tells the form, and all are opened only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.data import cache
from sparring.data.content import looked_at
from sparring.data.encoded import Encoded, each
from sparring.data.kinds import Reading
from sparring.domains.image import pictures, raster
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np


class _OtherForm(Exception):
    """All pictures ask for another form than the sample."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form


def sample(files: Encoded) -> Encoded:
    """So many of the pictures as a survey looks at, evenly spread; all where they are few."""
    return files.only(looked_at(len(files)))


def decode(files: Encoded, reading: Reading) -> tuple[np.ndarray, Form, list[Header]]:
    """All pictures as `pictures.settle` and `pictures.decode` make them, their form, and headers.

    The form is that of a sample. Headers of all are noted while they are decoded: where these ask
    for another form, all are decoded again, so what is made is what a survey of all would make.
    The headers are the sample's where the decoded pictures were found in the cache.

    Raises:
        InputError: as `pictures.settle` and `pictures.decode`.
    """
    some = sample(files)
    headers = pictures.survey(some, reading.progress)
    good = [number for number, header in enumerate(headers) if not header.problem]
    headers = [headers[number] for number in good] or headers
    form = pictures.settle(some.only(good or range(len(some))), headers, reading)
    while True:
        try:
            values, seen = _decoded(files, form, reading)
        except _OtherForm as other:
            form = other.form
        else:
            return values, form, seen or headers


def _decoded(files: Encoded, form: Form, reading: Reading) -> tuple[np.ndarray, list[Header]]:
    """The pictures and their headers, if they had to be decoded.

    Raises:
        _OtherForm: this form is not that of all.
    """
    shape = (len(files), form.channels, form.height, form.width)
    seen: list[Header] = []

    def fill(out: np.ndarray) -> None:
        def one(index: int) -> Header:
            try:
                header, out[index] = raster.headed(files.open(index), form)
            except Exception as error:  # Pillow's readers raise almost anything.
                return Header(problem=raster.reason(error))
            return header

        seen.extend(each(files, one, "decoding pictures", reading.progress))
        exact = pictures.settle(files, seen, reading)
        if exact != form:
            raise _OtherForm(exact)

    asked = [reading.asked.get(name) for name in ("size", "channels")]
    # What was asked for is in the key: a form that was asked for is no proof of that of all.
    words = [str(word) for word in (*form, *asked)]
    key = f"{files.key}-{'-'.join(words)}".replace(" ", "")
    return cache.array(lambda: key, shape, "uint8" if form.bits == 8 else "float32", fill), seen
