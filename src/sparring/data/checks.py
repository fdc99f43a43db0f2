"""`check`: what is wrong with a source, found before step 1 instead of after a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError, shown
from sparring.data import given, loading
from sparring.data.content import CHUNK, UNKNOWN, Progress, looked_at
from sparring.data.dataset import Dataset
from sparring.data.encoded import Unusable
from sparring.data.kinds import Finder, kind_of, kinds
from sparring.data.split import digests, duplicates, first_of
from sparring.data.streaming import Stream

if TYPE_CHECKING:
    import numpy as np

    from sparring.data.stores import Mapped, Memory

FEW = 500
"""Below so many items a model rather memorises than learns."""
UNEVEN = 10
"""Labels are called uneven where the largest has so many times the items of the smallest."""


@dataclass(frozen=True)
class CheckReport:
    """What a check found."""

    address: str
    facts: tuple[tuple[str, str], ...]
    """Names and values: counts, sizes, modes, labels."""
    errors: tuple[str, ...]
    """What training would refuse."""
    warnings: tuple[str, ...]
    """What training would suffer from."""
    notes: tuple[str, ...] = ()
    """Choices made while reading."""

    @property
    def ok(self) -> bool:
        """Whether training may start."""
        return not self.errors

    def lines(self) -> list[str]:
        """The report as lines of plain text."""
        width = max((len(name) for name, _ in self.facts), default=0)
        verdict = "cannot be trained on" if self.errors else "is ready to train on"
        lines = [
            *(f"{name:<{width}}  {value}" for name, value in self.facts),
            *(f"error: {text}" for text in self.errors),
            *(f"warning: {text}" for text in self.warnings),
            *(f"note: {text}" for text in self.notes),
            f"{self.address} {verdict}.",
        ]
        return [shown(line) for line in lines]


def check(
    address: Any,
    *,
    batch: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> CheckReport:
    """Look for all that would spoil a training; bad input is reported, not raised.

    Counts, corrupt files by name, exact duplicates, label balance, too few items for `batch`, and
    items or sources that are both trained on and held out; and what the kind of data looks for:
    sizes and modes of pictures, what share each class of layouts has. `options` are those of
    `load`.
    """
    if isinstance(address, Dataset):
        return _report(address, batch, ())
    name = str(address) if given.is_address(address) else given.address_of(address)
    facts: list[tuple[str, str]] = []
    try:
        if given.is_address(address):
            facts, problems = loading.survey(name, progress=progress, **options)
            if problems:
                return CheckReport(name, tuple(facts), tuple(problems), ())
        found = loading.load(address, progress=progress, **options)
    except Unusable as error:
        return CheckReport(name, tuple(facts), error.each, ())
    except InputError as error:
        return CheckReport(name, tuple(facts), (str(error),), ())
    return _report(found, batch, facts)


def _report(found: Dataset, batch: int, facts: Sequence[tuple[str, str]]) -> CheckReport:
    shape = " x ".join(map(str, found.domain.build().shape))
    held = _scanned(found.held_out, known=found.digests.get("held_out"))
    known = [*facts, ("one item", shape), ("held out", f"{len(found.held_out)}")]
    rest = [("licence", found.licence), ("fingerprint", found.fingerprint)]
    if isinstance(found.train, Stream):
        return CheckReport(found.address, (*known, *rest), (), (), found.notes)
    finders = _finders(found)
    train = _scanned(found.train, finders, known=found.digests.get("train"))
    balance, uneven = _balance(train.labels, found.classes)
    few, errors = _few(len(found.train), batch)
    known += [("to train on", f"{len(found.train)}"), *balance, *_told(found)]
    told, doubts = _sources(found, train, held, finders)
    for name, finder in finders.items():
        more, unlikely = finder.found(name)
        told, doubts = [*told, *more], [*doubts, *unlikely]
    doubled = _duplicates(train.hashes["sample"], held.hashes["sample"], found.names)
    warnings = (*few, *doubled, *uneven, *doubts)
    notes, some = found.notes, len(looked_at(len(found.train)))
    if finders and some < len(found.train):
        seen = f"of {len(found.train):,} items to train on {some:,} were looked at one by one; "
        notes = (*notes, f"{seen}duplicates and labels are counted in all.")
    return CheckReport(found.address, (*known, *told, *rest), errors, warnings, notes)


def _told(found: Dataset) -> list[tuple[str, str]]:
    """What else is known of the items by name."""
    facts = [("attributes", f"{found.vector}")] if found.attributes else []
    if found.words:
        counts = f"{len(found.words)} different words, up to {found.tokens[1]} in a row"
        facts.append(("captions", counts))
    return facts


def _finders(found: Dataset) -> dict[str, Finder]:
    """What the kinds of samples and of sources look for."""
    finders = {}
    for name, space in (("sample", found.domain), ("source", found.source_domain)):
        kind = None if space is None else kind_of(space, kinds(found.trusted))
        if space is not None and kind is not None and kind.finder is not None:
            finders[name] = kind.finder(space)
    return finders


class _Scan(NamedTuple):
    """What one pass over a store finds."""

    hashes: dict[str, np.ndarray]
    """Of samples and sources, (N,) uint64."""
    labels: list[int]


def _scanned(
    store: Memory | Mapped,
    finders: Mapping[str, Finder] | None = None,
    known: np.ndarray | None = None,
) -> _Scan:
    """Hashes of all items, but for samples whose hashes are known, and what finders see of some."""
    import torch

    names = [name for name in ("sample", "source") if name in store.fields]
    hashes = {name: _hashed(store, name) for name in names if name != "sample" or known is None}
    if "sample" in names and known is not None:
        hashes["sample"] = known
    for indices in torch.tensor(looked_at(len(store))).split(CHUNK) if finders else ():
        items = store.take(indices)
        for name, finder in (finders or {}).items():
            if name in items:
                finder.see(items[name].cpu().numpy())
    labels = store.column("label")
    return _Scan(hashes, [] if labels is None else labels.tolist())


def _hashed(store: Memory | Mapped, name: str) -> np.ndarray:
    """(N,) uint64: a hash of each item's field."""
    import numpy as np
    import torch

    found = [np.empty(0, np.uint64)]
    for indices in torch.arange(len(store)).split(CHUNK):
        found.append(digests(store.take(indices)[name].cpu().numpy()))
    return np.concatenate(found)


