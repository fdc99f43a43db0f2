"""Dataset: items split into those to train on and those held out, with their fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.streams import seed_for
from sparring.data import cache
from sparring.data.content import Content, Fit, fingerprint, raw

if TYPE_CHECKING:
    import numpy as np
    import torch

    from sparring.data.feed import Feed, StreamFeed, UnpairedFeed
    from sparring.data.hub import Stream
    from sparring.data.stores import Mapped, Memory


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
    tokens: tuple[int, ...] = ()
    """Vocabulary and length of the items' tokens; empty where they have none."""
    source_domain: Part | None = None
    """Builds the sample space of the items' "source"; None where they have none."""
    sources: Memory | Mapped | None = None
    """Sources that belong to no sample, as the "source" of their items; None where each item
    has its own."""
    held_out_sources: Memory | Mapped | None = None
    """Held-out ones of these."""
    fingerprint: str
    """A hash of the content and of the split."""
    licence: str = "not stated"
    notes: tuple[str, ...] = ()
    """Choices made while reading, one sentence each."""
    trusted: tuple[str, ...] = ()
    """Packages whose kinds of data it was read with."""

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
        from sparring.data.hub import Stream

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
        from sparring.data import feed, hub

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
        if isinstance(self.train, hub.Stream):
            return feed.StreamFeed(
                self.train, batch=batch, seed=seed, rank=rank, world=world, device=device
            )
        return feed.Feed(self.train, batch=batch, seed=seed, rank=rank, world=world, device=device)


def dataset(content: Content, *, name: str, address: str, held_out: float, seed: int) -> Dataset:
    """Split the content: as its source says, or else by a hash of each item.

    Equal items have equal hashes and so stay on one side, and so do items with equal sources. With
    a given `seed` the side depends on the items alone, not on their order.

    Raises:
        InputError: a share that is not in [0, 1).
    """
    if not 0 <= held_out < 1:
        raise InputError(f"the held-out share must be in [0, 1), not {held_out}.")
    mask = content.held_out
    hashes = digests(content.sample)
    if mask is None:
        groups = hashes
        if content.source is not None:
            groups = together(hashes, digests(content.source))
        mask = split(groups, held_out, seed)
    loose, aside = content.sources, mask[:0]
    if loose is not None:
        given = loose.held_out
        aside = split(digests(loose.stored), held_out, seed) if given is None else given
    return Dataset(
        name=name,
        address=address,
        domain=_fitted(content.domain, content.fit, content.sample, mask),
        train=_store(content, ~mask),
        held_out=_store(content, mask),
        source_domain=_source_domain(content, mask, aside),
        sources=None if loose is None else _kept({"source": loose.stored}, ~aside),
        held_out_sources=None if loose is None else _kept({"source": loose.stored}, aside),
        classes=content.classes,
        vector=0 if content.vector is None else content.vector.shape[1],
        tokens=_extent(content.tokens),
        fingerprint=_fingerprint(content, hashes, mask, aside),
        licence=content.licence,
        notes=content.notes,
    )


def split(hashes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(N,) bool, True for held-out items: those whose salted hashes are smallest.

    Equal hashes stay together, so the share is met as nearly as they allow; at least one item
    stays on each side where there are two different ones. What most items share is trained on.
    """
    import numpy as np

    values, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    if share == 0 or len(values) < 2:
        return np.zeros(len(hashes), dtype=bool)
    salted = _mixed(values ^ np.uint64(seed_for("split", seed)))
    order = np.lexsort((salted, 2 * counts > len(hashes)))
    before = np.cumsum(counts[order]) - counts[order]
    chosen = np.zeros(len(values), dtype=bool)
    chosen[order[before < round(share * len(hashes))]] = True
    chosen[order[0]], chosen[order[-1]] = True, False
    return chosen[inverse]


def together(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) uint64, equal for items that share a hash of either kind, or are so linked by others."""
    import numpy as np

    kinds = [np.unique(kind, return_inverse=True) for kind in (hashes, others)]
    groups, before = hashes, None
    while before is None or not np.array_equal(groups, before):
        before = groups
        for values, inverse in kinds:
            least = np.full(len(values), np.iinfo(np.uint64).max)
            np.minimum.at(least, inverse, groups)
            groups = least[inverse]
    return groups


def digests(sample: np.ndarray) -> np.ndarray:
    """(N,) uint64: a hash of every item's bytes; kept beside memory-mapped samples."""
    import numpy as np

    def fill(out: np.ndarray) -> None:
        for index, item in enumerate(sample):
            digest = hashlib.blake2b(raw(item), digest_size=8).digest()
            out[index] = int.from_bytes(digest, "little")

    origin = getattr(sample, "filename", None)
    if origin is not None and cache.folder("arrays") in origin.parents:
        return np.array(cache.kept(f"{origin.stem}-hashes", (len(sample),), "uint64", fill))
    out = np.empty(len(sample), np.uint64)
    fill(out)
    return out


def _mixed(values: np.ndarray) -> np.ndarray:
    """A bijection of uint64 that looks random (the finaliser of SplitMix64, Steele 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _extent(tokens: np.ndarray | None) -> tuple[int, ...]:
    return () if tokens is None else (int(tokens.max()) + 1, tokens.shape[1])


def _fitted(domain: Part, fit: Fit | None, stored: np.ndarray, mask: np.ndarray) -> Part:
    """The sample space with what is fitted to the items that are not held out."""
    if fit is None or mask.all():
        return domain
    return domain.replace(**fit(stored[~mask]))


def _source_domain(content: Content, mask: np.ndarray, aside: np.ndarray) -> Part | None:
    if content.source_domain is None or content.source_fit is None:
        return content.source_domain
    stored = content.source
    if content.sources is not None:
        stored, mask = content.sources.stored, aside
    if stored is None:
        return content.source_domain
    return _fitted(content.source_domain, content.source_fit, stored, mask)


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
        return Mapped(fields, torch.from_numpy(np.flatnonzero(mask)))
    return Memory({name: torch.from_numpy(values[mask]) for name, values in arrays.items()})


def _fingerprint(content: Content, hashes: np.ndarray, mask: np.ndarray, aside: np.ndarray) -> str:
    shape = "x".join(str(side) for side in content.sample.shape)
    loose = (content.sources.stored, aside) if content.sources else ()
    found = (content.label, content.vector, content.tokens, content.source, *loose)
    known = [values for values in found if values is not None]
    parts = [fingerprint(values) for values in (hashes, mask, *known)]
    facts = repr((shape, str(content.sample.dtype), content.classes, parts))
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
