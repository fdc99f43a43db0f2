"""Which part of a sound is missing, in the user's words."""

from __future__ import annotations

import re
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
    spans = [_span(text) for text in given.split(",")]

    def mask(path: Path, stored: Tensor) -> Tensor:
        length = stored.shape[-1]
        missing = torch.zeros(1, length)
        for start, end in spans:
            if round(start * rate) >= length or end - length / rate > SLACK:
                raise InputError(
                    f"the gap {start:g}-{end:g} goes beyond the end of the sound, "
                    f"{length / rate:.2f} s; end it there."
                )
            missing[:, round(start * rate) : round(end * rate)] = 1
        return missing

    return mask


def _span(text: str) -> tuple[float, float]:
    found = _SPAN.fullmatch(text)
    start, end = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if start >= end:
        raise InputError(
            f"a gap of a sound is FROM-TO in seconds, such as 0.5-0.8, not {text.strip()[:80]!r}."
        )
    return start, end
