"""Kinds of data: what each domain offers to be read by, found without a list to edit."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.data.content import Content, Progress

if TYPE_CHECKING:
    import numpy as np

GROUP = "sparring.domains"
"""The entry points by which installed packages offer kinds, and where sparring's own lie."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How an address is to be read: what was stated; what was not is None, and left to it."""

    asked: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for of the options that kinds declare, by name."""
    range: tuple[float, float] | None = None
    """The lowest and highest value that numbers may have."""
    pairs: str | None = None
    """How a folder holds sources and samples."""
    skip_broken: bool = False
    """Whether items that cannot be read are left out, with a word, or refused."""
    kinds: tuple[Kind, ...]
    """Those that the data may be of; one where it was stated."""
    progress: Progress | None = None


class Option(NamedTuple):
    """A choice of reading that a kind offers: a keyword of `load`, and a flag."""

    name: str
    words: str
    """What it is, for the flag's line of help."""
    checked: Callable[[Any], Any]
    """The value as readers take it; InputError where it cannot be."""
    flag: Callable[[str], Any] = str
    """The value that the flag's text stands for; `int` and `float` are Typer's own."""


class Reader(NamedTuple):
    """One form of files: what it is called, which paths are of it, and how they are read."""

    what: str
    """With an article, as in: x.npy cannot be read as ..."""
    claims: Callable[[Path], bool]
    """Whether a path is of this form, by its name or its first bytes."""
    read: Callable[[Path, Reading], Content]
    options: tuple[str, ...] = ()
    """Options that no other reader has and this one obeys, such as "pairs"."""
    survey: Callable[[Path, Reading], tuple[list[tuple[str, str]], list[str]]] | None = None
    """Facts for `data check`, and every file by name that cannot be used."""


class Arrays(NamedTuple):
    """How a kind takes numbers that come without it: from an array, or from rows of a table."""

    words: str
    """The arrays that it takes, such as "points are (N, F)"."""
    claims: Callable[[np.ndarray], bool]
    """Whether an array (N, ...) is plainly of this kind, by its shape and its kind of number."""
    read: Callable[[np.ndarray, str, Reading], Content]
    """Content of an array, said to be called so; InputError where it cannot be of this kind."""
    rows: Callable[[np.ndarray, bool], tuple[np.ndarray, int | None] | None] | None = None
    """Of a table (N, F), and whether its columns are named: items (N, ...), and which column is
    their label; None where it holds none of this kind."""
    ragged: Callable[[Sequence[np.ndarray], str, Reading], Content] | None = None
    """Content of arrays of several extents; None where all must be alike."""


class Objects(NamedTuple):
    """How a kind takes items that are objects of a library's, handed over in Python."""

    claims: Callable[[Any], bool]
    """Whether an item is of this kind; nothing is imported to know it."""
    read: Callable[[Sequence[Any], str, Reading], Content]
    """Content of items, said to be called so."""


class Decoder(NamedTuple):
    """One item at a time, for streams."""

    domain: Part
    shape: tuple[int, ...]
    dtype: str
    """Of one stored item."""
    decode: Callable[[Any], np.ndarray]
    """What a column holds to a stored item; it raises whatever it likes where it cannot."""


class Cells(NamedTuple):
    """The values of one column of a table, opened by number."""

    names: Sequence[str]
    """What sentences call them."""
    open: Callable[[int], Any]
    where: str
    """The table, for sentences."""
    key: str
    """Names all that the values depend on."""


class Column(NamedTuple):
    """How a kind takes a column of a Hugging Face data set or of shards."""

    words: str
    """What such a column holds: "pictures"."""
    claims: Callable[[str, Any], bool]
    """Whether a column of this name and feature holds this kind."""
    plain: Callable[[Any], Any]
    """The feature under which `datasets` hands its values over undecoded."""
    read: Callable[[Cells, Reading], Content]
    flaws: Callable[[Cells, Reading], list[str]]
    """Why each value cannot be used; empty words where it can."""
    decoder: Callable[[Cells, Reading], Decoder]
    """Decodes one item after the other, in the form that these first ones ask for."""


