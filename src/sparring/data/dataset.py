"""Dataset: items split into those to train on and those held out, with their fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import cache
from sparring.data.content import Content, Estimate, fingerprint
from sparring.data.split import digests, duplicates, first_of, joined, split, together

if TYPE_CHECKING:
    import numpy as np
    import torch

    from sparring.data.feed import Feed, StreamFeed, UnpairedFeed
    from sparring.data.stores import Mapped, Memory
    from sparring.data.streaming import Stream


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What a run learns from, and what it is judged against."""

    name: str
    """Short, for tables and file names."""
    address: str
    """What was given to `load`."""
    domain: Part
    """Builds the sample space."""
    train: Memory | Mapped | Stream
    held_out: Memory | Mapped
    classes: tuple[str, ...] = ()
    """The names of the labels; empty where the items have none."""
    vector: int = 0
    """Length of the items' vectors; 0 where they have none."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of an attribute -> names of its numbers in the vectors, side by side."""
    tokens: tuple[int, ...] = ()
    """Vocabulary and length of the items' tokens; empty where they have none."""
    words: tuple[str, ...] = ()
    """The words that tokens number; empty where tokens are something else, such as bytes."""
    source_domain: Part | None = None
    """Builds the sample space of the items' "source"; None where they have none."""
    sources: Memory | Mapped | None = None
    """Sources that belong to no sample, as the "source" of their items; None where each item
    has its own."""
    held_out_sources: Memory | Mapped | None = None
    """Held-out ones of these."""
    names: Sequence[str] = ()
    """What sentences call the items to train on; their numbers where it is empty."""
    fingerprint: str
    """A hash of the content and of the split."""
    licence: str = "not stated"
    notes: tuple[str, ...] = ()
    """Choices made while reading, one sentence each."""
    trusted: tuple[str, ...] = ()
    """Packages whose kinds of data it was read with."""
    digests: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False)
    """Name of a store -> a hash of each of its samples, (N,) uint64, where they are known."""

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.domain.build().shape))
        known = [f"{len(self.classes)} labels"] if self.classes else []
        known += [f"vectors of {self.vector}"] if self.vector else []
        known += ["sources"] if self.source_domain else []
        count = "a stream" if self.count is None else f"{self.count:,} to train on"
        words = ", ".join([shape, count, f"{len(self.held_out):,} held out", *known])
        return f"<Dataset {self.name}: {words}>"

    @property
    def streaming(self) -> bool:
        """Whether `train` can only be read in order; then it has no length."""
        return self.count is None

    @property
    def count(self) -> int | None:
        """Items to train on; None where they are streamed."""
        from sparring.data.streaming import Stream

        return None if isinstance(self.train, Stream) else len(self.train)

    def feed(
        self,
        *,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        device: torch.device | str = "cpu",
        unpaired: bool = False,
    ) -> Feed | StreamFeed | UnpairedFeed:
        """Batches of the training items; see `Feed`. Unpaired, sources are drawn on their own."""
        from sparring.data import feed, streaming

        if unpaired:
            return feed.unpaired(
                self.train,
                self.sources,
                batch=batch,
                seed=seed,
                rank=rank,
                world=world,
                device=device,
            )
        if isinstance(self.train, streaming.Stream):
            return feed.StreamFeed(
                self.train, batch=batch, seed=seed, rank=rank, world=world, device=device
            )
        return feed.Feed(self.train, batch=batch, seed=seed, rank=rank, world=world, device=device)


def dataset(
    content: Content,
    *,
    name: str,
    address: str,
    held_out: float,
    seed: int,
    dedupe: bool = False,
) -> Dataset:
    """Split the content: as its source says, or else by a hash of each item.

    Equal items have equal hashes and so stay on one side, and so do items with equal sources, or
    cut from one recording. With
    a given `seed` the side depends on the items alone, not on their order. `dedupe` leaves out all
    but the first of equal items.

    Raises:
        InputError: a share that is not in [0, 1).
    """
    if not 0 <= held_out < 1:
        raise InputError(f"the held-out share must be in [0, 1), not {held_out}.")
    hashes = digests(content.sample)
    mask, aside = _sides(content, hashes, held_out, seed)
    kept, notes = _firsts(content, hashes) if dedupe else (mask | ~mask, ())
    train, loose = ~mask & kept, content.sources
    return Dataset(
        name=name,
        address=address,
        domain=_estimated(content.domain, content.estimate, content.sample, train),
        train=_store(content, train),
        held_out=_store(content, mask & kept),
        source_domain=_source_domain(content, train, ~aside),
        sources=None if loose is None else _kept({"source": loose.stored}, ~aside),
        held_out_sources=None if loose is None else _kept({"source": loose.stored}, aside),
        classes=content.classes,
        vector=0 if content.vector is None else content.vector.shape[1],
        attributes=content.attributes,
        tokens=_extent(content.tokens),
        words=content.words,
        names=_chosen(content.names, train),
        fingerprint=_fingerprint(content, hashes, mask, aside, kept),
        licence=content.licence,
        notes=(*content.notes, *notes),
        digests={"train": hashes[train], "held_out": hashes[mask & kept]},
    )


