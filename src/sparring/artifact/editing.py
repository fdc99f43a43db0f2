"""Edits: given samples moved along named directions of a model's latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from sparring.artifact import codes as coded
from sparring.artifact import named
from sparring.artifact.codes import Codes
from sparring.artifact.inverting import Inverted
from sparring.artifact.named import Directions
from sparring.core.errors import InputError

if TYPE_CHECKING:
    from sparring.artifact.model import Model


class Edited(NamedTuple):
    """What became of N samples."""

    samples: Tensor
    """(N, *shape) on the CPU."""
    found: Inverted
    """What they were to the model before."""


class Edit(NamedTuple):
    """What shall change, and along which ways; checked before anything is computed."""

    ways: Directions
    moves: Mapping[str, float]
    keep: Sequence[str]

    def of(self, codes: Codes, model: Model) -> Tensor:
        """What the model makes of the moved codes (N, *shape)."""
        with torch.inference_mode():
            return coded.made(model, self.ways.moved(codes, self.moves, self.keep))


def planned(
    model: Model,
    moves: Mapping[str, float],
    keep: Sequence[str],
    directions: Directions | str | Path | None,
) -> Edit:
    """The edit, with the directions that lie beside the model where none are named.

    Raises:
        InputError: nothing is to be changed, directions that are not there or are of other
            weights, unknown ones, or ones that contradict each other.
    """
    if not moves:
        raise InputError("nothing is to be changed; say what with --set NAME=STRENGTH.")
    if directions is None:
        if model.place is None:
            raise InputError("this model was not loaded from a folder: name its directions.")
        directions = named.beside(model.place)
    ways = directions if isinstance(directions, Directions) else named.read(Path(directions), model)
    keep = [keep] if isinstance(keep, str) else keep
    ways.moved(coded.drawn(model, 1), moves, keep)
    return Edit(ways, moves, keep)


def edited(
    model: Model, samples: Tensor, edit: Edit, mask: Tensor | None, wanted: Mapping[str, Any]
) -> Edited:
    """Samples inverted and moved; with a mask, the change is added where it is 1.

    Raises:
        InputError: as `Model.invert`, or a mask that does not fit or marks nothing.
    """
    if mask is not None:
        _check_mask(mask, samples)
    found = model.invert(samples, **wanted)
    made = edit.of(found.codes, found.model)
    if mask is not None:
        changed = (samples + made - found.samples).clamp(-1.0, 1.0)
        made = torch.where(mask > 0, changed, samples)
    return Edited(made, found)


def _check_mask(mask: Tensor, samples: Tensor) -> None:
    fitting = [(count, 1, *samples.shape[2:]) for count in (1, len(samples))]
    if tuple(mask.shape) not in fitting:
        raise InputError(f"the mask is of shape {tuple(mask.shape)}, not {fitting[-1]}.")
    if not bool((mask > 0).any()):
        raise InputError("the mask marks nothing, so nothing may change.")
