"""Handing over: a data set that one process has read, as files that the others memory-map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.part import Part
from sparring.core.storage import read_json
from sparring.data import cache
from sparring.data.dataset import Dataset
from sparring.data.stores import Mapped, Memory

if TYPE_CHECKING:
    from torch import Tensor

FILE = "data.json"
STORES = ("train", "held_out", "sources", "held_out_sources")
PLAIN = ("name", "address", "vector", "fingerprint", "licence")
Written = dict[tuple[int, tuple[int, ...], tuple[int, ...]], str]
"""Where tensors lie in memory, and in which file they are."""
LISTS = ("classes", "tokens", "words", "names", "notes", "trusted")


def hand_over(dataset: Dataset, folder: Path) -> None:
    """Write a data set that is no stream into an empty folder.

    Arrays that lie in files of their own are named, not copied.
    """
    parts = {"domain": dataset.domain, "source_domain": dataset.source_domain}
    facts: dict[str, Any] = {name: getattr(dataset, name) for name in PLAIN}
    facts |= {name: list(getattr(dataset, name)) for name in LISTS}
    facts["attributes"] = {name: list(values) for name, values in dataset.attributes.items()}
    facts |= {name: part and part.to_json() for name, part in parts.items()}
    facts["packages"] = [part.package for part in parts.values() if part]
    written: Written = {}
    facts |= {name: _written(getattr(dataset, name), folder, written) for name in STORES}
    (folder / FILE).write_text(json.dumps(facts))


def taken_over(folder: Path) -> Dataset:
    """The data set that a process of the same run handed over, whose packages are trusted for that.

    It stays good when the folder is deleted.
    """
    facts = read_json(folder / FILE)
    trusted = (*facts["packages"], *facts["trusted"])
    stores: dict[str, Any] = {name: _read(facts[name], folder) for name in STORES}
    domain = Part.from_json(facts["domain"], trusted)
    source = facts["source_domain"] and Part.from_json(facts["source_domain"], trusted)
    known: dict[str, Any] = {name: facts[name] for name in PLAIN}
    known |= {name: tuple(facts[name]) for name in LISTS}
    known["attributes"] = {name: tuple(values) for name, values in facts["attributes"].items()}
    return Dataset(domain=domain, source_domain=source, **known, **stores)


def _written(store: Memory | Mapped | None, folder: Path, written: Written) -> Any:
    """What is to be known of a store; its arrays are in files then."""
    if store is None:
        return None
    files: Mapping[str, Path] = store.files if isinstance(store, Mapped) else {}
    fields = {
        name: str(files[name].absolute()) if name in files else _saved(values, folder, written)
        for name, values in store.fields.items()
    }
    rows = _saved(store.rows_in_file, folder, written) if isinstance(store, Mapped) else None
    return {"fields": fields, "rows": rows}


def _saved(values: Tensor, folder: Path, written: Written) -> str:
    """The name of a file that holds these values, each written once."""
    import numpy as np

    place = (values.data_ptr(), tuple(values.shape), values.stride())
    if place not in written:
        written[place] = f"{len(list(folder.iterdir()))}.npy"
        np.save(folder / written[place], values.numpy())
    return written[place]


def _read(facts: Any, folder: Path) -> Memory | Mapped | None:
    import torch

    if facts is None:
        return None

    def tensor(name: str) -> Tensor:
        return torch.from_numpy(cache.mapped(folder / name))

    fields = {name: tensor(file) for name, file in facts["fields"].items()}
    if facts["rows"] is None:
        return Memory(fields)
    files = {n: Path(file) for n, file in facts["fields"].items() if Path(file).is_absolute()}
    return Mapped(fields, tensor(facts["rows"]), files=files)
