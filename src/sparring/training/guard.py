"""Guard: what to do when a loss or gradient is no longer a number."""

from __future__ import annotations

from sparring.core.errors import InputError

PATIENCE = 10
"""Turns in a row that may be skipped before the run rolls back."""
MOST_ROLLBACKS = 3


class Diverged(Exception):
    """Too many turns in a row were not finite; the loop rolls back."""


class Guard:
    """Counts skipped turns in a row."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def saw(self, finite: bool) -> None:
        """Take note of one turn.

        Raises:
            Diverged: the last PATIENCE turns were all skipped.
        """
        self._in_a_row = 0 if finite else self._in_a_row + 1
        if self._in_a_row >= PATIENCE:
            self._in_a_row = 0
            raise Diverged


def next_rate_scale(rollbacks: int, scale: float) -> float:
    """Half the learning rate for the next try.

    Raises:
        InputError: the run was rolled back too often already.
    """
    if rollbacks >= MOST_ROLLBACKS:
        raise InputError(
            f"training diverged again after {MOST_ROLLBACKS} rollbacks, each at half the learning "
            "rate: losses or gradients are not finite. Lower the learning rate, raise "
            "the penalty's weight, or train with --set precision=fp32. The last good checkpoint "
            "is kept."
        )
    return scale / 2.0
