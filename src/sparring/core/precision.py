"""Where bfloat16 is too coarse."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor


def full_precision(like: Tensor) -> contextlib.AbstractContextManager[object]:
    """Autocast switched off on the tensor's device; a dry run on the meta device has none."""
    if like.is_meta:
        return contextlib.nullcontext()
    return torch.autocast(like.device.type, enabled=False)


def precise(value: Tensor) -> Tensor:
    """The value in float32 where it was coarser."""
    return value.to(torch.promote_types(value.dtype, torch.float32))
