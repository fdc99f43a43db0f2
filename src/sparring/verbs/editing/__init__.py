"""The verbs invert and edit: what a model of pictures from nothing knows of a given picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparring.artifact import codes as coded
from sparring.artifact.inverting import Inverted
from sparring.artifact.model import Model
from sparring.core.errors import InputError
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


def checked_out(model: Model, out: Path, overwrite: bool) -> Path:
    """The place, once a picture can be written there.

    Raises:
        InputError: it has no suffix of a picture, or is taken, or its codes' place is.
    """
    suffixes = files_of(model).writable
    if out.suffix.lower() not in suffixes:
        raise InputError(f"{out} has no suffix of a picture; use {', '.join(suffixes)}.")
    for place in (out, out.with_suffix(CODES)):
        if place.exists() and not overwrite:
            raise InputError(
                f"{place} is there already; choose another --out, or replace it with --overwrite."
            )
    return out
