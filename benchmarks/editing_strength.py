"""Edits of random avatars over strength, read by the outside judge: what changes and what stays.

    sparring directions ready:avatars --out runs/avatars-directions
    python benchmarks/editing_strength.py runs/avatars-directions

For each direction and strength: the share of faces that the judge sees the wanted value in, and
the mean share of faces whose hair, hair colour and skin it reads as before, and whose eight other
attributes it does, with and without --keep hair,"hair colour",skin.
Two directions of length 1 drawn by chance say what a move that far costs by itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from attributes import Judge, judge, named
from machine import record
from torch import Tensor

from sparring.artifact import codes as coded
from sparring.artifact.codes import Codes
from sparring.artifact.model import Model
from sparring.artifact.named import Directions, read

WANTED = {
    "sunglasses": "glasses",
    "smiling": "expression",
    "angry": "expression",
    "long wavy": "length",
    "dark skin": "skin",
    "full beard": "beard",
}
STRENGTHS = (0.0, 1.0, 2.0, 3.0, 4.0)
COUNT = 300
KEPT = ("hair", "hair colour", "skin")
Values = Mapping[str, Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directions", type=Path)
    model, reader = Model.load("ready:avatars"), judge()
    ways = read(parser.parse_args().directions, model)
    codes = coded.drawn(model, COUNT, seed=7)
    before = reader.values(coded.made(model, codes))
    found: dict[str, list[list[float]]] = {}
    for value, attribute in WANTED.items():
        others = [name for name in before if name != attribute]
        watched = [name for name in KEPT if name != attribute]
        for kept in ((), tuple(watched)):
            name = f"{value}{', kept' if kept else ''}"
            found[name] = []
            for strength in STRENGTHS:
                after = reader.values(moved(model, ways, codes, value, strength, kept))
                hit = (after[attribute] == where(attribute, value)).float().mean()
                stay = (share(before, after, names) for names in (watched, others))
                found[name].append([float(hit), *stay])
            figures = "  ".join("/".join(f"{x:.0%}" for x in row) for row in found[name])
            print(f"{name:20s} {figures}", flush=True)
    for seed in range(2):
        print(f"{f'by chance {seed}':20s} {chance(model, reader, ways, codes, before, seed)}")
    record("editing", {"count": COUNT, "strengths": list(STRENGTHS), "hit_kept_others": found})


def moved(
    model: Model, ways: Directions, codes: Codes, value: str, by: float, keep: Sequence[str]
) -> Tensor:
    """The samples of codes so far along."""
    return coded.made(model, ways.moved(codes, {value: by}, keep))


def where(attribute: str, value: str) -> int:
    """The judge's number of a value."""
    return named(attribute, value)


def chance(
    model: Model, reader: Judge, ways: Directions, codes: Codes, before: Values, seed: int
) -> str:
    """What stays of all attributes along a direction that means nothing."""
    way = torch.randn(len(ways.spread), generator=torch.Generator().manual_seed(seed))
    way = way / way.norm() * ways.spread
    stays = []
    for strength in STRENGTHS:
        after = reader.values(coded.made(model, codes.at(codes.flat() + strength * way)))
        stays.append((share(before, after, KEPT), share(before, after, list(before))))
    return "  ".join(f"-/{kept:.0%}/{every:.0%}" for kept, every in stays)


def share(before: Values, after: Values, names: Sequence[str]) -> float:
    """The mean share of faces in which these attributes are read as before."""
    return float(torch.stack([(after[o] == before[o]).float().mean() for o in names]).mean())


if __name__ == "__main__":
    main()
