"""Many recordings as pieces of one length: cut, padded, without silence."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import cache
from sparring.data.content import CHUNK, Content, Progress, key_for
from sparring.data.encoded import Encoded, each, refuse
from sparring.data.kinds import Reading
from sparring.domains.sound import recordings
from sparring.domains.sound.options import Form, form_of
from sparring.domains.sound.recordings import Header

if TYPE_CHECKING:
    import numpy as np

SILENT = 32
"""A piece is silent whose samples, stored, are all below this: 60 dB under full scale."""


class Cut(NamedTuple):
    """Where each recording's pieces lie among all."""

    counts: tuple[int, ...]
    """Pieces of each recording."""
    padded: int
    """Recordings that are shorter than one piece."""

    @property
    def places(self) -> list[slice]:
        """The place of each recording's pieces."""
        ends = itertools.accumulate(self.counts, initial=0)
        return [slice(*pair) for pair in itertools.pairwise(ends)]


def domain(form: Form) -> Part:
    """The sample space of pieces."""
    return Part(
        "sparring.domains.sound.domain:Sound",
        length=form.length,
        rate=form.rate,
        channels=form.channels,
    )


def survey(items: Encoded, progress: Progress | None = None) -> list[Header]:
    """The headers of all recordings; no sample is decoded."""
    recordings.soundfile()
    return each(
        items, lambda index: recordings.header(items.open(index)), "reading headers", progress
    )


def flaws(items: Encoded, headers: Sequence[Header], reading: Reading) -> list[str]:
    """Why each recording cannot be used, samples included; empty where it can."""
    form = form_of(reading)

    def decodes(index: int) -> str:
        if not headers[index].problem:
            try:
                recordings.decoded(items.open(index), form)
            except Exception as error:  # The library's own errors have no common class.
                return recordings.told(error)
        return headers[index].problem

    return each(items, decodes, "decoding sounds", reading.progress)


def read(items: Encoded, headers: Sequence[Header], reading: Reading) -> Content:
    """All pieces of these recordings; `origin` says which each was cut from.

    Raises:
        InputError: recordings that cannot be read, or silence only.
    """
    form = form_of(reading)
    values, cut = decoded(items, headers, reading)
    found = _content(values, items, cut, form, _key(items, form))
    return found.replace(notes=(*found.notes, *told(headers, form)))


