"""`check`: what is wrong with a source, found before step 1 instead of after a night."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import loading
from sparring.data.content import UNKNOWN, Progress
from sparring.data.dataset import Dataset, digests
from sparring.data.hub import Stream
from sparring.domains.image import folder, pictures, raster

if TYPE_CHECKING:
    import numpy as np

    from sparring.data.stores import Mapped, Memory

FEW = 500
"""Below so many items a model rather memorises than learns."""
UNEVEN = 10
"""Labels are called uneven where the largest has so many times the items of the smallest."""
_CHUNK = 1024


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

    @property
    def ok(self) -> bool:
        """Whether training may start."""
        return not self.errors

    def lines(self) -> list[str]:
        """The report as lines of plain text."""
        width = max((len(name) for name, _ in self.facts), default=0)
        verdict = "cannot be trained on" if self.errors else "ready to train on"
        return [
            *(f"{name:<{width}}  {value}" for name, value in self.facts),
            *(f"error: {text}" for text in self.errors),
            *(f"warning: {text}" for text in self.warnings),
            f"{self.address} is {verdict}.",
        ]


def check(
    address: str | os.PathLike[str] | Dataset,
    *,
    batch: int = 1,
    size: loading.Size = None,
    channels: int | None = None,
    pairs: str | None = None,
    held_out: float = 0.1,
    seed: int = 0,
    streaming: bool = False,
    progress: Progress | None = None,
) -> CheckReport:
    """Look for all that would spoil a training; bad input is reported, not raised.

    Counts, sizes, modes, corrupt files by name, exact duplicates, label balance, too few items
    for `batch`, and items or sources that are both trained on and held out; of layouts, what share
    each class has. The other arguments are those of `load`.
    """
    if isinstance(address, Dataset):
        return _report(address, batch, ())
    name = os.fspath(address)
    facts: list[tuple[str, str]] = []
    try:
        facts, problems = _files(name, progress)
        if problems:
            return CheckReport(name, tuple(facts), problems, ())
        found = loading.load(
            name,
            size=size,
            channels=channels,
            pairs=pairs,
            held_out=held_out,
            seed=seed,
            streaming=streaming,
            progress=progress,
        )
    except InputError as error:
        return CheckReport(name, tuple(facts), (str(error),), ())
    return _report(found, batch, facts)


def _files(name: str, progress: Progress | None) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """For a folder of pictures: its facts, and every file that cannot be used."""
    path = Path(name)
    if not loading.is_folder(name):
        return [], ()
    files = folder.scan(path).files
    headers = pictures.survey(files, progress)

    def decodes(index: int) -> str:
        header = headers[index]
        return header.problem or raster.flaw(files.open(index))

    problems = pictures.each(files, decodes, "decoding pictures", progress)
    good = [header for header in headers if not header.problem]
    facts = [
        ("pictures", f"{len(files)}"),
        ("sizes", _counts(f"{header.height} x {header.width}" for header in good)),
        ("modes", _counts(raster.mode_name(header.channels, header.bits) for header in good)),
    ]
    return facts, tuple(pictures.unusable(files, problems))


def _counts(words: Iterable[str]) -> str:
    counted = Counter(words).most_common()
    shown = ", ".join(f"{word} ({count})" for word, count in counted[:5])
    return shown + (f" and {len(counted) - 5} more" if len(counted) > 5 else "")


def _report(found: Dataset, batch: int, facts: Sequence[tuple[str, str]]) -> CheckReport:
    shape = " x ".join(str(side) for side in found.domain.arguments["shape"])
    held = _scanned(found.held_out)
    known = [*facts, ("one item", shape), ("held out", f"{len(found.held_out)}")]
    rest = [("licence", found.licence), ("fingerprint", found.fingerprint)]
    if isinstance(found.train, Stream):
        return CheckReport(found.address, (*known, *rest), (), found.notes)
    train = _scanned(found.train)
    balance, uneven = _balance(train.labels, found.classes)
    few, errors = _few(len(found.train), batch)
    known += [("to train on", f"{len(found.train)}"), *balance]
    told, doubts = _pairs(found, train, held)
    doubled = _duplicates(train.hashes["sample"], held.hashes["sample"])
    warnings = (*few, *doubled, *uneven, *doubts, *found.notes)
    return CheckReport(found.address, (*known, *told, *rest), errors, warnings)


class _Scan(NamedTuple):
    """What one pass over a store finds."""

    hashes: dict[str, np.ndarray]
    """Of samples and sources, (N,) uint64."""
    pixels: dict[str, np.ndarray]
    """(256,) how often each byte occurs in them."""
    labels: list[int]


def _scanned(store: Memory | Mapped) -> _Scan:
    import numpy as np
    import torch

    names = [name for name in ("sample", "source") if name in store.fields]
    hashes = {name: [np.empty(0, np.uint64)] for name in names}
    pixels, labels = {name: np.zeros(256, np.int64) for name in names}, []
    for start in range(0, len(store), _CHUNK):
        items = store.take(torch.arange(start, min(start + _CHUNK, len(store))))
        for name in names:
            values = items[name].cpu().numpy()
            hashes[name].append(digests(values))
            if values.dtype == np.uint8 and values.shape[1] == 1:
                pixels[name] += np.bincount(values.ravel(), minlength=256)
        labels += items["label"].tolist() if "label" in items else []
    return _Scan({name: np.concatenate(found) for name, found in hashes.items()}, pixels, labels)


def _pairs(found: Dataset, train: _Scan, held: _Scan) -> tuple[list[tuple[str, str]], list[str]]:
    """Facts and warnings about sources, and about the classes of layouts."""
    facts: list[tuple[str, str]] = []
    doubts: list[str] = []
    paired = found.sources is None
    if found.sources is not None and found.held_out_sources is not None:
        loose, aside = _scanned(found.sources), _scanned(found.held_out_sources)
        train, held = _joined(train, loose), _joined(held, aside)
    if found.source_domain is not None:
        shape = " x ".join(str(side) for side in found.source_domain.arguments["shape"])
        own, others = train.hashes["source"], held.hashes["source"]
        equal = len(own) - len(set(own.tolist()))
        words = f"{len(own)} to train on, {len(others)} held out, {shape}"
        facts.append(("sources", f"{words}, {'paired' if paired else 'unpaired'}"))
        facts.append(("equal sources", f"{equal} to train on repeat another"))
        doubts += _leaked(own, others, "sources")
    for name, space in (("sample", found.domain), ("source", found.source_domain)):
        if space is not None and space.call.endswith(":Layout"):
            shares, empty = _classes(train.pixels[name], space)
            facts.append((f"classes of {name}s", shares))
            doubts += empty
    return facts, doubts


def _joined(samples: _Scan, sources: _Scan) -> _Scan:
    hashes = samples.hashes | sources.hashes
    return _Scan(hashes, samples.pixels | sources.pixels, samples.labels)


def _classes(pixels: np.ndarray, space: Part) -> tuple[str, list[str]]:
    """The share of pixels of a layout's classes, largest first, and a warning of those unseen."""
    count = space.arguments["shape"][0]
    names = space.arguments.get("names") or [str(index) for index in range(count)]
    total = max(int(pixels.sum()), 1)
    ranked = sorted(zip(pixels[:count].tolist(), names, strict=True), reverse=True)
    shares = ", ".join(f"{name} {100 * seen / total:.1f} %" for seen, name in ranked[:5])
    more = f" and {count - 5} more" if count > 5 else ""
    unseen = [name for seen, name in ranked if not seen]
    if not unseen or not pixels.any():
        return shares + more, []
    listed = ", ".join(unseen[:5]) + (f" and {len(unseen) - 5} more" if len(unseen) > 5 else "")
    return shares + more, [f"no layout to train on shows {listed}, so that cannot be learnt."]


def _few(count: int, batch: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if count < batch:
        text = f"{count} items to train on are fewer than a batch of {batch}; use a smaller batch."
        return (), (text,)
    if count < FEW:
        return (f"{count} items are few: expect a model that memorises; augmentation helps.",), ()
    return (), ()


def _duplicates(train: np.ndarray, held: np.ndarray) -> list[str]:
    import numpy as np

    found = []
    extra = len(train) - len(np.unique(train))
    if extra:
        found.append(
            f"{extra} of {len(train)} items to train on are exact duplicates of others "
            "and so weigh double."
        )
    return [*found, *_leaked(train, held, "items")]


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
