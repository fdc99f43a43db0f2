"""What lies beside the files of a folder and says something of them: captions and attributes."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sparring.core.errors import InputError, few

TABLES = ("captions.csv", "attributes.csv")
"""A file a line, with its captions or attributes; both may be there."""
FILES = ("file", "file_name", "filename", "image", "image_id", "name", "path")
"""What the column with the names of files may be called; otherwise it is the first one."""
CAPTIONS = ("caption", "text", "sentence", "description")
"""What a column with captions may be called."""
LONGEST = 100_000
"""Bytes of a caption's own file."""


def of_files(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Column -> what it says of each of the files, by their names within the folder `path`.

    Columns come from the tables; "caption" from there, or from a .txt beside every file.

    Raises:
        InputError: a table that is no table, or files without a line, or lines without a file.
    """
    columns: dict[str, list[str]] = {}
    for table in (path / name for name in TABLES):
        if table.is_file():
            columns |= _columns(table, path, names)
    if "caption" not in columns:
        columns |= _beside(path, names)
    return columns


def is_one(name: PurePosixPath, stems: set[PurePosixPath]) -> bool:
    """Whether a file within a folder is such a table, or the caption of a file with such a stem."""
    return str(name) in TABLES or (name.suffix == ".txt" and name.with_suffix("") in stems)


def _beside(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    texts = [(path / name).with_suffix(".txt") for name in names]
    there = [text.is_file() for text in texts]
    if not any(there):
        return {}
    lacking = [name for name, found in zip(names, there, strict=True) if not found]
    if lacking:
        raise InputError(
            f"{len(lacking)} of {len(names)} files of {path} have no caption in a .txt beside "
            f"them, as others have: {few(lacking)}. Write those, or take the others away."
        )
    return {"caption": [_text(text) for text in texts]}


def _text(path: Path) -> str:
    if path.stat().st_size > LONGEST:
        raise InputError(f"the caption {path} has more than {LONGEST:,} bytes; shorten it.")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the caption {path} is not in UTF-8; save it so.") from error


def _columns(table: Path, path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    head, rows = _read(table)
    by = next((head.index(name) for name in FILES if name in head), 0)
    known = _keys(names)
    found: dict[str, list[str]] = {}
    absent = []
    for row in rows:
        name = known.get(row[by].strip().removeprefix("./"))
        if name is None:
            if not (path / row[by]).is_file():  # One that is skipped as broken is there.
                absent.append(row[by])
        elif name in found:
            raise InputError(f"{table} has several lines for {name}; leave one.")
        else:
            found[name] = row
    if absent:
        raise InputError(
            f"{table} names {len(absent)} files that are not there: {few(absent)}. Mend their "
            "names, or take the lines out."
        )
    lacking = [name for name in names if name not in found]
    if lacking:
        raise InputError(
            f"{table} has no line for {len(lacking)} of {len(names)} files: {few(lacking)}. Add "
            "lines, or take the files out."
        )
    kept = [place for place in range(len(head)) if place != by]
    return {_called(head[place]): [found[n][place].strip() for n in names] for place in kept}


def _called(column: str) -> str:
    return "caption" if column in CAPTIONS else column


def _read(table: Path) -> tuple[list[str], list[list[str]]]:
    """The names of the columns in lower case, and the lines below."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = [row for row in csv.reader(file) if any(row)] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read as a table in UTF-8: {error}.") from error
    head = [name.strip().lower() for name in head]
    if len(head) < 2 or len(set(head)) < len(head) or "" in head:
        raise InputError(
            f"{table} must begin with a line of different names, such as file,caption."
        )
    wrong = next((n for n, row in enumerate(rows, 2) if len(row) != len(head)), None)
    if wrong is not None:
        raise InputError(
            f"{table} has {len(rows[wrong - 2])} values in line {wrong}, not {len(head)}; put "
            "what holds commas in quotation marks."
        )
    return head, rows


def _keys(names: Sequence[str]) -> Mapping[str, str]:
    """What a table may call each file: its path, or what of it no other file shares."""
    found: dict[str, str | None] = {}
    for name in names:
        path = PurePosixPath(name)
        for key in {path.name, path.stem, str(path.with_suffix(""))}:
            found[key] = None if key in found else name
    return {key: name for key, name in found.items() if name} | {name: name for name in names}