class Finder(Protocol):
    """Looks at stored items as they pass, for `data check`."""

    def see(self, stored: np.ndarray) -> None:
        """Take note of items (N, ...)."""

    def found(self, what: str) -> tuple[list[tuple[str, str]], list[str]]:
        """Facts and warnings about these, where `what` is "sample" or "source"."""


class Pack(Protocol):
    """Real data under a name, fetched once."""

    @property
    def name(self) -> str:
        """A word, of which no other pack is named so."""

    @property
    def about(self) -> str:
        """What it holds."""

    @property
    def licence(self) -> str:
        """Under which it may be used."""

    @property
    def count(self) -> int:
        """Items, held-out ones included."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One item, channels first."""

    @property
    def hub(self) -> str:
        """The same data on Hugging Face, the last resort; empty where there are none."""

    @property
    def views(self) -> Mapping[str, Any]:
        """The ways in which its items can be seen; empty where there is one."""

    def location(self) -> Path:
        """Where it lies, or will lie, in the cache."""

    def build(self, path: Path, say: Callable[[str], Any], progress: Progress | None) -> None:
        """Download, check and write it, whole or not at all."""

    def check(self, views: str) -> None:
        """Refuse views that it does not have."""

    def read(self, path: Path, views: str, reading: Reading) -> Content:
        """The items, as built."""


class Toy(NamedTuple):
    """Data under a name that are computed."""

    about: str
    read: Callable[[], Content]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """All that a domain offers to be read by; `KIND` in its module `kind`."""

    name: str
    """The word for it, such as "pictures"."""
    domain: str
    """The address of the Domain's class."""
    options: tuple[Option, ...] = ()
    """How it can be asked for; another kind may have an option of the same name."""
    readers: tuple[Reader, ...] = ()
    """Asked in this order; the first that claims a path reads it."""
    arrays: Arrays | None = None
    column: Column | None = None
    objects: Objects | None = None
    finder: Callable[[Part], Finder] | None = None
    packs: Mapping[str, Pack] = field(default_factory=dict)
    toys: Mapping[str, Toy] = field(default_factory=dict)


@functools.cache
def kinds(trusted: tuple[str, ...] = ()) -> tuple[Kind, ...]:
    """Those of trusted packages (their `KIND`), of installed ones, and of sparring's own domains.

    Raises:
        InputError: a package that cannot be imported.
    """
    points = metadata.entry_points(group=GROUP)
    found = [_imported(name, functools.partial(importlib.import_module, name)) for name in trusted]
    theirs = [module.KIND for module in found if "KIND" in vars(module)]
    theirs += [_imported(point.value, point.load) for point in points]
    return (*{kind.domain: kind for kind in theirs}.values(), *_own())


def stated(name: str | None, trusted: Iterable[str] = ()) -> tuple[Kind, ...]:
    """The kind of this name, or all of them where there is none.

    Raises:
        InputError: no kind of that name.
    """
    known = kinds(tuple(trusted))
    if name is None:
        return known
    chosen = tuple(kind for kind in known if kind.name == name)
    if not chosen:
        raise unknown("kind of data", name, [kind.name for kind in known])
    return chosen


def kind_of(domain: Part, known: Iterable[Kind]) -> Kind | None:
    """The kind that a sample space belongs to, if it is one of these."""
    return next((kind for kind in known if kind.domain == domain.call), None)


def user_kinds(known: Iterable[Kind]) -> tuple[Kind, ...]:
    """Those that are not sparring's own."""
    return tuple(kind for kind in known if not kind.domain.startswith(f"{GROUP}."))


@functools.cache
def _own() -> tuple[Kind, ...]:
    package = importlib.util.find_spec(GROUP)
    places = package.submodule_search_locations if package else None
    packages = [module.name for module in pkgutil.iter_modules(places) if module.ispkg]
    return tuple(importlib.import_module(f"{GROUP}.{name}.kind").KIND for name in packages)


def _imported(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # A package of somebody else's may raise anything.
        raise InputError(f"the package {name} cannot be imported ({error!r}).") from error