def _sides(
    content: Content, hashes: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which items, and which loose sources, are held out: (N,) and (M,) bool."""
    mask, loose = content.held_out, content.sources
    if mask is None:
        source, origin = content.source, content.origin
        groups = hashes if source is None else together(hashes, digests(source))
        groups = groups if origin is None else together(groups, origin)
        mask = split(groups, share, seed)
    if loose is None:
        return mask, mask[:0]
    if loose.held_out is not None:
        return mask, loose.held_out
    groups = digests(loose.stored)
    groups = groups if loose.origin is None else together(groups, loose.origin)
    return mask, split(groups, share, seed)


def _firsts(content: Content, hashes: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N,) bool, False for what repeats an earlier item and its source; and what to say of it."""
    import numpy as np

    if content.source is not None:
        hashes = joined(hashes, digests(content.source))
    firsts = first_of(hashes)
    kept = firsts == np.arange(len(firsts))
    if kept.all():
        return kept, ()
    words = duplicates(firsts, content.names)
    return kept, (f"{int((~kept).sum())} exact duplicates are left out: {words}.",)


def _chosen(names: Sequence[str], mask: np.ndarray) -> Sequence[str]:
    return [name for name, kept in zip(names, mask, strict=True) if kept] if names else ()


def _extent(tokens: np.ndarray | None) -> tuple[int, ...]:
    return () if tokens is None else (int(tokens.max()) + 1, tokens.shape[1])


def _estimated(
    domain: Part, estimate: Estimate | None, stored: np.ndarray, train: np.ndarray
) -> Part:
    """The sample space with what is made from the items to train on."""
    if estimate is None or not train.any():
        return domain
    return domain.replace(**estimate(stored[train]))


def _source_domain(content: Content, train: np.ndarray, loose: np.ndarray) -> Part | None:
    stored = content.source
    if content.sources is not None:
        stored, train = content.sources.stored, loose
    if content.source_domain is None or stored is None:
        return content.source_domain
    return _estimated(content.source_domain, content.source_estimate, stored, train)


def _store(content: Content, mask: np.ndarray) -> Memory | Mapped:
    names = ("sample", "source", "label", "vector", "tokens")
    found = {name: getattr(content, name) for name in names}
    return _kept({name: values for name, values in found.items() if values is not None}, mask)


def _kept(arrays: dict[str, np.ndarray], mask: np.ndarray) -> Memory | Mapped:
    """A store of the items where `mask` (N,) is True."""
    import numpy as np
    import torch

    from sparring.data.stores import Mapped, Memory

    if any(isinstance(values, np.memmap) for values in arrays.values()):
        fields = {name: torch.from_numpy(values) for name, values in arrays.items()}
        files = {name: path for name, values in arrays.items() if (path := cache.origin(values))}
        return Mapped(fields, torch.from_numpy(np.flatnonzero(mask)), files=files)
    return Memory({name: torch.from_numpy(values[mask]) for name, values in arrays.items()})


def _fingerprint(
    content: Content, hashes: np.ndarray, mask: np.ndarray, aside: np.ndarray, kept: np.ndarray
) -> str:
    shape = "x".join(str(side) for side in content.sample.shape)
    loose = (content.sources.stored, aside) if content.sources else ()
    found = (content.label, content.vector, content.tokens, content.source, *loose)
    given = [values for values in found if values is not None]
    left_out = () if kept.all() else (kept,)
    parts = [fingerprint(values) for values in (hashes, mask, *given, *left_out)]
    facts = repr((shape, str(content.sample.dtype), content.classes, parts))
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
