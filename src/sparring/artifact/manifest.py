"""Manifest: what a run or a trained model says of itself, in recipe.json."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, TypedDict

from msgspec import Meta, Struct

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.ranges import Count, Every, Images, Minutes, Number, Seed, fitted
from sparring.core.recipe import Recipe
from sparring.core.storage import read_json, write_json
from sparring.core.types import Spec

SCHEMA = 10
"""Raised when recipe.json changes its meaning; MIGRATIONS then leads older files here."""


def _with_maps(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 2 knows the shape of a condition's map, and the sample space of sources."""
    spec = {name: value for name, value in data["spec"].items() if name != "map_channels"}
    return {**data, "schema": 2, "spec": {**spec, "map": []}, "source": None}


MOVED = {
    "sparring.schedule": "sparring.core.schedule",
    "sparring.optimizers": "sparring.training.optimizers",
    "sparring.domains.image": "sparring.domains.image.domain",
    "sparring.domains.layout": "sparring.domains.layout.domain",
    "sparring.domains.points": "sparring.domains.points.domain",
}
"""Modules of version 0.1 that parts are called from -> where they lie now."""


def _in_their_rooms(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 3 names parts by the rooms where they lie now, and each thing by a word of its own."""

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(item) for item in value]
        if not isinstance(value, dict):
            return value
        value = {name: moved(item) for name, item in value.items()}
        if isinstance(value.get("call"), str):
            module, _, name = value["call"].partition(":")
            value["call"] = f"{MOVED.get(module, module)}:{name}"
        return value

    data = moved(data)
    facts = {"address" if name == "source" else name: v for name, v in data["data"].items()}
    return {**data, "schema": 3, "data": facts, "source_domain": data.pop("source")}


def _with_conditions(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 4 tells any set of conditions where there was one word."""
    task = dict(data["recipe"]["task"])
    if "condition" in task:
        condition = task.pop("condition")
        task["told"] = [] if condition == "none" else [condition]
    spec = {**data["spec"], "tokens": [], "blocks": []}
    clip = data["recipe"].get("clip")
    recipe = {**data["recipe"], "task": task, "clip": {"discriminator": clip} if clip else {}}
    return {**data, "schema": 4, "spec": spec, "recipe": recipe, "examples": {}}


def _straight(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 5 premultiplies colours with opacity; models before it learnt straight ones."""

    def dated(part: dict[str, Any] | None) -> dict[str, Any] | None:
        picture = part is not None and part["call"] == "sparring.domains.image.domain:Image"
        return {**(part or {}), "opacity": "straight"} if picture else part

    ends = {name: dated(data[name]) for name in ("domain", "source_domain")}
    return {**data, "schema": 5, **ends}


def _with_length(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 6 knows the images that schedules last; former ones have them in every schedule.

    Translators that add to their source have a head of their own since then.
    """

    def headed(part: dict[str, Any]) -> dict[str, Any]:
        plain = part["call"] == "sparring.networks.translator:Generator" and part.get("residual")
        return {"head": data["spec"]["head"], **part} if plain else part

    networks = {name: headed(part) for name, part in data["recipe"]["networks"].items()}
    recipe = {**data["recipe"], "networks": networks}
    sitting = {**data["sitting"], "images": None, "command": None, "initial": None}
    return {**data, "schema": 6, "recipe": recipe, "sitting": sitting}


def _with_depths(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 7 leaves depths to the samples' extent; former networks had fixed ones."""
    former: dict[str, dict[str, Any]] = {
        "convolutional:Generator": {"doublings": 2},
        "convolutional:Discriminator": {"halvings": 2},
        "residual:Generator": {"stages": 3, "halved": 0},
        "residual:Discriminator": {"stages": 3, "halved": 0},
    }
    return _fixed(data, 7, former)


def _with_depths_of_dcgan(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 9 leaves those of dcgan to it as well."""
    return _fixed(
        data, 9, {"dcgan:Generator": {"doublings": 2}, "dcgan:Discriminator": {"halved": 0}}
    )


def _fixed(
    data: dict[str, Any], schema: int, former: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Networks with what was their default before this schema."""

    def fixed(part: dict[str, Any]) -> dict[str, Any]:
        known = former.get(part["call"].removeprefix("sparring.networks."), {})
        return {"call": part["call"], **known, **part}

    networks = {name: fixed(part) for name, part in data["recipe"]["networks"].items()}
    return {**data, "schema": schema, "recipe": {**data["recipe"], "networks": networks}}


def _as_they_are(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 8 says in which domain networks see the samples; before it, in the data's own."""
    return {**data, "schema": 8, "recipe": {**data["recipe"], "seen_as": ""}}


def _with_names(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 10 names words and attributes; former models were told them by numbers."""
    return {**data, "schema": 10, "words": [], "attributes": {}}


MIGRATIONS: Mapping[int, Any] = {
    1: _with_maps,
    2: _in_their_rooms,
    3: _with_conditions,
    4: _straight,
    5: _with_length,
    6: _with_depths,
    7: _as_they_are,
    8: _with_depths_of_dcgan,
    9: _with_names,
}
"""Schema number -> function from that schema's dictionary to the next one's."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything resolved: recipe, data, sample space, seed, versions."""

    recipe: Recipe
    domain: Part
    """Builds the Domain."""
    spec: Spec
    """What the networks are built from."""
    source_domain: Part | None = None
    """Builds the Domain of what samples are made from, where they are."""
    data: Mapping[str, Any]
    """Address, name, fingerprint, licence, counts and reading options of the data."""
    classes: tuple[str, ...] = ()
    """Names of the labels, where the data has them."""
    words: tuple[str, ...] = ()
    """The words that tokens number, where it is told sentences."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of an attribute -> names of its numbers in the vector, side by side, where it is told
    attributes; one that is a number has one, its own name."""
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Vectors and tokens of a few items, for samples of which nobody says what they shall be."""
    seed: int = 0
    sitting: Mapping[str, Any] = field(default_factory=dict)
    """Budget and intervals that the run was started with, so that it can be resumed alike."""
    versions: Mapping[str, str] = field(default_factory=dict)

    def packages(self) -> set[str]:
        """The packages that its parts live in: whom it takes to trust it."""
        spaces = [part for part in (self.domain, self.source_domain) if part is not None]
        return self.recipe.packages() | {part.package for part in spaces}

    def trusted(self, also: Iterable[str] = ()) -> tuple[str, ...]:
        """These packages and its own, whom whoever loaded it trusts already; never sparring."""
        return tuple(sorted({*also, *self.packages()} - {"sparring"}))

    def scheduled(self) -> Manifest:
        """The manifest with schedules over the run's length, as far as that is known."""
        images = self.sitting.get("images")
        return replace(self, recipe=self.recipe.lasting(images)) if images else self

    def to_json(self) -> dict[str, Any]:
        """The manifest in JSON's own types."""
        return {
            "schema": SCHEMA,
            "recipe": self.recipe.to_json(),
            "domain": self.domain.to_json(),
            "spec": asdict(self.spec),
            "source_domain": self.source_domain.to_json() if self.source_domain else None,
            "data": dict(self.data),
            "classes": list(self.classes),
            "words": list(self.words),
            "attributes": {name: list(values) for name, values in self.attributes.items()},
            "examples": dict(self.examples),
            "seed": self.seed,
            "sitting": dict(self.sitting),
            "versions": dict(self.versions),
        }

    def shared(self) -> Manifest:
        """The same for other people: files by their names, not by where they lie here."""
        data, sitting = dict(self.data), dict(self.sitting)
        if "address" in data:
            data["address"] = _without_place(data["address"])
        if sitting.get("initial"):
            place = _without_place(sitting["initial"]["address"])
            sitting["initial"] = {**sitting["initial"], "address": place}
        if "command" in sitting:
            sitting["command"] = None
        return replace(self, data=data, sitting=sitting)

    def write(self, folder: Path) -> None:
        """Write recipe.json into the folder."""
        write_json(folder / "recipe.json", self.to_json())

    @classmethod
    def read(cls, folder: Path, trusted: Iterable[str] = ()) -> Manifest:
        """Read recipe.json; nothing in it runs.

        Raises:
            InputError: it is missing, damaged, from a newer version, or calls what it may not.
        """
        path = folder / "recipe.json"
        if not path.is_file():
            raise InputError(f"{folder} is neither a run nor a model: it has no recipe.json.")
        data = read_json(path)
        try:
            return cls._from_json(_migrated(data, path), str(path), trusted)
        except InputError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(f"{path} is damaged: {error!r:.200}.") from error

    @classmethod
    def _from_json(cls, data: Mapping[str, Any], where: str, trusted: Iterable[str]) -> Manifest:
        fitted(where, data, _File)
        if data["sitting"]:
            fitted(f"{where}: sitting", data["sitting"], _Sitting)
        if data["spec"].get("latent") != data["recipe"].get("latent"):
            raise InputError(f"{where} is damaged: recipe and spec have latents of other lengths.")
        return cls(
            recipe=Recipe.from_json(data["recipe"], trusted),
            domain=Part.from_json(data["domain"], trusted),
            spec=fitted(f"{where}: spec", data["spec"], Spec),
            source_domain=_part(data["source_domain"], trusted),
            data=data["data"],
            classes=tuple(data["classes"]),
            words=tuple(data["words"]),
            attributes={name: tuple(values) for name, values in data["attributes"].items()},
            examples=data["examples"],
            seed=data["seed"],
            sitting=data["sitting"],
            versions=data["versions"],
        )


Word = Annotated[str, Meta(max_length=4096)]


class _Facts(TypedDict, total=False):
    name: Word
    address: Word
    licence: Word
    fingerprint: Word
    train: Count | None
    held_out: Count | None


class _Examples(TypedDict, total=False):
    vector: list[list[Number]]
    tokens: list[list[Annotated[int, Meta(ge=-1, le=2**31)]]]


class _Intervals(Struct, forbid_unknown_fields=True):
    log: Count | Word | None = None
    sample: Count | Word | None = None
    checkpoint: Count | Word | None = None
    score: Count | Word = 0
    keep: Every = 2


class _Origin(TypedDict):
    address: Word
    recipe: Word
    networks: list[Word]


class _Sitting(TypedDict):
    steps: Images | None
    minutes: Minutes | None
    images: Count | None
    intervals: _Intervals
    reading: dict[str, Any]
    track: list[Word]
    command: Annotated[str, Meta(max_length=2**20)] | None
    initial: _Origin | None


class _File(TypedDict):
    """The kinds of what recipe.json holds; parts are checked where they are made."""

    recipe: dict[str, Any]
    domain: dict[str, Any]
    spec: dict[str, Any]
    source_domain: dict[str, Any] | None
    data: _Facts
    classes: list[Word]
    words: list[Word]
    attributes: dict[Word, list[Word]]
    examples: _Examples
    seed: Seed
    sitting: dict[str, Any]
    versions: dict[str, Word]


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    packages = ("sparring", "torch", "numpy", "accelerate", "pillow")
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in packages}}


def _part(data: Mapping[str, Any] | None, trusted: Iterable[str]) -> Part | None:
    return Part.from_json(data, trusted) if data else None


def _migrated(data: dict[str, Any], path: Path) -> dict[str, Any]:
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise InputError(f"{path} is damaged: it names no schema.")
    if schema > SCHEMA:
        raise InputError(
            f"{path} has schema {schema}, newer than this sparring's {SCHEMA}; "
            "upgrade with: pip install --upgrade sparring."
        )
    for step in range(schema, SCHEMA):
        data = MIGRATIONS[step](data)
    return data


def _without_place(address: str) -> str:
    return Path(address).name if Path(address).is_absolute() else address
