"""The verbs invert, edit and mix: what a model of pictures from nothing knows of given ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sparring.artifact import codes as coded
from sparring.artifact.codes import Codes
from sparring.artifact.editing import Edit, planned
from sparring.artifact.inverting import Inverted
from sparring.artifact.model import Model
from sparring.artifact.named import Directions
from sparring.core.errors import InputError
from sparring.networks.style import mixed
from sparring.verbs.editing import many
from sparring.verbs.editing.many import CODES, Made
from sparring.verbs.editing.photo import Photo, files_of, photo
from sparring.verbs.translate.folder import Job

Sources = str | Path | Sequence[str | Path]


def invert(
    model: Model | str | Path,
    sources: Sources,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    **wanted: Any,
) -> Made:
    """Find what a model must be given to make pictures, and write both.

    Args:
        model: A model that makes pictures from nothing, or where one lies.
        sources: Pictures and folders of them; the middle part of each, in the model's
            proportions, is inverted.
        out: The picture that the model makes of what was found, or a folder of such; beside the
            sources if None. Beside each lie, with the ending .safetensors, its codes, and the
            generator where it was tuned.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`; each picture is tuned for by itself.

    Raises:
        InputError: as `Model.invert`, a picture that cannot be read, or a place that is taken; of
            several pictures those that cannot be read are noted.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    files = files_of(model)
    jobs = many.jobs_of(files, sources, out, "inverted", overwrite, (CODES,))

    def work(ready: list[tuple[Job, Photo]]) -> list[str]:
        found = model.invert(torch.cat([seen.sample for _, seen in ready]), **wanted)
        tuned = found.model.networks if found.model is not model else None
        stored = model.domain.decode(found.samples)
        for number, (job, _) in enumerate(ready):
            files.write(stored[number], job.out, None)
            coded.write(found.one(number).codes, job.out.with_suffix(CODES), tuned)
        return [found.verdict(number) for number in range(len(ready))]

    return many.run(jobs, partial(photo, model), work, wanted)


def mix(
    model: Model | str | Path,
    sources: Sources,
    other: str | Path,
    out: str | Path | None,
    levels: tuple[int, int],
    *,
    overwrite: bool = False,
    **wanted: Any,
) -> Made:
    """Give pictures the styles that another has from one level of the generator to another.

    Args:
        model: A model with a space of styles (`r3 --style`), or where one lies.
        sources: The pictures that lend all other levels, the coarsest being 0, or folders of them.
        other: The picture that lends these.
        out: The picture to write, or a folder; beside the sources if None.
        levels: First and last level, both taken.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`, without tuning and features, which no other picture shares.

    Raises:
        InputError: a model without styles, levels that it has not, or as `invert`.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    files, start = files_of(model), coded.drawn(model, 1).latent
    if start.dim() != 3:
        raise InputError("this model has no levels of style; train one: sparring train r3 --style.")
    mixed(start, start, levels)  # refused before anything is computed
    jobs = many.jobs_of(files, sources, out, "mixed", overwrite)
    wanted |= {"tune": 0, "features": False}
    lent = model.invert(photo(model, Path(other)).sample, **wanted)

    def work(ready: list[tuple[Job, Photo]]) -> list[str]:
        found = model.invert(torch.cat([seen.sample for _, seen in ready]), **wanted)
        theirs = lent.codes.latent.expand_as(found.codes.latent)
        latent = mixed(found.codes.latent, theirs, levels)
        stored = model.domain.decode(model.generate(latent, found.codes.told))
        for (job, _), made in zip(ready, stored, strict=True):
            files.write(made, job.out, None)
        return [found.verdict(number) for number in range(len(ready))]

    made = many.run(jobs, partial(photo, model), work, wanted)
    made.verdicts = {str(other): lent.verdict(), **made.verdicts}
    return made


def edit(
    model: Model | str | Path,
    sources: Sources,
    out: str | Path | None,
    moves: Mapping[str, float],
    *,
    keep: Sequence[str] = (),
    mask: str | None = None,
    directions: str | Path | Directions | None = None,
    overwrite: bool = False,
    **wanted: Any,
) -> Made:
    """Move pictures along named directions of a model's latent space, and write what they become.

    Args:
        model: A model that makes pictures from nothing, or where one lies.
        sources: Pictures, which are inverted first, folders of them, or the .safetensors of ones
            that were.
        out: The picture to write, or a folder; beside the sources if None.
        moves: Direction -> how many deviations to go along it.
        keep: Directions, or attributes with all of their values, that shall not change.
        mask: What may change: a picture, "left,top,right,bottom" or "white". A picture then keeps
            its extent, and all of its other pixels to the bit; within the mask, what changes
            between the likeness and the edited one is added to it.
        directions: What `directions` found, or the folder where it wrote them; beside the model
            if None.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`.

    Raises:
        InputError: as `Model.invert`, unknown directions, ones that contradict each other, a mask
            that does not fit or has no picture, or a place that is taken.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    files = files_of(model)
    jobs = many.jobs_of(files, sources, out, "edited", overwrite)
    way = planned(model, moves, keep, directions)

    def read(path: Path) -> _Given:
        if path.suffix.lower() != CODES:
            seen = photo(model, path)
            return _Given(seen, None if mask is None else seen.mask(files, mask))
        if mask is not None:
            raise InputError("a mask needs the picture itself; give that in place of its codes.")
        return _Given(codes=coded.read(model, path))

    def work(ready: list[tuple[Job, _Given]]) -> list[str]:
        likenesses = _likenesses(model, [given.photo for _, given in ready], wanted)
        for (job, given), likeness in zip(ready, likenesses, strict=True):
            stored = _changed(model, way, given, likeness)
            files.write(stored, job.out, given.photo.opened.around if given.photo else None)
        return ["" if one is None else one.verdict() for one in likenesses]

    return many.run(jobs, read, work, wanted)


class _Given(NamedTuple):
    """What is edited: a picture, perhaps with what may change of it, or codes and their model."""

    photo: Photo | None = None
    mask: Tensor | None = None
    codes: tuple[Codes, Model] | None = None


def _likenesses(
    model: Model, photos: Sequence[Photo | None], wanted: Mapping[str, Any]
) -> list[Inverted | None]:
    """What the pictures are to the model, found at once; None where there is none."""
    samples = [seen.sample for seen in photos if seen is not None]
    if not samples:
        return [None] * len(photos)
    found = model.invert(torch.cat(samples), **wanted)
    each = iter(range(len(samples)))
    return [None if seen is None else found.one(next(each)) for seen in photos]


def _changed(model: Model, way: Edit, given: _Given, likeness: Inverted | None) -> Tensor:
    """The stored picture (C, H, W): the moved likeness, or within a mask what that changed."""
    if likeness is None:
        assert given.codes is not None, "what is no picture is codes"
        return model.domain.decode(way.of(*given.codes))[0]
    made = way.of(likeness.codes, likeness.model)
    if given.photo is None or given.mask is None:
        return model.domain.decode(made)[0]
    return given.photo.placed(model, (made - likeness.samples)[0], given.mask)
