"""The verb directions: ways through a model's latent space, with names and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from sparring.artifact import codes as coded
from sparring.artifact.codes import Codes
from sparring.artifact.directions import principal, probes, strongest
from sparring.artifact.model import Model
from sparring.artifact.named import Directions, digest
from sparring.core.errors import InputError
from sparring.core.ranges import Factor, check
from sparring.core.storage import whole_folder
from sparring.data.content import Progress
from sparring.networks.style import Generator
from sparring.verbs.editing.reader import accuracy, known, reader
from sparring.verbs.reals import data_of

SEEN = 4000
"""Samples that probes are fitted to."""
ROWS, STEPS = 3, torch.linspace(-3.0, 3.0, 7)
"""Samples of a strip, and how far they are moved."""


class Found(NamedTuple):
    """Directions, and how well what names them reads held-out items (None without labels)."""

    directions: Directions
    accuracy: float | None


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def directions(
    model: Model | str | Path,
    out: str | Path,
    *,
    data: Any = None,
    count: int = 6,
    labels: bool = True,
    overwrite: bool = False,
    trusted: Iterable[str] = (),
    progress: Progress | None = None,
) -> Found:
    """Find directions of a model's latent space, and write them with a strip of each.

    Without labels: of the closed form (sefa-1, ...; Shen & Zhou 2021) and of principal components
    (pca-1, ...; Harkonen et al. 2020). With them: for each value of each attribute of the data,
    linear probes of what a small reader, trained on the real items, sees in random samples.

    Args:
        model: A model that makes samples from nothing, or where one lies.
        out: The folder to write.
        data: Data with labels or attributes; those that the model was trained on if None.
        count: How many of each kind without labels.
        labels: Whether to read data at all.
        overwrite: Replace the folder.
        trusted: Packages that may read the data.
        progress: Told of every step.

    Raises:
        InputError: a model of another kind, data without labels, or a place that is taken.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    place, tell = Path(out), progress or _silent
    check("the number of directions", count, Factor)
    if place.exists() and not overwrite:
        raise InputError(f"{place} is there already; name another --out, or give --overwrite.")
    if "sample" not in model.task.abilities:
        model.sample(1)  # says what to do instead
    codes = coded.drawn(model, SEEN)
    spread = codes.flat().std(0, correction=0).clamp_min(1e-3)
    ways = _plain(model, count, codes)
    quality: dict[str, float] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    right = None
    if labels:
        dataset = data_of(model, data, trusted)
        told = known(dataset)
        read = reader(dataset, model.domain, told, tell)
        right = accuracy(read, dataset, model.domain, told)
        found, how = probes(*_seen(model, codes, read, tell))
        ways |= dict(zip(told.names, found, strict=True))
        quality = dict(zip(told.names, how.tolist(), strict=True))
        attributes = dict(told.attributes)
    named = Directions(ways, spread, attributes, quality, digest(model))
    with whole_folder(place) as draft:
        named.write(draft)
        _draw(model, named, draft, tell)
    return Found(named, right)


def _plain(model: Model, count: int, codes: Codes) -> dict[str, Tensor]:
    """Directions that need no labels; what is told stays as it is along them."""
    if codes.latent.dim() == 3:
        return _of_styles(model, count, codes)
    rest = codes.flat().shape[1] - codes.latent.shape[1]
    kinds = {"sefa": strongest(model, count), "pca": principal(model, count)}
    return {
        f"{kind}-{number}": torch.cat([way, way.new_zeros(rest)])
        for kind, ways in kinds.items()
        for number, way in enumerate(ways, 1)
    }


def _of_styles(model: Model, count: int, codes: Codes) -> dict[str, Tensor]:
    """The same in the space of styles, alike at all levels (as both papers do for StyleGAN)."""
    generator, styles = model.networks["generator"], codes.latent[:, 0]
    assert isinstance(generator, Generator)
    weights = torch.cat([layer.modulate.weight for layer in generator.styling])
    away = styles - styles.mean(0)
    kinds = {
        name: torch.linalg.svd(rows.cpu(), full_matrices=False)[2][:count]
        for name, rows in (("sefa", weights), ("pca", away))
    }
    spread = styles.std(0, correction=0).clamp_min(1e-3)
    return {
        f"{kind}-{number}": functional.normalize((way / spread).repeat(generator.levels), dim=0)
        for kind, ways in kinds.items()
        for number, way in enumerate(ways, 1)
    }


def _seen(
    model: Model, codes: Codes, read: Callable[[Tensor], Tensor], tell: Progress
) -> tuple[Tensor, Tensor]:
    """Random codes in their deviations, and what is read from their samples."""
    found = []
    for begin in range(0, len(codes), 500):
        tell("random samples", begin, len(codes))
        found.append(read(coded.made(model, codes.rows(slice(begin, begin + 500)))))
    rows = codes.flat()
    return (rows - rows.mean(0)) / rows.std(0, correction=0).clamp_min(1e-3), torch.cat(found)


def along(model: Model, named: Directions, name: str) -> Tensor:
    """Samples, one a row of `STEPS`, from three deviations back along a direction to three on."""
    start = coded.drawn(model, ROWS, seed=1)
    rows = start.flat()[:, None] + STEPS[:, None] * (named.ways[name] * named.spread)
    spots = start.rows(torch.arange(ROWS).repeat_interleave(len(STEPS)))
    return coded.made(model, spots.at(rows.flatten(0, 1)))


def _draw(model: Model, named: Directions, folder: Path, tell: Progress) -> None:
    """A strip of each direction."""
    for number, name in enumerate(named.ways):
        tell("strips", number, len(named.ways))
        file = re.sub(r"[^\w-]+", "-", name)[:80] or str(number)
        model.domain.preview(along(model, named, name), folder / f"{file}.png", len(STEPS))
