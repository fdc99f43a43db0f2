"""Sides A and B of a folder: which files lie there, and what `--pairs` asks of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sparring.core.errors import InputError, unknown
from sparring.data.folders import labels_of, split_of
from sparring.data.hub import HELD_OUT, TRAIN

FORMS = ("stems", "unpaired", "side-by-side", "none")
REVERSE = "reverse"
_TOP = re.compile(rf"({'|'.join((*TRAIN, *HELD_OUT))})?[_-]?(B|A[2-9]?)")
"""A top folder: A, B, trainA, testB; A2 and so on are further sources."""


class Top(NamedTuple):
    """What the name of a top folder says of the files in it."""

    side: str
    """A or B; A2 to A9 are further sources."""
    held_out: bool


Tops = Mapping[str, Top]


class File(NamedTuple):
    """One file of a side, as its path tells it."""

    stem: str
    """What names it on both sides: the path without side and suffix."""
    name: PurePosixPath
    held_out: bool
    label: str
    """Its sub-folder; empty where these are no labels."""


class Wanted(NamedTuple):
    """What `pairs` asks for."""

    form: str = ""
    """One of FORMS; empty leaves it to the folder."""
    reverse: bool = False
    """Whether A is made from B."""


def wanted(words: str | None) -> Wanted:
    """The form and the direction that words between commas ask for.

    Raises:
        InputError: an unknown word, or two forms.
    """
    known = (*FORMS, REVERSE)
    found = [word.strip() for word in (words or "").split(",") if word.strip()]
    for word in found:
        if word not in known:
            raise unknown("word of --pairs", word, known)
    forms = [word for word in found if word != REVERSE]
    if len(forms) > 1 or (forms == ["none"] and REVERSE in found):
        raise InputError(f"--pairs {words} contradicts itself; give one of {', '.join(FORMS)}.")
    return Wanted(forms[0] if forms else "", REVERSE in found)


def tops_of(path: Path, *, asked: bool, more: bool = False) -> Tops:
    """What the names of top folders say, where they are A and B (or `more`); else nothing.

    Raises:
        InputError: such folders were asked for, and one is missing.
    """
    names = {entry.name for entry in path.iterdir() if entry.is_dir()}
    names = {name for name in names if not name.startswith((".", "__MACOSX"))}
    matches = {name: match for name in names if (match := _TOP.fullmatch(name))}
    found = {name: Top(match[2], match[1] in HELD_OUT) for name, match in matches.items()}
    found = {name: top for name, top in found.items() if more or top.side in ("A", "B")}
    missing = {"A", "B"} - {top.side for top in found.values()}
    if asked and missing:
        raise InputError(
            f"{path} has no sub-folder {min(missing)}; pairs lie in A and B, or in trainA, trainB, "
            "testA and testB, or in one picture (--pairs side-by-side)."
        )
    strange = len(found) < len(names) and not asked
    return {} if missing or strange else found


def files_of(files: Sequence[PurePosixPath], side: str, tops: Tops) -> list[File]:
    """The files of a side, in the order of their stems."""
    names = [name for name in files if name.parts[0] in tops and len(name.parts) > 1]
    names = [name for name in names if tops[name.parts[0]].side == side]
    inner, below = split_of([PurePosixPath(*name.parts[1:]) for name in names])
    labels, _ = labels_of(below)
    found = []
    for index, name in enumerate(names):
        held = tops[name.parts[0]].held_out or (inner is not None and inner[index])
        label = labels[index] if labels else ""
        found.append(File(_stem(below[index], side, held), name, held, label))
    return sorted(found)


def _stem(file: PurePosixPath, side: str, held_out: bool) -> str:
    stem = re.sub(rf"[_-]{side}$", "", str(file.with_suffix("")))
    return f"{'held out' if held_out else 'train'}: {stem}"
