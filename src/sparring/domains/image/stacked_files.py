"""Files of stacks: the first part's file is named, those of the others are given beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sparring.core.errors import InputError
from sparring.core.types import Files, Masker, Opened

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.domains.image.stack import Stack


@dataclass(frozen=True)
class StackFiles:
    """A file for each part; of the parts that a model can do without, only some."""

    stack: Stack
    others: tuple[Path, ...] = ()
    """The files of the parts after the first."""
    least: int = 0
    """How many of these there must be."""

    @property
    def moving(self) -> int:
        """No video is made of them."""
        return 0

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Those of the first part."""
        return self._of(0).suffixes

    @property
    def writable(self) -> tuple[str, ...]:
        """Nothing is written: these are sources."""
        return ()

    @property
    def lasting(self) -> None:
        """They are read whole."""
        return None

    def extent(self, path: Path) -> tuple[int, ...]:
        """Height and width, upright.

        Raises:
            InputError: a file that cannot be read.
        """
        return self._of(0).extent(path)

    def open(self, path: Path) -> Opened:
        """The encoded item; a part that is not given is zeros.

        Raises:
            InputError: a file that cannot be read or is no such part, or another extent.
        """
        self._check_count()
        first = self._of(0).open(path)
        space = first.stored.shape[1:]
        parts = [self.stack.parts[0].encode(first.stored[None])[0]]
        for number, other in enumerate(self.others, 1):
            parts.append(self._opened(number, other, space))
        missing = self.stack.shape[0] - sum(len(part) for part in parts)
        return Opened(torch.cat([*parts, torch.zeros(missing, *space)]))

    def _opened(self, number: int, path: Path, space: torch.Size) -> Tensor:
        """Another part, encoded."""
        name = self.stack.names[number]
        try:
            stored = self._of(number).open(path).stored
        except InputError as error:
            raise InputError(f"{path} cannot be read as {name}: {error}") from error
        if stored.shape[1:] != space:
            sizes = [" x ".join(map(str, size)) for size in (stored.shape[1:], space)]
            raise InputError(
                f"{path} ({name}) is {sizes[0]} and {self.stack.names[0]} is {sizes[1]} (height x "
                "width); bring both to one size."
            )
        encoded: Tensor = self.stack.parts[number].encode(stored[None])[0]
        return encoded

    def _check_count(self) -> None:
        wanted, got = self.stack.names[1:], len(self.others)
        if self.least <= got <= len(wanted):
            return
        raise InputError(
            f"this model wants {' and '.join(wanted)} beside {self.stack.names[0]}, not {got} "
            f"file{'' if got == 1 else 's'}; give them in this order, each by its own --with."
        )

    def _of(self, number: int) -> Files:
        files: Files = self.stack.parts[number].files
        return files

    def named(self, source: Path) -> str:
        """The source's name as PNG."""
        return source.stem + ".png"

    def write(self, stored: Tensor, path: Path, around: Any = None) -> None:
        """Nothing is written: these are sources.

        Raises:
            InputError: always.
        """
        raise InputError("a stack of pictures is read, not written.")

    def masker(self, given: str) -> Masker:
        """There is nothing to repair in stacks.

        Raises:
            InputError: always.
        """
        raise InputError("stacked pictures take no mask; leave out --mask.")
