"""Further sources of a folder, A2 to A9: pictures or label maps that belong to those of A."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.folders import Facts
from sparring.data.kinds import Reading
from sparring.data.sides import Tops, Wanted
from sparring.domains.image import pictures, sides
from sparring.domains.image.sides import Side
from sparring.domains.image.stack import stacked

if TYPE_CHECKING:
    import numpy as np


def found(path: Path, facts: Facts, tops: Tops, asked: Wanted, reading: Reading) -> list[Side]:
    """The sides beside A and B, with their headers.

    Raises:
        InputError: pictures that cannot be read, or options that such a folder does not have.
    """
    names = sorted({top.side for top in tops.values()} - {"A", "B"})
    if names and (asked.reverse or asked.form == "unpaired" or reading.skip_broken):
        raise InputError(
            f"{path} has {names[0]} beside A: such sources are read in pairs only, from A to B and "
            "whole; leave out --pairs and --skip-broken."
        )
    return [_surveyed(sides.side_of(path, name, facts, tops), reading) for name in names]


def _surveyed(side: Side, reading: Reading) -> Side:
    side = side._replace(headers=pictures.survey(side.files, reading.progress))
    sides.check(side)
    return side


def together(
    path: Path, a: Side, more: list[Side], paired: bool, reading: Reading
) -> tuple[np.ndarray, Part]:
    """The pictures of A, and with them those of the further sides.

    Raises:
        InputError: a further side has no partner for each, of the same extent.
    """
    if not more:
        return sides.stored(a, reading)
    for side in more:
        _check(path, a, side, paired)
    values, spaces = zip(*(sides.stored(side, reading) for side in (a, *more)), strict=True)
    return stacked(values, spaces, [side.name for side in (a, *more)])


def _check(path: Path, a: Side, side: Side, paired: bool) -> None:
    if not paired or side.stems != a.stems:
        lone = sorted(set(a.stems) ^ set(side.stems)) or ["some"]
        raise InputError(
            f"{path} holds {len(a.files)} pictures in A and {len(side.files)} in {side.name}, and "
            f"each needs a partner of the same name in B and in every A; {lone[0].split(': ')[-1]} "
            "has none."
        )
    for name, own, other in zip(side.files.names, side.headers, a.headers, strict=True):
        if (own.height, own.width) != (other.height, other.width):
            raise InputError(
                f"{path}/{name} is {own.height} x {own.width} and its partner in A {other.height} "
                f"x {other.width} (height x width); bring them to one size."
            )
