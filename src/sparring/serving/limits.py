"""What one request, and all of them together, may ask for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sparring.core.errors import InputError
from sparring.core.ranges import check, kinds_of


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

    batch: Annotated[int, Meta(ge=1, le=1024)] = 16
    """Rows of every forward pass of small samples; more are several passes, fewer are padded."""
    window: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 2.0
    """Milliseconds that a request waits for others to share its pass."""
    queue: Annotated[int, Meta(ge=1, le=100_000)] = 64
    """Requests that are accepted and not yet answered; the next one is told to come again."""
    seconds: Annotated[float, Meta(gt=0.0, le=86_400.0)] = 60.0
    """From the first byte of a request to its answer."""
    megabytes: Annotated[float, Meta(gt=0.0, le=100_000.0)] = 32.0
    """Of a request's body."""
    megapixels: Annotated[float, Meta(gt=0.0, le=100_000.0)] = 16.0
    """Of all that one answer holds, and of the file sent; of sounds millions of samples."""
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 64
    """Samples in one answer."""

    def __post_init__(self) -> None:
        kinds = kinds_of(Limits)
        for field in dataclasses.fields(self):
            check(f"--{field.name}", getattr(self, field.name), kinds[field.name])

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
