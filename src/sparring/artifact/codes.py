"""Codes: where in a model's spaces its samples lie, as rows of numbers that can be moved."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.artifact.features import added, first_grid, layer_for
from sparring.core.storage import check_alike, read_tensors, whole_file, write_tensors
from sparring.core.streams import latents
from sparring.core.types import Condition
from sparring.networks import style

if TYPE_CHECKING:
    from sparring.artifact.model import Model

MOVABLE = ("label", "vector")
"""What of a condition can be moved: a label as shares of each, and a vector."""


@dataclass(frozen=True)
class Codes:
    """What N samples are made from."""

    latent: Tensor
    """(N, latent), or styles (N, levels, styles) where the generator has such."""
    told: Condition
    """Its label is shares (N, classes), so that there is something between two labels."""
    features: Tensor | None = None
    """What is added to the generator's first grid of features (N, C, *space); nothing moves it."""

    def __len__(self) -> int:
        return len(self.latent)

    def flat(self) -> Tensor:
        """All that can be moved, as rows (N, S)."""
        return torch.cat([self.latent.flatten(1), *self._movable().values()], dim=1)

    def at(self, rows: Tensor) -> Codes:
        """The same codes moved to other rows (N, S); what cannot be moved stays."""
        parts = {name: value.shape[1] for name, value in self._movable().items()}
        latent, *told = rows.split([math.prod(self.latent.shape[1:]), *parts.values()], dim=1)
        moved = dict(zip(parts, told, strict=True))
        latent = latent.reshape(-1, *self.latent.shape[1:])
        return Codes(latent, self.told._replace(**moved), self.features)

    def rows(self, which: slice | Tensor) -> Codes:
        """Some of them."""
        fields = (None if value is None else value[which] for value in self.told)
        features = None if self.features is None else self.features[which]
        return Codes(self.latent[which], Condition(*fields), features)

    def _movable(self) -> dict[str, Tensor]:
        if self.latent.dim() > 2:  # styles are what came of the condition: it changes nothing more
            return {}
        fields = self.told._asdict()
        return {name: fields[name] for name in MOVABLE if fields[name] is not None}


def drawn(model: Model, count: int, seed: int = 0) -> Codes:
    """Codes of random samples; what the model is told goes through all in turn."""
    told = model.condition(range(count))
    if told.label is not None:
        shares = F.one_hot(told.label, model.manifest.spec.classes).float()
        told = told._replace(label=shares)
    latent = latents(seed, range(count), model.manifest.spec.latent)
    generator = model.networks.get("generator")
    if isinstance(generator, style.Generator):
        with torch.no_grad():
            latent = generator.styled(latent.to(model.device), told.to(model.device)).cpu()
    return Codes(latent, told)


def made(model: Model, codes: Codes, layer: nn.Module | None = None) -> Tensor:
    """Their samples (N, *shape) on the CPU, with gradients where the codes ask for them.

    `layer` is that which their features are added to, where it was found already.
    """
    with added(layer or layer_for(model, codes.features), codes.features):
        return model.generate(codes.latent, codes.told)


def write(codes: Codes, path: Path, tuned: Mapping[str, nn.Module] | None = None) -> None:
    """Write codes, and networks that were tuned around them, as safetensors.

    Raises:
        InputError: the place cannot be written.
    """
    fields = {name: value for name, value in codes.told._asdict().items() if value is not None}
    found = {"latent": codes.latent, **fields}
    if codes.features is not None:
        found["features"] = codes.features
    for name, network in (tuned or {}).items():
        found |= {f"{name}/{key}": value for key, value in network.state_dict().items()}
    with whole_file(path) as draft:
        write_tensors(draft, found)


def read(model: Model, path: Path) -> tuple[Codes, Model]:
    """Codes that `write` wrote, and the model that makes their samples.

    Raises:
        InputError: a file that is damaged, or of another model.
    """
    found = read_tensors(path)
    tuned = {name: value for name, value in found.items() if "/" in name}
    own = {name: value for name, value in found.items() if "/" not in name}
    wanted, grid = drawn(model, 1), first_grid(model)
    fields = {name: value for name, value in wanted.told._asdict().items() if value is not None}
    count = len(own["latent"]) if own.get("latent") is not None and own["latent"].dim() else 1
    expected = {
        name: value.expand(count, *value.shape[1:])
        for name, value in {"latent": wanted.latent, **fields}.items()
    }
    if grid is not None and "features" in own:
        expected["features"] = grid[1][:1].expand(count, *grid[1].shape[1:])
    check_alike(f"{path} holds no codes of this model", own, expected)
    codes = Codes(own.pop("latent"), features=own.pop("features", None), told=Condition(**own))
    return codes, _with(model, tuned, path) if tuned else model


def _with(model: Model, weights: Mapping[str, Tensor], path: Path) -> Model:
    """The model with other weights in all its networks."""
    networks = {name: copy.deepcopy(network) for name, network in model.networks.items()}
    for name, network in networks.items():
        start = f"{name}/"
        own = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
        check_alike(f"{path} was tuned for another model", own, network.state_dict())
        network.load_state_dict(own)
    return type(model)(model.manifest, networks, model.scores)
