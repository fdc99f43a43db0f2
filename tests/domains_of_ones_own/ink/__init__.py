# ink/__init__.py
"""Ink: strokes of a pen, a kind of data that sparring knows nothing of."""

from ink.files import read, spirals
from sparring.data.kinds import Kind, Reader, Toy

KIND = Kind(
    name="ink",
    domain="ink.domain:Ink",
    readers=(Reader("strokes (.ink)", lambda path: path.suffix == ".ink", read),),
    toys={"spirals": Toy("2,000 spirals of a pen, either way round", spirals)},
)
