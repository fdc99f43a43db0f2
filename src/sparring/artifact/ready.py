"""Ready models: small trained ones that come with the package, loaded as `ready:NAME`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError
from sparring.core.storage import read_json

PREFIX = "ready:"
ROOM = Path(__file__).parents[1] / "ready"
"""A folder for each: an ordinary model, with card.json and picture.png beside it."""


@dataclass(frozen=True)
class Card:
    """What there is to know of a ready model before it is loaded."""

    name: str
    about: str
    use: str
    """What chooses it where no model is named: upscale x4, repair, repair --mask; or nothing."""
    command: str
    """The training that `scripts/ready_models.py NAME` repeats."""
    licence: str
    """Of what it learnt from."""
    credits: str
    minutes: float
    images: int
    machine: str
    scores: dict[str, Any]
    """Measured on held-out data: name -> figure."""

    @property
    def folder(self) -> Path:
        """Where the model lies."""
        return ROOM / self.name

    @property
    def picture(self) -> Path:
        """What it makes, as a PNG."""
        return self.folder / "picture.png"

    @property
    def megabytes(self) -> float:
        """Size of its weights."""
        return sum(path.stat().st_size for path in self.folder.glob("*.safetensors")) / 1e6


def names() -> list[str]:
    """All ready models, sorted."""
    return sorted(path.parent.name for path in ROOM.glob("*/card.json"))


def card(name: str) -> Card:
    """The card of a ready model.

    Raises:
        InputError: no such model; all are listed.
    """
    if name not in names():
        raise InputError(f"there is no ready model {name[:80]!r}; there are {', '.join(names())}.")
    try:
        return Card(name=name, **read_json(ROOM / name / "card.json"))
    except TypeError as error:
        raise InputError(f"{ROOM / name} is damaged ({error}); reinstall sparring.") from error


def cards() -> list[Card]:
    """Of all ready models, by name."""
    return [card(name) for name in names()]


def fitting(use: str) -> Card:
    """The ready model that is taken for this use where none is named.

    Raises:
        InputError: there is none.
    """
    found = cards()
    for one in found:
        if one.use == use:
            return one
    listed = ", ".join(PREFIX + one.name for one in found)
    raise InputError(f"no ready model is there for {use}; name a run, or one of {listed}.")


def folder(address: str) -> Path:
    """Where `ready:NAME` lies.

    Raises:
        InputError: no such model.
    """
    return card(address.removeprefix(PREFIX)).folder
