"""Sound files of any length: read as a model's domain stores them, written with its rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.core.types import Masker, Opened
from sparring.domains.sound import gaps, recordings
from sparring.domains.sound.options import Form


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

    def masker(self, given: str) -> Masker:
        """Seconds from and to that are missing, such as "0.5-0.8,1.2-1.3"; see `gaps.masker`.

        Raises:
            InputError: words that are none.
        """
        return gaps.masker(given, self.rate)


def write(stored: Tensor, rate: int, path: Path) -> None:
    """Write a stored sound (C, n), whole or not at all.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    library = recordings.soundfile()
    form = path.suffix.removeprefix(".").upper()
    with whole_file(path) as draft:
        library.write(str(draft), stored.cpu().numpy().T, rate, format=form, subtype="PCM_16")
