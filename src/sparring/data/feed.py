"""Feeds: the batches of a run, each a pure function of its number."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.streams import seed_for, stream
from sparring.data.stores import Mapped, Memory
from sparring.data.streaming import Row, Stream

if TYPE_CHECKING:
    import torch
    from torch import Tensor

AHEAD = 4
"""Batches of a memory-mapped store that are read before they are asked for."""


class Feed:
    """Batches of a store: the k-th is the same whenever and however often it is asked for.

    The run sees an endless row of epochs, each a fresh permutation of all items; batch k is the
    items at positions k * batch to (k + 1) * batch, and a process gets its own contiguous share
    of them. No item is dropped at an epoch's end.
    """

    def __init__(
        self,
        store: Memory | Mapped,
        *,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        """Feed `batch` items at a time over all `world` processes.

        Raises:
            InputError: fewer items than a batch, or a batch that the processes cannot share.
        """
        _check_batch(batch, world)
        if len(store) < batch:
            raise InputError(
                f"there are {len(store)} items to train on, fewer than a batch of {batch}; "
                "use a smaller batch or more data."
            )
        self.store = store.to(device)
        self.batch, self.seed, self.rank, self.share = batch, seed, rank, batch // world
        self._orders: dict[int, Tensor] = {}
        self._pool = ThreadPoolExecutor(AHEAD) if isinstance(store, Mapped) else None
        self._coming: dict[int, Future[dict[str, Tensor]]] = {}

    def items(self, k: int) -> dict[str, Tensor]:
        """This process's share of batch `k`, of the fields that the store has."""
        if self._pool is None:
            return self.store.take(self.indices(k))
        for number in range(k, k + AHEAD + 1):
            if number not in self._coming:
                # The order is drawn here: threads only read.
                rows = self.indices(number)
                self._coming[number] = self._pool.submit(self.store.take, rows)
        taken = self._coming.pop(k).result()
        for number in [n for n in self._coming if not k < n <= k + AHEAD]:
            self._coming.pop(number).cancel()
        return taken

    def indices(self, k: int) -> Tensor:
        """Which items of the store this process's share of batch `k` are, (batch / world,)."""
        import torch

        start = k * self.batch + self.rank * self.share
        pieces, missing = [], self.share
        while missing:
            epoch, place = divmod(start, len(self.store))
            piece = self._order(epoch)[place : place + missing]
            pieces.append(piece)
            start, missing = start + len(piece), missing - len(piece)
        return torch.cat(pieces)

    def _order(self, epoch: int) -> Tensor:
        import torch

        if epoch not in self._orders:
            if len(self._orders) >= 3:
                del self._orders[next(iter(self._orders))]
            generator = stream("order", self.seed, epoch)
            self._orders[epoch] = torch.randperm(len(self.store), generator=generator)
        return self._orders[epoch]


class UnpairedFeed:
    """Samples and sources that are drawn independently of each other."""

    def __init__(self, samples: Feed, sources: Feed) -> None:
        self.samples, self.sources = samples, sources

    def items(self, k: int) -> dict[str, Tensor]:
        """This process's share of batch `k`, with sources that belong to other samples."""
        return {**self.samples.items(k), "source": self.sources.items(k)["source"]}


class StreamFeed:
    """Batches of a stream, read by one thread and decoded by several, some ahead.

    The k-th is the same whenever it is asked for; asking back or ahead starts reading anew there.
    """

    def __init__(
        self,
        rows: Stream,
        *,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        """Feed `batch` items at a time over all `world` processes.

        Raises:
            InputError: a batch that the processes cannot share.
        """
        _check_batch(batch, world)
        self.rows, self.seed, self.rank, self.world = rows, seed, rank, world
        self.batch, self.share, self.device = batch, batch // world, device
        workers = max(1, min(8, (os.cpu_count() or 1) // world))
        self._reader, self._decoders = ThreadPoolExecutor(1), ThreadPoolExecutor(workers)
        self._ahead = 2 * workers
        self._values: Iterator[Row] = iter(())
        self._next = -1
        self._coming: deque[Future[dict[str, Tensor]]] = deque()

    def items(self, k: int) -> dict[str, Tensor]:
        """This process's share of batch `k`; the next ones are read meanwhile."""
        if k != self._next:
            while self._coming:  # Wait: the iterator must not be used twice at once.
                self._coming.popleft().exception()
            self._values = self.rows.values(self.seed, self.rank, self.world, k * self.share)
        while len(self._coming) <= self._ahead:
            self._coming.append(
                self._decoders.submit(self._decode, self._reader.submit(self._read))
            )
        self._next = k + 1
        return {
            name: values.to(self.device) for name, values in self._coming.popleft().result().items()
        }

    def _read(self) -> list[Row]:
        return list(itertools.islice(self._values, self.share))

    def _decode(self, read: Future[list[Row]]) -> dict[str, Tensor]:
        import torch

        items = [self.rows.item(row) for row in read.result()]
        return {name: torch.stack([item[name] for item in items]) for name in items[0]}


def unpaired(
    store: Memory | Mapped | Stream,
    sources: Memory | Mapped | None,
    *,
    batch: int,
    seed: int,
    rank: int = 0,
    world: int = 1,
    device: torch.device | str = "cpu",
) -> UnpairedFeed:
    """Batches of samples and of sources that do not belong together.

    Where every item has its own source, one half of the items gives samples and the other half
    sources, so no pair is ever seen.

    Raises:
        InputError: a stream, which cannot be read in two orders at once; too few items.
    """
    if isinstance(store, Stream):
        raise InputError("a stream gives no unpaired items; leave out --streaming.")
    if sources is None:
        import torch

        sources = store.rows(torch.arange(1, len(store), 2))
        store = store.rows(torch.arange(0, len(store), 2))

    def feed(items: Memory | Mapped, purpose: str) -> Feed:
        seeded = seed_for("unpaired", seed, purpose)
        return Feed(items, batch=batch, seed=seeded, rank=rank, world=world, device=device)

    return UnpairedFeed(feed(store, "samples"), feed(sources, "sources"))


def _check_batch(batch: int, world: int) -> None:
    if batch < 1 or batch % world:
        raise InputError(
            f"a batch of {batch} cannot be shared equally by {world} processes; "
            "use a positive multiple of that."
        )
