"""Arrays as sounds: waveforms handed over in Python or in array files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.data.content import Content
from sparring.data.kinds import Reading
from sparring.domains.sound import pieces, recordings
from sparring.domains.sound.options import Form, form_of

if TYPE_CHECKING:
    import numpy as np

WORDS = "sounds are (N, L), or (N, C, L) with C 1 or 2"
LEAST = 1024
"""Samples of the shortest array that is plainly one of sounds."""
DECODED = {"array", "sampling_rate"}
"""The keys of a decoded sound, as `datasets` and `transformers` hand it over."""


def claims(sample: np.ndarray) -> bool:
    """Whether an array is plainly one of sounds: (N, 1 or 2, L)."""
    return sample.ndim == 3 and sample.shape[1] <= 2 and sample.shape[2] >= LEAST


def read(sample: np.ndarray, where: str, reading: Reading) -> Content:
    """Content of an array of sounds at the rate that is asked for, cut into pieces.

    Raises:
        InputError: a shape or numbers that sounds do not have; silence only.
    """
    if sample.ndim not in (2, 3) or (sample.ndim == 3 and sample.shape[1] > 2):
        raise InputError(f"{where} has shape {sample.shape}; {WORDS}.")
    return ragged(list(sample), where, reading)


def ragged(samples: Sequence[np.ndarray], where: str, reading: Reading) -> Content:
    """Content of sounds (L,) or (C, L) of any lengths, at the rate that is asked for.

    Raises:
        InputError: as `read`.
    """
    form = form_of(reading)
    return of_decoded([(sample, form.rate) for sample in samples], where, form)


def claims_decoded(item: Any) -> bool:
    """Whether an item is a decoded sound: its samples, and their rate."""
    return isinstance(item, Mapping) and set(item) >= DECODED


def read_decoded(items: Sequence[Any], where: str, reading: Reading) -> Content:
    """Content of decoded sounds, resampled to the rate that is asked for.

    Raises:
        InputError: as `read`.
    """
    import numpy as np

    found = [(np.asarray(item["array"]), int(item["sampling_rate"])) for item in items]
    return of_decoded(found, where, form_of(reading))


def of_decoded(found: Sequence[tuple[np.ndarray, int]], where: str, form: Form) -> Content:
    """Content of samples with their rates."""
    names = [f"item {number}" for number in range(len(found))]
    waves = [
        _wave(sample, rate, form, f"{name} of {where}")
        for name, (sample, rate) in zip(names, found, strict=True)
    ]
    return pieces.of_waves(waves, where, names, form)


def _wave(sample: np.ndarray, rate: int, form: Form, where: str) -> np.ndarray:
    """A stored waveform of samples (L,), (C, L) or (L, C)."""
    import numpy as np

    if sample.ndim not in (1, 2) or sample.dtype.kind not in "if" or not sample.size:
        raise InputError(f"{where} has shape {sample.shape} and type {sample.dtype}; {WORDS}.")
    wide = sample[:, None] if sample.ndim == 1 else sample
    wide = wide.T if sample.ndim == 2 and wide.shape[0] <= wide.shape[1] else wide
    values = _unit(np.ascontiguousarray(wide), where)
    mixed = recordings.mixed(values, form.channels)
    return recordings.stored(recordings.resampled(mixed, rate, form.rate).T, form)


def _unit(values: np.ndarray, where: str) -> np.ndarray:
    """Samples as float32 in [-1, 1]: whole numbers by their bits, floats as they are."""
    import numpy as np

    if values.dtype.kind == "i":
        return (values / float(-np.iinfo(values.dtype).min)).astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{where} holds NaN or infinity.")
    loudest = float(np.abs(values).max())
    if loudest > 1.0:
        raise InputError(f"{where} has samples up to {loudest:g}; sounds lie in [-1, 1].")
    return values.astype(np.float32)
