"""Which part of a sound is missing, in the user's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.types import Masker

SLACK = 0.01
"""Seconds by which a gap may seem to go beyond the end, which is told to two places."""
_SPAN = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*-\s*([0-9]+(?:\.[0-9]*)?)\s*")


def masker(given: str, rate: int) -> Masker:
    """Gaps by their seconds, from and to, with commas: "0.5-0.8" or "0.5-0.8,1.2-1.3".

    Raises:
        InputError: words that are none; later, a gap beyond a sound's end.
    """
    spans = spans_of(given)

    def mask(path: Path, stored: Tensor) -> Tensor:
        check_within(spans, stored.shape[-1], rate)
        return missing(spans, rate, 0, stored.shape[-1])

    return mask


def spans_of(given: str) -> list[tuple[float, float]]:
    """The seconds from and to that the words say.

    Raises:
        InputError: words that are none.
    """
    return [_span(text) for text in given.split(",")]


def check_within(spans: Sequence[tuple[float, float]], length: int, rate: int) -> None:
    """The gaps lie within a sound of so many samples.

    Raises:
        InputError: one begins or ends beyond it.
    """
    for start, end in spans:
        if round(start * rate) >= length or end - length / rate > SLACK:
            raise InputError(
                f"the gap {start:g}-{end:g} goes beyond the end of the sound, "
                f"{length / rate:.2f} s; end it there."
            )


def check_some_left(spans: Sequence[tuple[float, float]], length: int, rate: int) -> None:
    """Some of the sound's samples are in no gap.

    Raises:
        InputError: none is.
    """
    reach = 0
    for start, end in sorted(spans):
        if round(start * rate) <= reach:
            reach = max(reach, round(end * rate))
    if reach >= length:
        raise InputError("the gaps cover all of the sound: nothing is left to go by.")


def missing(spans: Sequence[tuple[float, float]], rate: int, start: int, end: int) -> Tensor:
    """(1, end - start), 1 where samples from `start` to `end` lie in a gap."""
    mask = torch.zeros(1, end - start)
    for first, last in spans:
        left, right = (max(round(second * rate) - start, 0) for second in (first, last))
        mask[:, left:right] = 1
    return mask


def _span(text: str) -> tuple[float, float]:
    found = _SPAN.fullmatch(text)
    start, end = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if start >= end:
        raise InputError(
            f"a gap of a sound is FROM-TO in seconds, such as 0.5-0.8, not {text.strip()[:80]!r}."
        )
    return start, end
