"""Album: a pack of pictures in one or more aligned views, and how it is built and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.core.storage import read_json, write_json
from sparring.data import drawn, fetch, words
from sparring.data.content import Content, Progress, Sources
from sparring.data.drawn import Files
from sparring.data.kinds import Reading
from sparring.domains.image import arrays
from sparring.domains.image.attributes import Attributes, described
from sparring.domains.image.stack import stacked

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class View:
    """One way in which an album shows its items."""

    about: str
    palette: tuple[tuple[int, int, int], ...] = ()
    """The colours of a layout's classes; empty where the view holds pictures."""
    names: tuple[str, ...] = ()
    """The names of a layout's classes."""


@dataclass(frozen=True)
class Sheet:
    """Items at one size: item i shows the same thing in every view."""

    views: Mapping[str, np.ndarray]
    """Name of a view -> (N, C, H, W) uint8; a layout's C is 1."""
    held_out: np.ndarray
    """(N,) bool."""
    label: np.ndarray | None = None
    """(N,) int64."""
    classes: tuple[str, ...] = ()
    attributes: Attributes | None = None
    """What each item has; the first attribute is the label, unless another one is asked for."""
    captions: tuple[str, ...] = ()
    """A sentence about each item; empty where there are none."""


@dataclass(frozen=True, kw_only=True)
class Album:
    """What an album holds, where it comes from, and how it is drawn."""

    name: str
    about: str
    licence: str
    count: int
    """Items of the default view at its default size, held-out ones included."""
    shape: tuple[int, ...]
    """One item of the default view, channels first."""
    packages: tuple[fetch.Package, ...]
    views: Mapping[str, View]
    default: str
    """What the bare name stands for: VIEW, or SOURCE-TARGET."""
    draw: Callable[[Files, Progress], Iterator[Sheet]]
    """Draws the sheets from the packages' files; of a view's sizes the default comes first."""
    version: int = 1
    """Counted up whenever `draw` changes what it draws."""
    hub: str = ""
    """The same data on Hugging Face; empty where there are none."""

    @property
    def megabytes(self) -> float:
        """Size of all downloads."""
        return sum(package.megabytes for package in self.packages)

    def location(self) -> Path:
        """Where the built album lies, or will lie, in the cache: a folder."""
        return drawn.location(self)

    def build(self, path: Path, say: Callable[[str], Any], progress: Progress | None) -> None:
        """Download, check and draw the album, whole or not at all.

        Raises:
            InputError: no client or network, or data other than expected.
        """
        drawn.build(self, path, say, progress, self._write)

    def _write(self, files: Files, progress: Progress, draft: Path) -> None:
        sheets = enumerate(self.draw(files, progress))
        kept = [_save(sheet, draft, place) for place, sheet in sheets]
        write_json(draft / "album.json", {"name": self.name, "sheets": kept})

    def check(self, views: str) -> None:
        """Refuse views that the album does not have.

        Raises:
            InputError: there are such.
        """
        views_in(self, views)

    def read(self, path: Path, views: str, reading: Reading) -> Content:
        """The items: views are VIEW, SOURCE-TARGET, or empty for the default.

        Several sources with + between them, as in `standing+pose-person`, lie on each other. A
        source that shows other items than the target belongs to none of them.

        Without a size they come as the album's default one; otherwise from the sheet that is
        nearest above it, and then resized.

        Raises:
            InputError: no such view, or sources on each other that show different items.
        """
        sources, target = views_in(self, views)
        together = _sheets(path, [*sources, target])
        found = _plain(self, path, together or _sheets(path, [target]), target, reading)
        if not sources:
            return found
        if not together:
            return found.replace(**_loose(self, path, sources, reading))
        folder = path / _fitting(together, reading)["folder"]
        given = [_stored(self, folder, source, reading) for source in sources]
        spaces = [_domain(self.views[s], own) for s, own in zip(sources, given, strict=True)]
        source, space = (
            (given[0], spaces[0]) if len(given) == 1 else stacked(given, spaces, sources)
        )
        return found.replace(source=source, source_domain=space)


def _plain(
    album: Album, path: Path, sheets: list[dict[str, Any]], target: str, reading: Reading
) -> Content:
    """The items of a view, and all that is known of them."""
    sheet = _fitting(sheets, reading)
    folder = path / sheet["folder"]
    values = _stored(album, folder, target, reading)
    found = Content(
        sample=values,
        domain=_domain(album.views[target], values),
        label=drawn.load(folder / "label.npy") if sheet["classes"] else None,
        classes=tuple(sheet["classes"]),
        held_out=drawn.load(folder / "held_out.npy"),
        licence=album.licence,
    )
    found = described(found, _known(sheet, folder), reading, album.name)
    if not sheet.get("words"):
        return found
    return found.replace(tokens=drawn.load(folder / "tokens.npy"), words=tuple(sheet["words"]))


