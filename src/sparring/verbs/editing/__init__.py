"""The verbs invert and edit: what a model of pictures from nothing knows of a given picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from sparring.artifact import codes as coded
from sparring.artifact import named
from sparring.artifact.inverting import Inverted
from sparring.artifact.model import Model
from sparring.artifact.named import Directions
from sparring.core.errors import InputError
from sparring.networks.style import mixed
from sparring.verbs.editing.photo import files_of, photo

CODES = ".safetensors"


def invert(
    model: Model | str | Path,
    source: str | Path,
    out: str | Path,
    *,
    overwrite: bool = False,
    **wanted: Any,
) -> Inverted:
    """Find what a model must be given to make a picture, and write both.

    Args:
        model: A model that makes pictures from nothing, or where one lies.
        source: A picture; its middle part in the model's proportions is inverted.
        out: The picture that the model makes of what was found; beside it, with the ending
            .safetensors, the codes, and the generator where it was tuned.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`.

    Raises:
        InputError: as `Model.invert`, a picture that cannot be read, or a place that is taken.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    place = checked_out(model, Path(out), overwrite)
    seen = photo(model, Path(source))
    found = model.invert(seen.sample, **wanted)
    files_of(model).write(model.domain.decode(found.samples)[0], place)
    tuned = found.model.networks if found.model is not model else None
    coded.write(found.codes, place.with_suffix(CODES), tuned)
    return found


def checked_out(model: Model, out: Path, overwrite: bool, codes: bool = True) -> Path:
    """The place, once a picture can be written there, and its codes beside it.

    Raises:
        InputError: it has no suffix of a picture, or is taken, or its codes' place is.
    """
    suffixes = files_of(model).writable
    if out.suffix.lower() not in suffixes:
        raise InputError(f"{out} has no suffix of a picture; use {', '.join(suffixes)}.")
    for place in (out, out.with_suffix(CODES))[: 1 + codes]:
        if place.exists() and not overwrite:
            raise InputError(
                f"{place} is there already; choose another --out, or replace it with --overwrite."
            )
    return out


def mix(
    model: Model | str | Path,
    source: str | Path,
    other: str | Path,
    out: str | Path,
    levels: tuple[int, int],
    *,
    overwrite: bool = False,
    **wanted: Any,
) -> tuple[Inverted, Inverted]:
    """Give a picture the styles that another has from one level of the generator to another.

    Args:
        model: A model with a space of styles (`r3 --style`), or where one lies.
        source: The picture that lends all other levels, the coarsest being 0.
        other: The picture that lends these.
        out: The picture to write.
        levels: First and last level, both taken.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`, without tuning.

    Raises:
        InputError: a model without styles, levels that it has not, or as `invert`.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    place, files = checked_out(model, Path(out), overwrite, codes=False), files_of(model)
    start = coded.drawn(model, 1).latent
    if start.dim() != 3:
        raise InputError("this model has no levels of style; train one: sparring train r3 --style.")
    mixed(start, start, levels)  # refused before anything is computed
    one, two = (
        model.invert(photo(model, Path(path)).sample, **wanted, tune=0) for path in (source, other)
    )
    latent = mixed(one.codes.latent, two.codes.latent, levels)
    files.write(model.domain.decode(model.generate(latent, one.codes.told))[0], place)
    return one, two


def edit(
    model: Model | str | Path,
    source: str | Path,
    out: str | Path,
    moves: Mapping[str, float],
    *,
    keep: Sequence[str] = (),
    mask: str | None = None,
    directions: str | Path | Directions,
    overwrite: bool = False,
    **wanted: Any,
) -> Inverted | None:
    """Move a picture along named directions of a model's latent space, and write what it becomes.

    Args:
        model: A model that makes pictures from nothing, or where one lies.
        source: A picture, which is inverted first, or the .safetensors of one that was.
        out: The picture to write.
        moves: Direction -> how many deviations to go along it.
        keep: Directions, or attributes with all of their values, that shall not change.
        mask: What may change: a picture, "left,top,right,bottom" or "white". The picture then
            keeps its extent, and all of its other pixels to the bit; within the mask, what changes
            between the likeness and the edited one is added to it.
        directions: What `directions` found, or the folder where it wrote them.
        overwrite: Replace what is there.
        wanted: As in `Model.invert`.

    Raises:
        InputError: as `Model.invert`, unknown directions, ones that contradict each other, a mask
            that does not fit or has no picture, or a place that is taken.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    place, path = checked_out(model, Path(out), overwrite, codes=False), Path(source)
    ways = directions if isinstance(directions, Directions) else named.read(Path(directions), model)
    if not moves:
        raise InputError("nothing is to be changed; say what with --set NAME=STRENGTH.")
    ways.moved(coded.drawn(model, 1), moves, keep)  # refused before anything is computed
    files, found = files_of(model), None
    if path.suffix.lower() == CODES:
        if mask is not None:
            raise InputError("a mask needs the picture itself; give that in place of its codes.")
        codes, maker = coded.read(model, path)
    else:
        seen = photo(model, path)
        allowed = None if mask is None else seen.mask(files, mask)
        found = model.invert(seen.sample, **wanted)
        codes, maker = found.codes, found.model
    with torch.inference_mode():
        sample = coded.made(maker, ways.moved(codes, moves, keep))
    stored, around = model.domain.decode(sample)[0], None
    if mask is not None:
        assert allowed is not None and found is not None
        stored = seen.placed(model, sample[0] - found.samples[0], allowed)
        around = seen.opened.around
    files.write(stored, place, around)
    return found
