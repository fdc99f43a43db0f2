"""Domain: a sample space, what a kind of data must say of itself, and how its files are handled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.core.types import Block
    from sparring.metrics.judging import Judging


class Opened(NamedTuple):
    """An item from a file of any extent, and what goes around the model."""

    stored: Tensor
    """(C, *space) as the domain stores it."""
    around: Any = None
    """What only the domain's own files know of: opacity, a colour profile."""


Masker = Callable[["Path", "Tensor"], "Tensor"]
"""An item's path and its stored form (C, *space) to a mask (1, *space), 1 where it is missing."""


class Stream(NamedTuple):
    """An item that is read in parts, as it may last for hours."""

    length: int
    """Samples in all."""
    read: Callable[[int, int], Tensor]
    """Stored samples (C, n) from start to end, with the mask as one channel more where one was
    asked for; it is called from start to end, and may go back no further than the last start."""


class Lasting(Protocol):
    """How files whose one dimension is time go through a model in parts, however long they are."""

    def stream(self, path: Path, mask: str | None) -> Stream:
        """The item in parts, with what is missing by the user's words.

        Raises:
            InputError: a file that cannot be read, or words that stand for no mask; `read` too.
        """

    def write_parts(self, parts: Iterator[Tensor], path: Path) -> None:
        """Write one item of stored parts (C, n), one after the other, whole or not at all.

        Raises:
            InputError: as `Files.write`.
        """


class Files(Protocol):
    """How single files go through a model and come out as they were otherwise."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of files end that can be read."""

    @property
    def writable(self) -> tuple[str, ...]:
        """How the names of results may end."""

    @property
    def moving(self) -> int:
        """Channels of a video's frames; 0 where no video is made of such items."""

    def extent(self, path: Path) -> tuple[int, ...]:
        """The item's extent in space, told by its header.

        Raises:
            InputError: a file that cannot be read.
        """

    def open(self, path: Path) -> Opened:
        """The item in stored form and its own extent.

        Raises:
            InputError: a file that cannot be read, or holds what the domain does not.
        """

    def named(self, source: Path) -> str:
        """The file name of what is made of a source: its own, if it can be written so."""

    def write(self, stored: Tensor, path: Path, around: Any = None) -> None:
        """Write one item (C, *space), whole or not at all.

        Raises:
            InputError: the disk is full, or the place cannot be written.
        """

    @property
    def lasting(self) -> Lasting | None:
        """How items that may last for hours go through in parts; None where there are no such."""

    def masker(self, given: str) -> Masker:
        """How masks of what is missing are found, by the user's words for it.

        Raises:
            InputError: words that stand for none.
        """


class Domain(Protocol):
    """A sample space: how a stored item becomes a tensor and a tensor becomes a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One encoded sample, channels first."""

    @property
    def head(self) -> str:
        """Range of an encoded sample, as in `Spec.head`."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Which of its numbers belong together, as in `Spec.blocks`; most have none."""

    def encode(self, stored: Tensor) -> Tensor:
        """Stored items (N, ...) to float32 samples (N, *shape)."""

    def decode(self, samples: Tensor) -> Tensor:
        """Samples (N, *shape) back to the stored form."""

    suffixes: ClassVar[tuple[str, ...]]
    """How the names of its natural files end, such as ".png"; the first is the default."""
    many: ClassVar[bool]
    """Whether one file holds many items."""
    grid: ClassVar[bool]
    """Whether a preview shows each sample by itself, `columns` in a row; a cloud does not."""

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one decoded item to a file; of (N, ...) items all, where a file holds `many`."""

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write one picture that shows all samples (N, *shape)."""

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """HTML that shows all samples (N, *shape) and needs no other file."""

    @property
    def reading(self) -> Mapping[str, Any]:
        """Options of `load` under which other data of its kind come in its shape; few have any."""

    def judging(self, data: str) -> Judging:
        """Its extractors and scores, with what is usual beside data of this name."""

    @property
    def files(self) -> Files | None:
        """How files of any extent go through a model; None where items are no such files."""