def _loose(album: Album, path: Path, sources: list[str], reading: Reading) -> dict[str, Any]:
    """A source whose items are others than the target's, as fields of a Content."""
    if len(sources) > 1:
        raise InputError(
            f"{album.name} has no pairs of {sources[0]} and {sources[1]} with that target: they "
            "show different items."
        )
    folder = path / _fitting(_sheets(path, sources), reading)["folder"]
    values = _stored(album, folder, sources[0], reading)
    return {
        "sources": Sources(values, drawn.load(folder / "held_out.npy")),
        "source_domain": _domain(album.views[sources[0]], values),
    }


def views_in(album: Album, words: str) -> tuple[list[str], str]:
    """Sources, if any, and target, of VIEW or SOURCE-TARGET or SOURCE+SOURCE-TARGET or nothing.

    Raises:
        InputError: no such view.
    """
    parts = (words or album.default).split("-")
    if len(parts) > 2:
        raise InputError(f"{album.name}:{words} names more than a source and a target view.")
    sources = parts[0].split("+") if len(parts) == 2 else []
    for part in (*sources, parts[-1]):
        if part not in album.views:
            raise unknown(f"view of {album.name}", part, album.views)
    return sources, parts[-1]


def _sheets(path: Path, views: list[str]) -> list[dict[str, Any]]:
    """All sheets that hold these views together, the default size first."""
    return [s for s in read_json(path / "album.json")["sheets"] if set(views) <= set(s["views"])]


def _fitting(sheets: list[dict[str, Any]], reading: Reading) -> dict[str, Any]:
    """The sheet of the default size, or of the least size that is enough."""
    size = reading.asked.get("size")
    if size is None:
        return sheets[0]
    by_size = sorted(sheets, key=lambda sheet: sheet["size"])
    return next((sheet for sheet in by_size if sheet["size"] >= max(size)), by_size[-1])


def _stored(album: Album, folder: Path, view: str, reading: Reading) -> np.ndarray:
    values = drawn.load(folder / f"{view}.npy")
    if album.views[view].palette:
        return _nearest(values, reading.asked.get("size") or values.shape[2:])
    return arrays.stored(values, f"{album.name}:{view}", reading)[0]


def _known(sheet: Mapping[str, Any], folder: Path) -> Attributes | None:
    if not sheet.get("attributes"):
        return None
    values = {name: tuple(words) for name, words in sheet["attributes"].items()}
    return Attributes(values, drawn.load(folder / "attributes.npy"))


def _nearest(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(N, C, H, W) at another size, without a value that was not there."""
    import numpy as np

    if values.shape[2:] == size:
        return values
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for old, new in zip(values.shape[2:], size, strict=True)
    )
    return values[:, :, rows][..., columns]


def _domain(view: View, stored: np.ndarray) -> Part:
    if not view.palette:
        return arrays.image(stored)
    shape = (len(view.palette), *stored.shape[2:])
    address = "sparring.domains.layout.domain:Layout"
    return Part(address, shape=shape, palette=view.palette, names=view.names)


def _save(sheet: Sheet, draft: Path, place: int) -> dict[str, Any]:
    """Write the sheet's arrays into a folder of the draft; what the index says of it."""
    import numpy as np

    folder = draft / str(place)
    folder.mkdir()
    told: dict[str, np.ndarray] = {"held_out": sheet.held_out}
    known: tuple[str, ...] = ()
    if sheet.label is not None:
        told["label"] = sheet.label.astype(np.int64)
    if sheet.attributes is not None:
        told["attributes"] = sheet.attributes.chosen.astype(np.int64)
    if sheet.captions:
        told["tokens"], known = words.tokens_of(sheet.captions, sheet.captions)
    for name, values in {**sheet.views, **told}.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    return {
        "folder": folder.name,
        "views": list(sheet.views),
        "size": max(next(iter(sheet.views.values())).shape[2:]),
        "count": len(sheet.held_out),
        "held_out": int(sheet.held_out.sum()),
        "classes": list(sheet.classes),
        "attributes": sheet.attributes and dict(sheet.attributes.values),
        "words": list(known),
    }
