"""How sounds are asked for: their rate, the length of the pieces, channels, loudness."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from sparring.core.errors import InputError, unknown
from sparring.core.ranges import check
from sparring.data.kinds import Option, Reading

RATE, SECONDS = 16_000, 1.0
BLOCK = 1024
"""Pieces are made up to whole blocks of so many samples, which networks halve without a rest."""
LOUDNESS = ("kept", "peak")
"""As recorded; each recording scaled so that its loudest sample is 1 dB below full scale."""
MONO, STEREO = 1, 2
Hertz = Annotated[int, Meta(ge=1000, le=384_000)]
Length = Annotated[int, Meta(ge=BLOCK, le=2**22)]
Seconds = Annotated[float, Meta(gt=0.0, le=3600.0)]


class Form(NamedTuple):
    """The one form that all sounds of a data set are brought to."""

    rate: int
    """Samples a second."""
    length: int
    """Samples of a piece."""
    channels: int
    loudness: str

    @property
    def words(self) -> str:
        """The form, for notes."""
        ears = "mono" if self.channels == MONO else "stereo"
        return (
            f"{self.length / self.rate:.3g} s ({self.length:,} samples at {self.rate:,} Hz, {ears})"
        )


def form_of(reading: Reading) -> Form:
    """The form that was asked for.

    Raises:
        InputError: pieces that would be too long, or channels that sounds do not have.
    """
    rate = reading.asked.get("rate", RATE)
    seconds = reading.asked.get("seconds", SECONDS)
    length = BLOCK * max(1, math.ceil(round(seconds * rate) / BLOCK))
    check(f"the length of {seconds:g} s at {rate} Hz", length, Length)
    channels = _channels(reading.asked.get("channels", MONO))
    return Form(rate, length, channels, reading.asked.get("loudness", "kept"))


def _rate(rate: Any) -> int:
    whole = isinstance(rate, Integral) and not isinstance(rate, bool)
    rate = int(rate) if whole else rate  # numpy's numbers are numbers
    check("rate", rate, Hertz)
    return int(rate)


def _seconds(seconds: Any) -> float:
    number = isinstance(seconds, Real) and not isinstance(seconds, bool)
    seconds = float(seconds) if number else seconds
    check("seconds", seconds, Seconds)
    return float(seconds)


def _channels(channels: Any) -> int:
    if isinstance(channels, bool) or channels not in (MONO, STEREO):
        raise InputError(f"sounds have 1 or 2 channels, mono or stereo, not {channels}.")
    return int(channels)


def _loudness(loudness: Any) -> str:
    if loudness not in LOUDNESS:
        raise unknown("loudness", str(loudness), LOUDNESS)
    return str(loudness)


OPTIONS = (
    Option(
        "rate", f"samples a second; {RATE} if not given, sounds are resampled to it", _rate, int
    ),
    Option("seconds", "length of the pieces of sound, 1 if not given", _seconds, float),
    Option("channels", "1 mono, 2 stereo", _channels, int),
    Option("loudness", "kept (if not given), or peak, each recording brought to -1 dB", _loudness),
)
