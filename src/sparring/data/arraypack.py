"""ArrayPack: a pack that one package holds as files of arrays, and how it is built and read."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError
from sparring.data import cache, fetch, files
from sparring.data.content import Content, Progress, key_for
from sparring.data.kinds import Reading, kinds


@dataclass(frozen=True, kw_only=True)
class ArrayPack:
    """What a pack holds, where it comes from, and how it is read."""

    name: str
    about: str
    licence: str
    count: int
    """Items, held-out ones included."""
    shape: tuple[int, ...]
    """One item, channels first."""
    client: str
    """Which of `fetch.CLIENTS` downloads it."""
    package: str
    version: str = ""
    """The one version that is known good; empty where the system's release decides."""
    megabytes: float
    """Size of the download."""
    archives: tuple[str, ...] = ()
    """SHA-256 of the archive in the versions known; empty leaves it to the members."""
    members: Mapping[str, str]
    """Path inside the package -> SHA-256."""
    unpack: Callable[[Path, Reading], Content]
    """Reads the members, by their file names, from a folder."""
    installed: str
    """Where the installed package keeps them: a folder, or one within a Python package."""
    hub: str = ""
    """The same data on Hugging Face, the last resort."""
    views: Mapping[str, Any] = field(default_factory=dict)
    """It has none."""

    def location(self) -> Path:
        """Where the built pack lies, or will lie, in the cache."""
        return (
            cache.folder("packs") / f"{self.name}-{key_for(sorted(self.members.items()))[:8]}.npz"
        )

    def check(self, views: str) -> None:
        """Refuse views, as there are none.

        Raises:
            InputError: some are asked for.
        """
        if views:
            raise InputError(f"{self.name} has no views; leave out :{views}.")

    def read(self, path: Path, views: str, reading: Reading) -> Content:
        """All items of the built pack."""
        return files.read_npz(path, reading).replace(licence=self.licence, notes=())

    def build(self, path: Path, say: Callable[[str], Any], progress: Progress | None) -> None:
        """Find or download the members, check and save them as one file.

        Raises:
            InputError: no client or network, or data other than expected.
        """
        _build(self, path, say)


def _build(pack: ArrayPack, path: Path, say: Callable[[str], Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="sparring-") as temporary:
        folder = installed(pack)
        if folder is None:
            say(
                f"{pack.name}: {pack.about}. Licence: {pack.licence}. Downloading "
                f"{pack.megabytes:g} MB ({pack.client} package {pack.package})."
            )
            folder = Path(temporary, "members")
            _download(pack, Path(temporary), folder)
        else:
            say(f"{pack.name}: {pack.about}. Licence: {pack.licence}. Found in {folder}.")
        for member, expected in pack.members.items():
            _verify((folder / Path(member).name).read_bytes(), (expected,), Path(member).name)
        _save(pack.unpack(folder, Reading(kinds=kinds())), path)


def installed(pack: ArrayPack) -> Path | None:
    """The folder that holds the pack's files where its package is installed, not imported."""
    name, _, inner = pack.installed.partition(":")
    folder = Path(name)
    if inner:
        found = importlib.util.find_spec(name)
        if found is None or not found.submodule_search_locations:
            return None
        folder = Path(next(iter(found.submodule_search_locations)), inner)
    here = all((folder / Path(member).name).is_file() for member in pack.members)
    return folder if here else None


def _download(pack: ArrayPack, temporary: Path, folder: Path) -> None:
    archive = fetch.CLIENTS[pack.client](pack.package, pack.version, temporary)
    if pack.archives:
        _verify(archive.read_bytes(), pack.archives, archive.name)
    folder.mkdir()
    for name, data in fetch.members(archive, tuple(pack.members)):
        (folder / Path(name).name).write_bytes(data)
    for member in pack.members:
        if not (folder / Path(member).name).exists():
            raise InputError(f"{archive.name} does not hold {member}; the package has changed.")


def _verify(data: bytes, expected: tuple[str, ...], name: str) -> None:
    found = fetch.sha256(data)
    if found not in expected:
        raise InputError(
            f"{name} has SHA-256 {found[:16]}..., not {expected[0][:16]}... as expected; it is "
            "damaged or was tampered with, and was not used."
        )


def _save(content: Content, path: Path) -> None:
    import numpy as np

    arrays = {"sample": content.sample, "label": content.label, "held_out": content.held_out}
    known = {name: values for name, values in arrays.items() if values is not None}
    with cache.whole(path) as temporary:
        np.savez(temporary, allow_pickle=False, classes=np.array(content.classes), **known)