def decoded(items: Encoded, headers: Sequence[Header], reading: Reading) -> tuple[np.ndarray, Cut]:
    """All pieces of these recordings (N, C, length), silent ones too, and where they lie.

    Raises:
        InputError: recordings that cannot be read.
    """
    refuse(items, [header.problem for header in headers])
    form = form_of(reading)
    cut = cut_of([-(-header.frames * form.rate // header.rate) for header in headers], form.length)

    def fill(out: np.ndarray) -> None:
        def one(index: int) -> str:
            try:
                put(recordings.decoded(items.open(index), form), out[cut.places[index]])
            except Exception as error:  # The library's own errors have no common class.
                return recordings.told(error)
            return ""

        refuse(items, each(items, one, "decoding sounds", reading.progress))

    return _array(_key(items, form), sum(cut.counts), form, fill), cut


def _key(items: Encoded, form: Form) -> str:
    return key_for(items.key, tuple(form))


def of_waves(waves: Sequence[np.ndarray], where: str, names: Sequence[str], form: Form) -> Content:
    """All pieces of stored waveforms, int16 (channels, n) each; as `read`.

    Raises:
        InputError: silence only.
    """
    items = Encoded(names, lambda number: b"", where, "", "sounds")
    cut = cut_of([wave.shape[1] for wave in waves], form.length)
    values = _array("", sum(cut.counts), form, None)
    for wave, place in zip(waves, cut.places, strict=True):
        put(wave, values[place])
    return _content(values, items, cut, form, "")


def cut_of(lengths: Sequence[int], length: int) -> Cut:
    """How many pieces recordings of these lengths make: a rest counts from half a piece on."""
    counts = [max(1, (2 * n + length) // (2 * length)) for n in lengths]
    return Cut(tuple(counts), sum(n < length for n in lengths))


def put(wave: np.ndarray, pieces: np.ndarray) -> None:
    """Cut a stored waveform (C, n) into pieces (N, C, length); what is not there is silence."""
    length = pieces.shape[2]
    for number, piece in enumerate(pieces):
        part = wave[:, number * length : (number + 1) * length]
        piece[:, : part.shape[1]] = part
        piece[:, part.shape[1] :] = 0


def audible(values: np.ndarray) -> np.ndarray:
    """(N,) bool: which pieces (N, C, length) are not silent."""
    import numpy as np

    found = np.empty(len(values), dtype=bool)
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK].astype(np.int32)
        found[start : start + CHUNK] = np.abs(part).max(axis=(1, 2)) >= SILENT
    return found


def _array(
    key: str, count: int, form: Form, fill: Callable[[np.ndarray], None] | None
) -> np.ndarray:
    import numpy as np

    shape = (count, form.channels, form.length)
    return (
        np.empty(shape, np.int16)
        if fill is None
        else cache.array(lambda: key, shape, "int16", fill)
    )


def _content(values: np.ndarray, items: Encoded, cut: Cut, form: Form, key: str) -> Content:
    """Content of the pieces that are not silent."""
    import numpy as np

    heard = np.flatnonzero(audible(values))
    if not len(heard):
        raise InputError(
            f"{items.where} holds silence only: nothing in it is louder than -60 dB of full scale."
        )
    origin = np.repeat(np.arange(len(cut.counts)), cut.counts)
    names = [
        name for i, name in enumerate(items.names) for name in _named(name, cut.counts[i], form)
    ]
    return Content(
        sample=_only(values, heard, key),
        domain=domain(form),
        origin=origin[heard],
        names=[names[index] for index in heard],
        notes=_cut_notes(cut, len(values) - len(heard), form),
    )


def _only(values: np.ndarray, kept: np.ndarray, key: str) -> np.ndarray:
    """The values at these places; where they lie in the cache, the others beside them."""
    import numpy as np

    if len(kept) == len(values):
        return values
    if not isinstance(values, np.memmap):
        return values[kept]

    def fill(out: np.ndarray) -> None:
        for start in range(0, len(kept), CHUNK):
            out[start : start + CHUNK] = values[kept[start : start + CHUNK]]

    return cache.kept(f"{key}-heard", (len(kept), *values.shape[1:]), "int16", fill)


def _named(name: str, count: int, form: Form) -> list[str]:
    """What sentences call a recording's pieces."""
    if count == 1:
        return [name]
    return [f"{name} at {number * form.length / form.rate:.1f} s" for number in range(count)]


def _cut_notes(cut: Cut, silent: int, form: Form) -> tuple[str, ...]:
    total, recorded = sum(cut.counts), len(cut.counts)
    padded = f"; {cut.padded} shorter ones are padded with silence" if cut.padded else ""
    notes = [f"{recorded} sounds make {total} pieces of {form.words}{padded}."]
    if recorded == 1:
        notes.append(
            "all pieces are of one sound, so none can be held out to judge by; give several, or "
            "folders train and test."
        )
    if silent:
        notes.append(f"{silent} silent pieces are left out (no sample above -60 dB).")
    if form.loudness == "peak":
        notes.append("each sound is scaled so that its loudest sample is at -1 dB.")
    return tuple(notes)


def told(headers: Sequence[Header], form: Form) -> tuple[str, ...]:
    """What becomes of recordings of another rate, or of more channels."""
    notes = []
    rates = Counter(header.rate for header in headers)
    if set(rates) != {form.rate}:
        mixed = "rates are mixed: " if len(rates) > 1 else ""
        listed = ", ".join(f"{count} at {rate:,} Hz" for rate, count in rates.most_common())
        notes.append(f"{mixed}{listed}; all are resampled to {form.rate:,} Hz (--rate).")
    more = Counter(header.channels for header in headers if header.channels != form.channels)
    if more:
        listed = ", ".join(f"{count} of {n} channels" for n, count in more.most_common())
        how = (
            "mixed to mono (--channels 2 for stereo)"
            if form.channels == 1
            else ("brought to stereo: one is taken twice, and of many the first two")
        )
        notes.append(f"{listed}, {how}.")
    return tuple(notes)
