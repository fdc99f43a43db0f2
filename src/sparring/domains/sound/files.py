"""Sound files of any length: read as a model's domain stores them, written with its rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.domain import Stream
from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.core.types import Masker, Opened
from sparring.domains.sound import gaps, recordings
from sparring.domains.sound.options import Form

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class SoundFiles:
    """Files of sounds, brought to a rate and a number of channels."""

    rate: int
    channels: int
    suffixes: tuple[str, ...] = recordings.SUFFIXES
    writable: tuple[str, ...] = recordings.WRITABLE

    @property
    def moving(self) -> int:
        """No video is made of sounds."""
        return 0

    @property
    def lasting(self) -> SoundFiles:
        """Sounds may last for hours."""
        return self

    def extent(self, path: Path) -> tuple[int, ...]:
        """Samples at this rate.

        Raises:
            InputError: a file that cannot be read.
        """
        found = recordings.header(path)
        if found.problem:
            raise InputError(f"{found.problem}.")
        return (-(-found.frames * self.rate // found.rate),)

    def open(self, path: Path) -> Opened:
        """A sound in stored form (C, n) and its own length, at this rate.

        Raises:
            InputError: a file that cannot be read.
        """
        (length,) = self.extent(path)
        form = Form(self.rate, length, self.channels, "kept")
        try:
            found = torch.from_numpy(recordings.decoded(path, form))
            return Opened(F.pad(found, (0, length - found.shape[1])))
        except InputError:
            raise
        except Exception as error:  # The library's own errors have no common class.
            raise InputError(f"{recordings.told(error)}.") from error

    def named(self, source: Path) -> str:
        """The source's own name, with a suffix that can be written."""
        kept = source.suffix.lower() in self.writable
        return source.name if kept else f"{source.stem}.wav"

    def write(self, stored: Tensor, path: Path, around: None = None) -> None:
        """Write one stored sound (C, n), whole or not at all.

        Raises:
            InputError: the disk is full, or the place cannot be written.
        """
        write(stored, self.rate, path)

    def stream(self, path: Path, mask: str | None) -> Stream:
        """The sound in parts, decoded when they are asked for.

        Raises:
            InputError: as `open`, and of a mask as `masker`; while reading, as `open`.
        """
        (length,) = self.extent(path)
        spans = [] if mask is None else gaps.spans_of(mask)
        gaps.check_within(spans, length, self.rate)
        gaps.check_some_left(spans, length, self.rate)
        window = _Window(recordings.parts(path, Form(self.rate, length, self.channels, "kept")))

        def read(start: int, end: int) -> Tensor:
            found = window.read(start, end)
            if mask is None:
                return found
            missing = gaps.missing(spans, self.rate, start, end).to(found.dtype)
            return torch.cat([found, missing])

        return Stream(length, read)

    def write_parts(self, parts: Iterator[Tensor], path: Path) -> None:
        """Write a sound of stored parts (C, n), whole or not at all.

        Raises:
            InputError: the disk is full, or the place cannot be written.
        """
        library = recordings.soundfile()
        form = path.suffix.removeprefix(".").upper()
        with (
            whole_file(path) as draft,
            library.SoundFile(
                str(draft), "w", self.rate, self.channels, format=form, subtype="PCM_16"
            ) as sound,
        ):
            for part in parts:
                sound.write(part.numpy().T)

    def masker(self, given: str) -> Masker:
        """Seconds from and to that are missing, such as "0.5-0.8,1.2-1.3"; see `gaps.masker`.

        Raises:
            InputError: words that are none.
        """
        return gaps.masker(given, self.rate)


class _Window:
    """What is held of a sound that is read from start to end; beyond its end is silence."""

    def __init__(self, parts: Iterator[np.ndarray]) -> None:
        self.parts, self.begin = parts, 0
        self.held: Tensor | None = None

    def read(self, start: int, end: int) -> Tensor:
        """Samples (C, end - start) as stored.

        Raises:
            InputError: a part that cannot be decoded.
        """
        while self.held is None or self.begin + self.held.shape[1] < end:
            part = self._next()
            if part is None:
                break
            self.held = part if self.held is None else torch.cat([self._from(start), part], 1)
        found = self._from(start)[:, : end - start]
        return F.pad(found, (0, end - start - found.shape[1]))

    def _from(self, start: int) -> Tensor:
        """What is held from this sample on; what is before it is let go."""
        assert self.held is not None
        self.held = self.held[:, max(start - self.begin, 0) :]
        self.begin = max(self.begin, start)
        return self.held

    def _next(self) -> Tensor | None:
        try:
            part = next(self.parts, None)
        except InputError:
            raise
        except Exception as error:  # The library's own errors have no common class.
            raise InputError(f"{recordings.told(error)}.") from error
        return None if part is None else torch.from_numpy(part)


def write(stored: Tensor, rate: int, path: Path) -> None:
    """Write a stored sound (C, n), whole or not at all.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    library = recordings.soundfile()
    form = path.suffix.removeprefix(".").upper()
    with whole_file(path) as draft:
        library.write(str(draft), stored.cpu().numpy().T, rate, format=form, subtype="PCM_16")
