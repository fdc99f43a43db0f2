"""Waveforms of one length, rate and number of channels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from sparring.core.errors import InputError
from sparring.domains.sound.options import Hertz
from sparring.domains.sound.recordings import FULL, WRITABLE

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.core.types import Block
    from sparring.domains.sound.files import SoundFiles
    from sparring.metrics.judging import Judging

Samples = Annotated[int, Meta(ge=1, le=2**22)]


@dataclass(frozen=True)
class Sound:
    """Waveforms (channels, length); encoded samples are float32 in [-1, 1].

    Stored items are int16, full scale being 32768.

    Raises:
        InputError: more than two channels.
    """

    length: Samples
    rate: Hertz = 16_000
    channels: int = 1

    suffixes: ClassVar[tuple[str, ...]] = WRITABLE
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.channels not in (1, 2):
            raise InputError(f"sounds have 1 or 2 channels, mono or stereo, not {self.channels}.")

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and samples."""
        return self.channels, self.length

    @property
    def head(self) -> str:
        """Samples lie in [-1, 1]."""
        return "tanh"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All numbers are of one kind."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Stored waveforms (N, C, L) to float32 in [-1, 1], on the device they are on."""
        if stored.is_floating_point():
            return stored.float()
        return stored.float().div_(FULL)

    def decode(self, samples: Tensor) -> Tensor:
        """Samples in [-1, 1] to int16 waveforms of the same shape, clamped and rounded."""
        return waves(samples)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one waveform (C, L), 16 bits a sample, in the format that the suffix names."""
        from sparring.domains.sound.files import write

        write(self.decode(stored) if stored.is_floating_point() else stored, self.rate, Path(path))

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write a grid of samples (N, C, L): each as waveform above its mel spectrogram."""
        from sparring.domains.sound.drawing import save

        save(self.encode(samples), self.rate, Path(path), columns)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """Players of samples (N, C, L), each below its waveform and its mel spectrogram."""
        from sparring.domains.sound.playing import players

        return players(self.encode(samples), self.rate, columns)

    @property
    def reading(self) -> dict[str, Any]:
        """Other sounds are cut to its length and resampled to its rate."""
        seconds = self.length / self.rate
        return {"rate": self.rate, "seconds": seconds, "channels": self.channels}

    def judging(self, data: str) -> Judging:
        """Spectral features alone."""
        from sparring.domains.sound.judging import of_sounds

        return of_sounds(self, data)

    @property
    def files(self) -> SoundFiles:
        """Files of any length, read and written at this rate with these channels."""
        from sparring.domains.sound.files import SoundFiles

        return SoundFiles(self.rate, self.channels)


def waves(samples: Tensor) -> Tensor:
    """[-1, 1] to int16, clamped and rounded."""
    import torch

    scaled = (samples.detach().float() * FULL).round()
    return scaled.clamp(-FULL, FULL - 1).to(torch.int16)
