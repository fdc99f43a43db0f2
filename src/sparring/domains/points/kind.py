"""Points, as data offers them: arrays (N, F), and toy mixtures by name."""

from __future__ import annotations

from functools import partial

from sparring.data.kinds import Arrays, Kind, Toy
from sparring.domains.points import arrays, toys

KIND = Kind(
    name="points",
    domain="sparring.domains.points.domain:Points",
    arrays=Arrays(arrays.WORDS, arrays.claims, arrays.read),
    toys={name: Toy(about, partial(toys.read, name)) for name, about in toys.TOYS.items()},
)
