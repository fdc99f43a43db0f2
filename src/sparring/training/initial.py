"""Initial: the weights that a new run starts from, a trained model's or a checkpoint's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.stored import model_folder
from sparring.core.errors import InputError
from sparring.core.storage import check_alike, read_tensors
from sparring.training import checkpoint


@dataclass(frozen=True)
class Initial:
    """Weights by network, and what a new run remembers of where they came from."""

    weights: Mapping[str, Mapping[str, Tensor]]
    facts: Mapping[str, Any]


def read_initial(place: Path, manifest: Manifest, trusted: Iterable[str] = ()) -> Initial:
    """The weights of a run, checkpoint or model for those networks that the new run has as well.

    Averaged weights where there are such; of the others, as the discriminator, those of the last
    checkpoint, where there is one.

    Raises:
        InputError: nothing there, or networks of other shapes.
    """
    folder = model_folder(place)
    origin = Manifest.read(folder, trusted)
    kept = build_game(origin.recipe).kept
    found = {name: read_tensors(folder / f"{name}.safetensors") for name in kept}
    found = {**playing(place), **found}
    weights = {name: found[name] for name in manifest.recipe.networks if name in found}
    if not weights:
        raise InputError(
            f"no network of {place} is one of this run: it has {', '.join(sorted(found))}, and "
            f"{manifest.recipe.name!r} has {', '.join(manifest.recipe.networks)}."
        )
    for name, tensors in weights.items():
        _check(place, manifest, name, tensors)
    facts = {"address": str(place), "recipe": origin.recipe.name, "networks": sorted(weights)}
    return Initial(weights, facts)


def playing(place: Path) -> dict[str, dict[str, Tensor]]:
    """All networks of the checkpoint at the place, or of the run's last one, as they play.

    Raises:
        InputError: the checkpoint is damaged.
    """
    done = checkpoint.steps(place)
    folder = place / "checkpoint" / f"step-{done[-1]:08d}" if done else place
    if not (folder / "state.safetensors").is_file():
        return {}
    return parted(read_tensors(folder / "state.safetensors"))


def parted(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Networks' weights by name, of tensors by dotted name among which they are."""
    networks: dict[str, dict[str, Tensor]] = {}
    for path, value in tensors.items():
        kind, _, rest = path.partition(".")
        name, _, weight = rest.partition(".")
        if kind == "network":
            networks.setdefault(name, {})[weight] = value
    return networks


def _check(place: Path, manifest: Manifest, name: str, tensors: Mapping[str, Tensor]) -> None:
    with torch.device("meta"):
        wanted = build_network(manifest, name).state_dict()
    try:
        check_alike(f"the {name} of {place} does not fit this run", tensors, wanted)
    except InputError as error:
        raise InputError(
            f"{str(error).rstrip('.')}; set widths, latent, size and conditions as it has them."
        ) from error