def _sources(
    found: Dataset, train: _Scan, held: _Scan, finders: Mapping[str, Finder]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Facts and warnings about sources."""
    if found.source_domain is None:
        return [], []
    paired = found.sources is None
    if found.sources is not None and found.held_out_sources is not None:
        train, held = _scanned(found.sources, finders), _scanned(found.held_out_sources)
    shape = " x ".join(map(str, found.source_domain.build().shape))
    own, others = train.hashes["source"], held.hashes["source"]
    equal = len(own) - len(set(own.tolist()))
    words = f"{len(own)} to train on, {len(others)} held out, {shape}"
    facts = [
        ("sources", f"{words}, {'paired' if paired else 'unpaired'}"),
        ("equal sources", f"{equal} to train on repeat another"),
    ]
    return facts, _leaked(own, others, "sources")


def _few(count: int, batch: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if count < batch:
        text = f"{count} items to train on are fewer than a batch of {batch}; use a smaller batch."
        return (), (text,)
    if count < FEW:
        return (f"{count} items are few: expect a model that memorises; augmentation helps.",), ()
    return (), ()


def _duplicates(train: np.ndarray, held: np.ndarray, names: Sequence[str]) -> list[str]:
    firsts = first_of(train)
    extra = int((firsts != range(len(firsts))).sum())
    doubled = (
        f"{extra} of {len(train)} items to train on are exact duplicates of others and so weigh "
        f"double: {duplicates(firsts, names)}; --dedupe leaves them out."
    )
    return [*([doubled] if extra else []), *_leaked(train, held, "items")]


def _leaked(train: np.ndarray, held: np.ndarray, what: str) -> list[str]:
    import numpy as np

    leaked = int(np.isin(held, train).sum())
    if not leaked:
        return []
    return [f"{leaked} of {len(held)} held-out {what} are also trained on, which flatters scores."]


def _balance(
    labels: Sequence[int], classes: tuple[str, ...]
) -> tuple[list[tuple[str, str]], list[str]]:
    if not classes:
        return [("labels", "none")], []
    counted = Counter(labels)
    ranked = sorted((counted[index], name) for index, name in enumerate(classes))
    (least, rare), (most, common) = ranked[0], ranked[-1]
    unknown = f", and {counted[UNKNOWN]} without" if counted[UNKNOWN] else ""
    spread = f"from {least} ({rare}) to {most} ({common}) items{unknown}"
    facts = [("labels", f"{len(classes)}, {spread}")]
    if most > UNEVEN * least:
        return facts, [f"labels are uneven: {most} items of {common!r}, but {least} of {rare!r}."]
    return facts, []
