"""Palette files: which numbers label maps hold, in what colours they are drawn, what they mean."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from sparring.core.errors import InputError
from sparring.data.faults import one_sentence
from sparring.domains.layout.domain import MOST

NAMES = ("palette.txt", "palette.csv", "palette.json")
Byte = Annotated[int, Meta(ge=0, lt=MOST)]
Name = Annotated[str, Meta(max_length=200)] | int


class _Class(msgspec.Struct, array_like=True):
    """A line of a palette file, and the schema of it."""

    index: Byte
    r: Byte
    g: Byte
    b: Byte
    name: Name = ""


class _Named(TypedDict):
    """The same with keys."""

    index: Byte
    r: Byte
    g: Byte
    b: Byte
    name: NotRequired[Name]


def find(folder: Path) -> Path | None:
    """The palette file that lies in the folder, if any.

    Raises:
        InputError: there are several.
    """
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) > 1:
        raise InputError(f"{found[0]} and {found[1].name} are two palettes; keep one of them.")
    return found[0] if found else None


def read(path: Path) -> dict[str, Any]:
    """What a palette file says, as arguments of a Layout: palette, names and values.

    A class a line: its number in the label maps, red, green, blue, and a name if it has one;
    between spaces (.txt), between commas (.csv, whose first line may hold the columns' names), or
    as a list of such lists, or of objects with the keys index, r, g, b and name (.json).

    Raises:
        InputError: a file that cannot be read, or does not say that.
    """
    rows = sorted(_classes(path), key=lambda row: row.index)
    values = [row.index for row in rows]
    if not 2 <= len(rows) <= MOST or len(set(values)) < len(values):
        raise InputError(
            f"{path} numbers {len(values)} classes, {len(set(values))} of them differently; a "
            f"palette has 2 to {MOST}, each with a number of its own."
        )
    colours = tuple((row.r, row.g, row.b) for row in rows)
    names = tuple(str(row.name).strip() or str(row.index) for row in rows)
    plain = values == list(range(len(values)))
    return {"palette": colours, "names": names, "values": () if plain else tuple(values)}


def _classes(path: Path) -> list[_Class]:
    with one_sentence(f"the palette {path}", f"a palette, where {_FORM}"):
        rows = list(_rows(path))
    return [_class(row, path) for row in rows]


def _class(row: Any, path: Path) -> _Class:
    try:
        found = msgspec.convert(row, _Class | _Named, strict=False)
    except msgspec.ValidationError as error:
        said = " ".join(map(str, row)) if isinstance(row, list) else str(row)
        raise InputError(
            f"the palette {path} says {said[:80]!r}, which is no class ({str(error)[:200]}): "
            f"{_FORM}."
        ) from error
    return found if isinstance(found, _Class) else _Class(**found)


def _rows(path: Path) -> Any:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        return json.loads(text)
    lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    if path.suffix == ".txt":
        return [line.split(None, 4) for line in lines]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    titled = rows and not rows[0][0].lstrip("-").isdigit()
    return rows[1:] if titled else rows


_FORM = "each class is index, red, green, blue and name (0 30 60 200 sea)"
