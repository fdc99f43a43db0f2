"""Small networks that come with the package, their weights beside the code that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError

N = TypeVar("N", bound=nn.Module)


def shipped(what: str, path: Path, build: Callable[[Mapping[str, Tensor]], N]) -> tuple[N, str]:
    """The frozen network that `build` makes for such weights, filled, and its file's sha256.

    Raises:
        InputError: the file is missing or damaged; `what` it is, in a word.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = path.read_bytes()
        with torch.inference_mode(False):  # or nobody could go backward through it later
            weights = load(content)
            network = build(weights)
            network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise InputError(f"the {what} {path} cannot be read ({error}); reinstall it.") from error
    return network.eval().requires_grad_(False), hashlib.sha256(content).hexdigest()


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution, batch normalisation and SiLU, which is smooth where features are read."""
    convolve = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [convolve, nn.BatchNorm2d(outputs), nn.SiLU()]
