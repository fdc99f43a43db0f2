"""Random streams: every random number of a run is a pure function of named integers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor


def seed_for(*keys: int | str) -> int:
    """A 63-bit seed, the same for the same keys on every machine, unrelated for any other keys."""
    digest = hashlib.blake2b(repr(keys).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def stream(*keys: int | str) -> Generator:
    """A torch generator on the CPU that belongs to these keys alone."""
    import torch

    return torch.Generator().manual_seed(seed_for(*keys))


def latents(seed: int, indices: range, size: int) -> Tensor:
    """Standard normal latents (N, size); row i depends on the seed and indices[i] alone."""
    import torch

    rows = [torch.randn(size, generator=stream("latent", seed, index)) for index in indices]
    return torch.stack(rows) if rows else torch.empty(0, size)
