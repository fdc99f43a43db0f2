"""Palette files: which numbers label maps hold, in what colours they are drawn, what they mean."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError
from sparring.data.faults import one_sentence
from sparring.domains.layout.domain import MOST

NAMES = ("palette.txt", "palette.csv", "palette.json")
COLUMNS = ("index", "r", "g", "b", "name")


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
    rows = [_class(row, path) for row in _rows(path)]
    rows.sort()
    values = [row[0] for row in rows]
    if not 2 <= len(rows) <= MOST or len(set(values)) < len(values):
        raise InputError(
            f"{path} numbers {len(values)} classes, {len(set(values))} of them differently; a "
            f"palette has 2 to {MOST}, each with a number of its own."
        )
    colours, names = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    plain = values == list(range(len(values)))
    return {"palette": colours, "names": names, "values": () if plain else tuple(values)}


def _rows(path: Path) -> list[Sequence[Any]]:
    with one_sentence(f"the palette {path}", f"a palette, where {_FORM}"):
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            return [_listed(row) for row in json.loads(text)]
        lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
        if path.suffix == ".txt":
            return [line.split(None, 4) for line in lines]
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    titled = rows and not rows[0][0].lstrip("-").isdigit()
    return list(rows[1:] if titled else rows)


def _listed(row: Any) -> list[Any]:
    if isinstance(row, dict):
        return [row[key] for key in COLUMNS[:4]] + [row.get("name", "")]
    return list(row)


def _class(row: Sequence[Any], path: Path) -> tuple[int, tuple[int, int, int], str]:
    """Number, colour and name."""
    try:
        value, red, green, blue = (int(str(cell)) for cell in row[:4])
    except ValueError as error:
        said = " ".join(map(str, row))
        raise InputError(f"the palette {path} says {said[:80]!r}; {_FORM}.") from error
    if not all(0 <= part < MOST for part in (value, red, green, blue)):
        raise InputError(f"the palette {path} has a number that is not from 0 to 255; {_FORM}.")
    name = str(row[4]).strip() if len(row) > 4 else ""
    return value, (red, green, blue), name or str(value)


_FORM = "each class is index, red, green, blue and name (0 30 60 200 sea)"
