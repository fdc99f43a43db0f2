"""What a translation starts from: items and masks of any extent, checked before use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.streams import latents
from sparring.core.types import Condition, Domain, Spec, Task

if TYPE_CHECKING:
    from sparring.artifact.manifest import Manifest

PIXELS = 1 << 20
"""Pictures that would come out larger than this are made of tiles."""
TILE = 512
"""Their side in what comes out, at most; what goes in is `scale` times smaller."""
LEAST_TILE = 192
"""Smaller ones would mostly be overlap."""
BATCH, BATCH_PIXELS = 64, 1 << 18
"""Most pictures, and most pixels of results, that are worked on at once."""
LEAST = 4
"""The smallest side where a network does not say its own as `multiple`."""
BLOCK = 1024
"""Waveforms are made up to whole blocks of so many samples, which every network can halve."""
LONG, PIECE = 1 << 19, 1 << 18
"""Waveforms of more samples are worked on in overlapping pieces of so many."""


REFUSALS = {
    "sample": "it makes samples from others; use: sparring translate, or Model.translate",
    "translate": "it makes samples out of nothing; use: sparring sample, or Model.sample",
    "repair": "it repairs nothing; train the recipe 'inpaint' or 'restore'",
    "upscale": "it enlarges nothing; train the recipe 'superres'",
    "alter": "it changes no attributes; train the recipe 'stargan'",
    "blend": "it blends nothing in; train the recipe 'blend'",
}
"""What a model without an ability does, and what to do instead."""


def check_can(ability: str, manifest: Manifest, task: Task) -> None:
    """The model can do what is asked, as its task says.

    Raises:
        InputError: it is a model of another task.
    """
    if ability not in task.abilities:
        raise InputError(
            f"a {manifest.recipe.name!r} model is a model of another task: {REFUSALS[ability]}."
        )


def check_shape(samples: Tensor, spec: Spec) -> None:
    """Samples (N, *shape) are of the model's shape.

    Raises:
        InputError: they are not.
    """
    if samples.shape[1:] != spec.shape:
        raise InputError(
            f"the model works on samples of shape {spec.shape}, not {tuple(samples.shape[1:])}."
        )


def check_mask(given: bool, wanted: bool) -> None:
    """There is a mask if one is wanted, and none if not.

    Raises:
        InputError: otherwise.
    """
    if wanted and not given:
        raise InputError("this model needs a mask of what is missing; use: sparring repair --mask.")
    if given and not wanted:
        raise InputError("this model takes no mask; train the recipe 'inpaint' for one that does.")


def at_once(space: Sequence[int], scale: int) -> int:
    """How many items of an extent are worked on at once."""
    return max(1, min(BATCH, BATCH_PIXELS // (math.prod(space) * scale ** len(space))))


def one_way(manifest: Manifest) -> InputError:
    """Say that there is no way back."""
    return InputError(
        f"a {manifest.recipe.name!r} model goes one way only; leave out --reverse, or train the "
        "recipe 'cyclegan', which goes both."
    )


def scale_of(spec: Spec) -> int:
    """How many times larger a sample is than the map that it is made from."""
    return max(1, spec.shape[-1] // spec.map[-1]) if len(spec.map) == 3 else 1


def encoded(domain: Domain, items: Tensor, networks: Iterable[nn.Module] = ()) -> Tensor:
    """Items (N, C, *space) of a domain, stored or encoded, as float32.

    Raises:
        InputError: another number of dimensions or channels, or a side that is too small.
    """
    if items.dim() not in (4, len(domain.shape) + 1):
        form = "pictures must be (N, C, H, W)" if len(domain.shape) == 3 else "items must be whole"
        raise InputError(f"{form}, not {tuple(items.shape)}.")
    source = items.float() if items.is_floating_point() else domain.encode(items)
    _check_channels(domain, source)
    least, space = least_of(networks), source.shape[2:]
    if min(space) < least:
        grid = " x ".join([str(least)] * len(space))
        raise InputError(
            f"{extent_of(space)} is smaller than the network's base grid of {grid}; give a larger "
            "one."
        )
    return source


def waveforms(domain: Domain, items: Tensor, networks: Iterable[nn.Module] = ()) -> Tensor:
    """Waveforms (N, C, L) of a domain, as they are.

    Raises:
        InputError: another number of channels, or too few samples.
    """
    _check_channels(domain, items)
    least = max(BLOCK, least_of(networks))
    if items.shape[2] < least:
        raise InputError(
            f"{extent_of(items.shape[2:])} are fewer than the {least:,} that the model works on; "
            "give a longer sound."
        )
    return items


def _check_channels(domain: Domain, items: Tensor) -> None:
    what = "sounds" if items.dim() == 3 else "pictures"
    if items.shape[1] != domain.shape[0]:
        raise InputError(
            f"the model works on {what} of {domain.shape[0]} channels, not {items.shape[1]}."
        )


def least_of(networks: Iterable[nn.Module]) -> int:
    """The smallest side that all of these networks work on."""
    return max((int(getattr(network, "multiple", LEAST)) for network in networks), default=LEAST)


def extent_of(space: Sequence[int]) -> str:
    """An extent in words."""
    if len(space) == 1:
        return f"{space[0]:,} samples"
    return f"a picture of {' x '.join(map(str, space))} px"


def masked(mask: Tensor | None, source: Tensor, wanted: bool) -> dict[str, Tensor]:
    """The mask (N or 1, 1, *space), 1 where an item is missing, as an item's field.

    Raises:
        InputError: a mask where none is wanted or none where one is, one of another size, or
            one in which nothing or everything is missing.
    """
    check_mask(mask is not None, wanted)
    if mask is None:
        return {}
    space = source.shape[2:]
    if mask.dim() != source.dim() or mask.shape[1] != 1 or mask.shape[2:] != space:
        found = " x ".join(map(str, mask.shape[2:]))
        raise InputError(
            f"the mask is {found} and what it is for {' x '.join(map(str, space))} (height x "
            "width, or samples); make them of one size."
        )
    missing = (mask > 0).flatten(1)
    if not bool(missing.any(1).all()):
        raise InputError("the mask is empty: it marks nothing, so there is nothing to do.")
    if bool(missing.all(1).any()):
        raise InputError("the mask is all white: nothing is left to go by.")
    return {"mask": (mask > 0).float().expand(len(source), *mask.shape[1:])}


def numbered(seed: int, indices: Sequence[int] | None, count: int, size: int) -> Tensor:
    """The latents (count, size) of pictures with these indices; 0 and up where none are given.

    Raises:
        InputError: another number of indices than of pictures.
    """
    if indices is None:
        return latents(seed, range(count), size)
    if len(indices) != count:
        raise InputError(f"{count} pictures need {count} indices, not {len(indices)}.")
    rows = [latents(seed, range(index, index + 1), size) for index in indices]
    return torch.cat(rows) if rows else torch.empty(0, size)


def tile_of(tile: int | None, space: tuple[int, ...], scale: int) -> int:
    """The side of the tiles for a map of this extent; 0 where it is worked on whole.

    Raises:
        InputError: a tile that is no positive number.
    """
    if tile is not None:
        if tile < 8:
            raise InputError(f"tile must be at least 8 px, not {tile}.")
        return tile
    if math.prod(space) * scale ** len(space) <= PIXELS:
        return 0
    return max(TILE // scale, LEAST_TILE)


def piece_of(tile: int | None, length: int) -> int:
    """Samples of a waveform's pieces, whole blocks of an overlap of a quarter; 0 where it is whole.

    Raises:
        InputError: a tile of less than four blocks.
    """
    if tile is None:
        return PIECE if length > LONG else 0
    if tile < 4 * BLOCK:
        raise InputError(f"tile must be at least {4 * BLOCK:,} samples, not {tile}.")
    return -(-tile // (4 * BLOCK)) * 4 * BLOCK


def resized(picture: Tensor, space: tuple[int, ...]) -> Tensor:
    """(N, C, H, W) brought to another extent."""
    if picture.shape[-2:] == torch.Size(space):
        return picture
    return F.interpolate(picture, tuple(space), mode="bilinear", antialias=True)


def first(condition: Condition, spec: Spec) -> Condition:
    """The first row, its map brought to the extent that the model was trained on."""
    row = condition.rows(slice(0, 1))
    return row if row.map is None else row._replace(map=resized(row.map, spec.map[1:]))
