"""What one request, and all of them together, may ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sparring.core.errors import InputError
from sparring.core.ranges import check

RANGES = {
    "batch": Annotated[int, Meta(ge=1, le=1024)],
    "window": Annotated[float, Meta(ge=0.0, le=10_000.0)],
    "queue": Annotated[int, Meta(ge=1, le=100_000)],
    "seconds": Annotated[float, Meta(gt=0.0, le=86_400.0)],
    "megabytes": Annotated[float, Meta(gt=0.0, le=100_000.0)],
    "megapixels": Annotated[float, Meta(gt=0.0, le=100_000.0)],
    "count": Annotated[int, Meta(ge=1, le=1_000_000)],
}


class Refused(InputError):
    """A request that is refused in one sentence, with its HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of time, memory and work.

    Raises:
        InputError: a number that is out of range.
    """

    batch: int = 16
    """Rows of every forward pass of small samples; more are several passes, fewer are padded."""
    window: float = 2.0
    """Milliseconds that a request waits for others to share its pass."""
    queue: int = 64
    """Requests that are accepted and not yet answered; the next one is told to come again."""
    seconds: float = 60.0
    """From the first byte of a request to its answer."""
    megabytes: float = 32.0
    """Of a request's body."""
    megapixels: float = 16.0
    """Of all that one answer holds, and of the file sent; of sounds millions of samples."""
    count: int = 64
    """Samples in one answer."""

    def __post_init__(self) -> None:
        for name, known in RANGES.items():
            check(f"--{name}", getattr(self, name), known)

    @property
    def bytes(self) -> int:
        """Of a request's body."""
        return int(self.megabytes * 1e6)

    def check_count(self, count: int) -> None:
        """So many samples may be asked for at once.

        Raises:
            Refused: they may not.
        """
        if count > self.count:
            raise Refused(422, f"count is {count}; this server draws up to {self.count} at once.")

    def check_extent(self, what: str, space: Sequence[int], count: int = 1) -> None:
        """So many items of this extent are within the limit.

        Raises:
            Refused: they are not.
        """
        size = count * math.prod(space) / 1e6
        if size > self.megapixels:
            unit = "million samples" if len(space) == 1 else "megapixels"
            raise Refused(
                413, f"{what} of {size:,.1f} {unit} is over this server's {self.megapixels:g}."
            )
