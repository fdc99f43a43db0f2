"""Where networks run: the word that a person says, and the device that it means here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sparring.core.errors import InputError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
"""The GPU where there is one, else the CPU."""


def device_of(word: str | torch.device) -> torch.device:
    """The device of a word: "auto", "cpu", "cuda", "cuda:1", "mps".

    Raises:
        InputError: no such device, or none on this machine.
    """
    import torch

    if word == AUTO:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(word)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"the device {str(word)!r} cannot be used ({said}); use auto, or cpu."
        ) from error
    return device


def several() -> bool:
    """Whether this process was launched as one of several, by torchrun or the like."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def speaks() -> bool:
    """Whether this process is the first or only one, which prints for all."""
    return os.environ.get("RANK", "0") == "0"
