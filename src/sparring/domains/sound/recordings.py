"""One recording: its header, and its samples as they are stored."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError
from sparring.data.faults import reason
from sparring.domains.sound.options import MONO, Form

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
WRITABLE = (".wav", ".flac")
FULL = 32768
"""A sample of full scale, stored."""
PEAK = 10 ** (-1 / 20)
"""The loudest sample of a recording whose loudness is evened by its peak: 1 dB below full scale."""
SECONDS = 10
"""Seconds of a recording that are decoded at a time."""
SHORT = 0.9
"""A recording that ends before this share of what its header says is damaged."""


class Header(NamedTuple):
    """What a recording's header says."""

    rate: int = 0
    channels: int = 0
    frames: int = 0
    problem: str = ""
    """Why it cannot be used; empty where it can."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.rate if self.rate else 0.0


def soundfile() -> Any:
    """The library that opens sound files.

    Raises:
        InputError: it is not installed.
    """
    return _library("soundfile")


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise InputError(
            f"sound needs the package {name}: pip install 'sparring[sound]'."
        ) from error


def opened(file: Path | bytes) -> Any:
    """The open sound file.

    Raises:
        Exception: whatever the library raises for a file that is none.
    """
    return soundfile().SoundFile(io.BytesIO(file) if isinstance(file, bytes) else str(file))


def header(file: Path | bytes) -> Header:
    """The header of a recording; no sample is decoded.

    Raises:
        InputError: a library is missing.
    """
    soundfile()
    try:
        with opened(file) as sound:
            found = Header(sound.samplerate, sound.channels, sound.frames)
    except Exception as error:  # The library's own errors have no common class.
        return Header(problem=told(error))
    return found if found.frames > 0 else found._replace(problem="it has no samples")


def told(error: Exception) -> str:
    """What the library says of a file, without the file's name, which is said anyway."""
    words = reason(error)
    return words.rpartition(": ")[2] if words.startswith("Error opening") else words


def decoded(file: Path | bytes, form: Form) -> np.ndarray:
    """The samples of a recording in a form, int16 (channels, n); it is read piece by piece.

    Raises:
        ValueError: NaN or infinity, or an end before the end that the header says.
        Exception: whatever the library raises for a damaged file.
    """
    import numpy as np

    with opened(file) as sound:
        due = -(-sound.frames * form.rate // sound.samplerate)
        blocks = _resampled(_blocks(sound, form.channels), sound.samplerate, form)
        if form.loudness != "kept":  # the loudest must be known before any is stored
            blocks = iter([np.concatenate(list(blocks))])
        wave, done = np.zeros((form.channels, due + form.rate), np.int16), 0
        for block in blocks:
            part = stored(block.T, form)[:, : wave.shape[1] - done]
            wave[:, done : done + part.shape[1]] = part
            done += part.shape[1]
    if done < SHORT * due:
        raise ValueError(f"it ends after {done / due:.0%} of what its header says")
    return wave[:, :done]


def parts(file: Path | bytes, form: Form) -> Iterator[np.ndarray]:
    """As `decoded`, for loudness that is kept: int16 (channels, n) one after the other."""
    done = 0
    with opened(file) as sound:
        due = -(-sound.frames * form.rate // sound.samplerate)
        for block in _resampled(_blocks(sound, form.channels), sound.samplerate, form):
            done += len(block)
            yield stored(block.T, form)
    if done < SHORT * due:
        raise ValueError(f"it ends after {done / due:.0%} of what its header says")


def _blocks(sound: Any, channels: int) -> Iterator[np.ndarray]:
    """Blocks of an open sound (n, channels), float32."""
    import numpy as np

    for block in sound.blocks(SECONDS * sound.samplerate, dtype="float32", always_2d=True):
        if not np.isfinite(block).all():
            raise ValueError("it holds NaN or infinity")
        yield mixed(block, channels)


def _resampled(blocks: Iterator[np.ndarray], rate: int, form: Form) -> Iterator[np.ndarray]:
    """The blocks at the form's rate, in one unbroken stream."""
    import numpy as np

    if rate == form.rate:
        yield from blocks
        return
    stream = _library("soxr").ResampleStream(rate, form.rate, form.channels, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, form.channels), np.float32), last=True)


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples (n, channels) of one rate at another."""
    if rate == wanted:
        return samples
    found: np.ndarray = _library("soxr").resample(samples, rate, wanted)
    return found


def mixed(samples: np.ndarray, channels: int) -> np.ndarray:
    """Samples (n, C) as mono (the mean of all) or as stereo (one twice, or the first two)."""
    if samples.shape[1] == channels:
        return samples
    if channels == MONO:
        return samples.mean(axis=1, keepdims=True)
    return samples.repeat(2, axis=1) if samples.shape[1] == 1 else samples[:, :2]


def stored(samples: np.ndarray, form: Form) -> np.ndarray:
    """Samples in [-1, 1] (channels, n) as int16, at the loudness that the form asks for."""
    import numpy as np

    loudest = float(np.abs(samples).max(initial=0.0))
    if form.loudness == "peak" and loudest > 0:
        samples = samples * (PEAK / loudest)
    return np.rint(samples * FULL).clip(-FULL, FULL - 1).astype(np.int16)
