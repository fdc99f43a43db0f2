"""How loud sounds are, and what of them is clipped or off centre, for `data check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.core.part import Part
from sparring.domains.sound.recordings import FULL

if TYPE_CHECKING:
    import numpy as np

CLIPPED = 8
"""Samples at full scale from which on a piece is called clipped."""
OFFSET = 0.02
"""A mean, as a share of full scale, from which on a piece is called off centre."""
UNEVEN = 30
"""Decibels between the softest and the loudest twentieth above which levels are called uneven."""


class Levels:
    """The level, the clipping and the offset of pieces."""

    def __init__(self, space: Part) -> None:
        self.levels: list[float] = []
        self.clipped, self.offset, self.seen = 0, 0, 0

    def see(self, stored: np.ndarray) -> None:
        """Take note of pieces (N, C, L)."""
        import numpy as np

        values = stored.astype(np.float32).reshape(len(stored), -1)
        full = (values >= FULL - 1) | (values <= -FULL)
        power = np.square(values / FULL).mean(1)
        self.levels += (10 * np.log10(power.clip(1e-10))).tolist()
        self.clipped += int((full.sum(1) >= CLIPPED).sum())
        self.offset += int((np.abs(values.mean(1)) > OFFSET * FULL).sum())
        self.seen += len(values)

    def found(self, what: str) -> tuple[list[tuple[str, str]], list[str]]:
        """The levels, and warnings."""
        import numpy as np

        if not self.levels:
            return [], []
        low, middle, high = np.percentile(self.levels, [5, 50, 95])
        told = f"{middle:.0f} dB of full scale, 90 % from {low:.0f} to {high:.0f}"
        facts = [(f"levels of {what}s", told)]
        of = f"of {self.seen} {what}s to train on"
        warnings = []
        if self.clipped:
            warnings.append(f"{self.clipped} {of} are clipped ({CLIPPED} samples at full scale).")
        if self.offset:
            warnings.append(f"{self.offset} {of} are off centre by more than {OFFSET:.0%} (DC).")
        if high - low > UNEVEN:
            warnings.append(
                f"levels differ by {high - low:.0f} dB; --loudness peak brings sounds nearer."
            )
        return facts, warnings
