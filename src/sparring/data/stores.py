"""Stores: items that can be taken by index, in memory or memory-mapped."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Memory:
    """Items in the memory of one device."""

    fields: Mapping[str, Tensor]
    """"sample" (N, ...) or "source" (N, ...) or both, and where known "label" (N,) int64 and
    "vector" (N, F) float32."""

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def take(self, indices: Tensor) -> dict[str, Tensor]:
        """The items at `indices` (N,) int64, on the store's device."""
        indices = indices.to(next(iter(self.fields.values())).device, non_blocking=True)
        return {name: _rows(values, indices) for name, values in self.fields.items()}

    def rows(self, indices: Tensor) -> Memory:
        """A store of the items at these indices (N,) only."""
        return Memory({name: _rows(values, indices) for name, values in self.fields.items()})

    def column(self, name: str) -> Tensor | None:
        """One field of all items; None where they have none of that name."""
        return self.fields.get(name)

    def to(self, device: torch.device | str) -> Memory:
        """The same items on `device`."""
        return Memory({name: values.to(device) for name, values in self.fields.items()})


@dataclass(frozen=True)
class Mapped:
    """Items whose samples are memory-mapped from a file; only what is taken is read."""

    fields: Mapping[str, Tensor]
    """As in `Memory`, of all items of the file."""
    rows_in_file: Tensor
    """(N,) int64: where in the file this store's items lie."""
    device: torch.device | str = "cpu"
    files: Mapping[str, Path] = field(default_factory=dict)
    """The `.npy` file that a field is the whole of, where there is one."""

    def __len__(self) -> int:
        return len(self.rows_in_file)

    def take(self, indices: Tensor) -> dict[str, Tensor]:
        """The items at `indices` (N,) int64, copied to the store's device."""
        rows = self.rows_in_file[indices.cpu()]
        taken = {name: _rows(values, rows) for name, values in self.fields.items()}
        return {name: values.to(self.device) for name, values in taken.items()}

    def rows(self, indices: Tensor) -> Mapped:
        """A store of the items at these indices (N,) only."""
        return dataclasses.replace(self, rows_in_file=self.rows_in_file[indices])

    def column(self, name: str) -> Tensor | None:
        """One field of this store's items; None where they have none of that name."""
        values = self.fields.get(name)
        return None if values is None else values[self.rows_in_file]

    def to(self, device: torch.device | str) -> Mapped:
        """The same items, given out on `device`."""
        return dataclasses.replace(self, device=device)


def _rows(values: Tensor, indices: Tensor) -> Tensor:
    """The rows of a tensor; on the CPU by one thread, as torch's would wait for those in use."""
    import torch

    if values.device.type != "cpu":
        return values.index_select(0, indices)
    return torch.from_numpy(values.numpy().take(indices.numpy(), axis=0))
