"""Real items: the data that a model is compared with, and those of them that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.core.ranges import Images, check
from sparring.data.items import encode

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.manifest import Manifest
    from sparring.artifact.model import Model
    from sparring.core.types import Batch, Items
    from sparring.data import Dataset
    from sparring.verbs.shares import Pieces

CHUNK, CELLS = 1000, 1 << 24
"""Samples and items held at once, and their pixels; bounds memory and never changes a score."""
KEPT = ("kind", "fit", "range", "skip_broken")
"""Options of a run's own data that other data are read with as well."""


def data_of(
    model: Model,
    data: Any = None,
    trusted: Iterable[str] = (),
    **asked: Any,
) -> Dataset:
    """The data to compare a model with: those it was trained on, or others in its own shape.

    Its own are read as it remembers, others in its domain's form, both by the options of
    `sparring.load_data` that are asked for. `trusted` packages may read them, and those that the
    model itself was made of.

    Raises:
        InputError: they cannot be read, or their samples have another shape.
    """
    from sparring.data import load
    from sparring.data.loading import takes
    from sparring.data.options import Foreign, remembered
    from sparring.verbs.fitting import seen

    manifest = model.manifest
    known = manifest.trusted(trusted)
    asked = remembered(asked, known)
    reading = remembered(manifest.sitting.get("reading") or {}, known)
    if data is None:
        dataset = load(_address(manifest), **{**reading, **asked}, trusted=known)
    else:
        form = {name: reading[name] for name in KEPT if name in reading}
        form |= model.domain.reading
        source = model.source_domain
        if source is not None and source.reading.get("channels") != form.get("channels"):
            form["channels"] = reading.get("channels")  # One number would not do for both.
        form["pairs"] = reading.get("pairs") if takes(data, "pairs", known) else None
        try:
            dataset = load(data, **{**form, **asked}, trusted=known)
        except Foreign:  # The model's form is none of theirs; their shape will tell.
            dataset = load(data, **asked, trusted=known)
    dataset = seen(manifest.recipe, dataset)
    shape = dataset.domain.build().shape
    if shape != manifest.spec.shape:
        raise InputError(
            f"the samples of {dataset.address} have shape {shape} and the model's "
            f"{manifest.spec.shape}; give the data that it was trained on with --data."
        )
    return replace(dataset, domain=manifest.domain)  # Encoded as the model's samples are.


def _address(manifest: Manifest) -> str:
    """Where a model's data lie.

    Raises:
        InputError: it does not say so.
    """
    if "address" not in manifest.data:
        raise InputError("the model does not say what it was trained on; name data with --data.")
    return str(manifest.data["address"])


def reals_of(model: Model, dataset: Dataset, count: int) -> Batch:
    """So many held-out items, as `items_of`, as the model's task prepares them."""
    from sparring.verbs.compare import prepared

    return prepared(model, items_of(model, dataset, count))


def items_of(model: Model, dataset: Dataset, count: int) -> Items:
    """So many held-out items, evenly spread and encoded.

    Training items stand in where none were held out.
    """
    import torch

    check("the number of items", count, Images)
    none_held = len(dataset.held_out) == 0 and not dataset.streaming
    store: Any = dataset.train if none_held else dataset.held_out
    number = min(count, len(store))
    items = store.take(torch.arange(number) * len(store) // max(number, 1))
    loose: Any = dataset.sources if none_held else dataset.held_out_sources
    if loose is not None and len(loose):
        items |= loose.take(torch.arange(number) * len(loose) // max(number, 1))
    return encode(items, model.domain, model.source_domain)


def training_items(model: Model, dataset: Dataset, indices: Tensor) -> Iterator[Tensor]:
    """Encoded training items at these indices, in batches (N, *shape)."""
    store: Any = dataset.train
    for piece in indices.split(CHUNK):
        yield model.domain.encode(store.take(piece)["sample"])


def encoded(dataset: Dataset, store: Any, most: int | None = None) -> Pieces:
    """All items of a store, or the first so many, as samples (N, *shape)."""
    import torch

    from sparring.artifact.tiling import at_once
    from sparring.verbs.shares import Pieces

    domain = dataset.domain.build()
    number = len(store) if most is None else min(most, len(store))
    chunks = torch.arange(number).split(at_once(CHUNK, CELLS, domain.shape))

    def make(number: int) -> Tensor:
        samples: Tensor = domain.encode(store.take(chunks[number])["sample"])
        return samples

    return Pieces([len(chunk) for chunk in chunks], make, lasting=True)
