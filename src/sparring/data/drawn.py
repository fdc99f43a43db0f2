"""Drawn packs: what is made once from packages' files, into a folder of arrays in the cache."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sparring.core.errors import InputError
from sparring.core.storage import whole_folder
from sparring.data import cache, fetch
from sparring.data.content import Progress, key_for

if TYPE_CHECKING:
    import numpy as np

Files = Mapping[str, bytes]
"""Path inside its package -> bytes."""


class Drawn(Protocol):
    """What there is to say of a pack before it is drawn."""

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
    def packages(self) -> tuple[fetch.Package, ...]:
        """Where its files come from."""

    @property
    def version(self) -> int:
        """Counted up whenever something else is drawn."""


def location(pack: Drawn) -> Path:
    """Where the drawn pack lies, or will lie, in the cache: a folder."""
    known = [(package.archives, package.contents) for package in pack.packages]
    return cache.folder("packs") / f"{pack.name}-{key_for(pack.version, known)[:8]}"


def build(
    pack: Drawn,
    path: Path,
    say: Callable[[str], Any],
    progress: Progress | None,
    draw: Callable[[Files, Progress, Path], None],
) -> None:
    """Download, check and draw the pack into the folder `path`, whole or not at all.

    Downloads stay in the cache until the pack is built, so an interrupted build goes on.

    Raises:
        InputError: no client or network, or data other than expected.
    """
    told = progress or (lambda what, done, total: None)
    words = " and ".join(f"{p.name} ({p.client}, {p.megabytes:g} MB)" for p in pack.packages)
    say(f"{pack.name}: {pack.about}. Licence: {pack.licence}. Needs {words}.")
    archives = [fetch.archive(package, progress) for package in pack.packages]
    files: dict[str, bytes] = {}
    for package, archive in zip(pack.packages, archives, strict=True):
        told(f"reading {package.name}", 0, 0)
        files.update(fetch.checked(package, archive))
    for killed in path.parent.glob(f".{path.name}-*"):
        shutil.rmtree(killed, ignore_errors=True)
    with whole_folder(path) as draft:
        draw(files, told, draft)
    for archive in archives:
        shutil.rmtree(archive.parent, ignore_errors=True)


def load(path: Path) -> np.ndarray:
    """An array of a drawn pack; memory-mapped where it is large.

    Raises:
        InputError: it is damaged.
    """
    import numpy as np

    try:
        large = path.stat().st_size >= cache.MEMORY_LIMIT
        found: np.ndarray = cache.mapped(path) if large else np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged ({error}); delete the folder it lies in.") from error
    return found


def chosen(names: list[str], share: float = 0.1) -> np.ndarray:
    """(N,) bool, True where the item of this name is held out; decided by the name alone."""
    import numpy as np

    digests = [hashlib.blake2b(name.encode(), digest_size=4).digest() for name in names]
    return np.array([int.from_bytes(d, "little") < share * 2**32 for d in digests], dtype=bool)
