"""Named directions: ways to move a model's codes, found once and kept beside the run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from sparring.artifact import ready
from sparring.artifact.codes import Codes
from sparring.core.errors import InputError, unknown
from sparring.core.ranges import Number, check
from sparring.core.storage import read_json, read_tensors, write_json, write_tensors

if TYPE_CHECKING:
    from sparring.artifact.model import Model

SPREAD = "spread/"
LEAST = 0.05
"""Of a direction's length that must be left when what is to be kept has been taken out of it."""


@dataclass(frozen=True)
class Directions:
    """Directions by name; a step along one is a standard deviation of random codes."""

    ways: Mapping[str, Tensor]
    """Name -> (S,), of length 1 where codes are measured in their deviations."""
    spread: Tensor
    """(S,) deviations of random codes."""
    attributes: Mapping[str, tuple[str, ...]]
    """Attribute -> the names of its values; directions without labels belong to none."""
    quality: Mapping[str, float]
    """Name -> correlation of what a probe says with what the reader sees, on other samples."""
    model: str
    """`digest` of the model that they were found in."""

    def names(self, word: str) -> tuple[str, ...]:
        """The direction of this name, or all of an attribute's values.

        Raises:
            InputError: neither.
        """
        if word in self.attributes:
            return self.attributes[word]
        if word not in self.ways:
            raise unknown("direction or attribute", word, [*self.attributes, *self.ways])
        return (word,)

    def way(self, name: str, keep: Sequence[str] = ()) -> Tensor:
        """The direction (S,) of length 1 that is orthogonal to those to be kept.

        Raises:
            InputError: an unknown name, one that is itself to be kept, or nothing is left of it.
        """
        if name not in self.ways:
            raise unknown("direction", name, self.ways)
        kept = [one for word in keep for one in self.names(word)]
        if name in kept:
            raise InputError(f"{name!r} is to be changed and to be kept; leave out one of the two.")
        way = self.ways[name]
        if kept:
            basis = torch.linalg.svd(torch.stack([self.ways[one] for one in kept]).T, False)
            basis_kept = basis.U[:, basis.S > 1e-4 * basis.S[0]]
            way = way - basis_kept @ (basis_kept.T @ way)
        if float(way.norm()) < LEAST:
            raise InputError(f"nothing is left of {name!r} where {', '.join(keep)} must stay.")
        return functional.normalize(way, dim=0)

    def moved(self, codes: Codes, moves: Mapping[str, float], keep: Sequence[str] = ()) -> Codes:
        """Codes moved by so many deviations along directions, across those to be kept.

        Raises:
            InputError: as `way`, a strength that is no number, or two values of one attribute.
        """
        for name, strength in moves.items():
            check(f"the strength of {name}", strength, Number)
        for attribute, values in self.attributes.items():
            more = [name for name in values if moves.get(name, 0.0) > 0.0]
            if len(more) > 1:
                raise InputError(f"{' and '.join(more)} contradict each other as {attribute}.")
        steps = [float(by) * self.way(name, keep) for name, by in moves.items()]
        return codes.at(codes.flat() + torch.stack(steps).sum(0) * self.spread)

    def write(self, folder: Path) -> None:
        """Write directions.safetensors and directions.json into a folder that is there."""
        tensors = {**self.ways, SPREAD: self.spread}
        write_tensors(folder / "directions.safetensors", tensors)
        attributes = {name: list(values) for name, values in self.attributes.items()}
        about = {"model": self.model, "attributes": attributes, "quality": dict(self.quality)}
        write_json(folder / "directions.json", about)


def beside(path: str | Path) -> Path:
    """Where the directions of a run, a model or `ready:NAME` lie.

    Raises:
        InputError: no such ready model.
    """
    own = str(path).startswith(ready.PREFIX)
    return (ready.folder(str(path)) if own else Path(path)) / "directions"


def read(folder: Path, model: Model) -> Directions:
    """The directions that `Directions.write` wrote for this model.

    Raises:
        InputError: there are none, they are damaged, or of other weights.
    """
    if not (folder / "directions.json").is_file():
        raise InputError(
            f"there are no directions at {folder}; find some: sparring directions RUN."
        )
    about, ways = (
        read_json(folder / "directions.json"),
        read_tensors(folder / "directions.safetensors"),
    )
    spread = ways.pop(SPREAD, None)
    try:
        attributes = {name: tuple(values) for name, values in about["attributes"].items()}
        quality = {str(name): float(value) for name, value in about["quality"].items()}
        whole = spread is not None and all(way.shape == spread.shape for way in ways.values())
        whole = whole and all(name in ways for values in attributes.values() for name in values)
        of = str(about["model"])
    except (AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole or spread is None:
        raise InputError(f"the directions at {folder} are damaged; find them again.")
    if of != digest(model):
        raise InputError(
            f"the directions at {folder} are of other weights than the model's; find them again: "
            "sparring directions RUN."
        )
    return Directions(ways, spread, attributes, quality, of)


def digest(model: Model) -> str:
    """What tells a model's weights from any other's."""
    found = hashlib.sha256()
    for name, network in sorted(model.networks.items()):
        for key, value in network.state_dict().items():
            found.update(f"{name}/{key}".encode())
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:32]
