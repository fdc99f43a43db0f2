"""Avatars: cartoon faces of named parts, with their attributes, captions and expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files
from sparring.domains.image.attributes import Attributes
from sparring.domains.image.packs.album import Album, Sheet, View
from sparring.domains.image.packs.portrait import ORDER, SIDE, Layers, Look

if TYPE_CHECKING:
    import numpy as np

SMALL = 64
COUNTS = {"faces": 24_000, "expressions": 4_000, "large": 8_000}
"""Faces of each sheet; the smaller ones show the first of them."""
_STYLE = "dicebear_styles/toon-head.json"
EXPRESSIONS = {
    "neutral": {"eyes": "happy", "eyebrows": "neutral", "mouth": "neutral"},
    "smiling": {"eyes": "happy", "eyebrows": "happy", "mouth": "smiling"},
    "laughing": {"eyes": "bow", "eyebrows": "happy", "mouth": "laugh"},
    "sad": {"eyes": "humble", "eyebrows": "sad", "mouth": "sad"},
    "angry": {"eyes": "happy", "eyebrows": "angry", "mouth": "angry"},
    "surprised": {"eyes": "wide", "eyebrows": "raised", "mouth": "agape"},
    "winking": {"eyes": "wink", "eyebrows": "raised", "mouth": "smiling"},
}
_ONE = "#000000"
"""The colour of parts that have but one."""
_SKIN = {"light": "#f1c3a5", "tan": "#c99a6b", "brown": "#a36b4f", "dark": "#6b4330"}
_HAIR = {
    **{"black": "#2c1b18", "brown": "#724133", "red": "#b8501f", "blond": "#e0bd6c"},
    "grey": "#b4b4ba",
}
_CLOTHES = {
    **{"black": "#151613", "blue": "#0b3286", "grey": "#545454", "green": "#147f3c"},
    **{"orange": "#f97316", "pink": "#ec4899", "purple": "#731ac3", "red": "#b11f1f"},
    **{"white": "#e8e9e6", "yellow": "#eab308"},
}
_TOPS = {
    **{"bald": "", "bun": "bun", "side-combed": "sideComed", "spiky": "spiky"},
    "undercut": "undercut",
}
_LENGTHS = {
    **{"short": "", "jaw-length": "neckHigh", "shoulder-length": "shoulderHigh"},
    **{"long straight": "longStraight", "long wavy": "longWavy"},
}
_BEARDS = {
    **{"no beard": "", "chin beard": "chin", "goatee": "chinMoustache"},
    **{"full beard": "fullBeard", "long beard": "longBeard", "moustache": "moustacheTwirl"},
}
_GLASSES = {
    **{"no glasses": "", "round glasses": "round", "square glasses": "square"},
    "sunglasses": "dark",
}
_WEAR = {
    **{"dress": "dress", "open jacket": "openJacket", "shirt": "shirt", "t-shirt": "tShirt"},
    "turtleneck": "turtleNeck",
}
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "expression": tuple(EXPRESSIONS),
    "hair": tuple(_TOPS),
    "length": tuple(_LENGTHS),
    "hair colour": tuple(f"{name} hair" for name in _HAIR),
    "beard": tuple(_BEARDS),
    "glasses": tuple(_GLASSES),
    "skin": tuple(f"{name} skin" for name in _SKIN),
    "clothes": tuple(_WEAR),
    "colour": tuple(f"{name} clothes" for name in _CLOTHES),
}
"""Attribute -> its values; of beards and glasses the first is none."""
_WEIGHTS = {"hair": (1, 3, 3, 3, 3), "length": (4, 2, 2, 2, 2), "beard": (9, 1, 1, 1, 1, 1)}
_WEIGHTS["glasses"] = (4, 2, 2, 1)
"""How often values are drawn beside each other; of other attributes all are as frequent."""
_STYLES = {
    **{"bun": "in a bun", "side-combed": "combed to the side", "spiky": "in spikes"},
    "undercut": "with an undercut",
}
PARTS = {
    "background": (255, 255, 255),
    "skin": (224, 172, 138),
    "hair": (110, 62, 40),
    "clothes": (52, 108, 196),
    "beard": (196, 120, 40),
    "eyebrows": (40, 40, 48),
    "eyes": (72, 190, 120),
    "mouth": (204, 44, 60),
    "glasses": (140, 72, 190),
}
"""Class of a pixel -> the colour that the layout shows it in."""
_GROUPS = {"rearHair": "hair", "body": "skin", "head": "skin"}


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Faces at 64 pixels with their parts, expressions of some of them, and some at 128 pixels."""
    layers = Layers(files[_STYLE])
    people = _people(COUNTS["faces"])
    out = held_out(people)
    yield _sheet(_faces(layers, people, SMALL, progress), people, out)
    some = people[: COUNTS["expressions"]]
    views = {}
    for number, name in enumerate(EXPRESSIONS):
        same = some.copy()
        same[:, 0] = number
        views[name] = _pictures(layers, same, SMALL, progress, f"{name} faces")
    yield _sheet(views, some, out[: len(some)])
    some = people[: COUNTS["large"]]
    yield _sheet(_faces(layers, some, SIDE, progress), some, out[: len(some)])


def _people(count: int, seed: int = 12) -> np.ndarray:
    """(count, attributes) int64: values drawn one by one, no two people alike."""
    import numpy as np

    random = np.random.default_rng(seed)
    columns = []
    for name, values in ATTRIBUTES.items():
        weights = np.array(_WEIGHTS.get(name, (1,) * len(values)), dtype=float)
        columns.append(random.choice(len(values), 2 * count, p=weights / weights.sum()))
    drawn = np.stack(columns, axis=1)
    drawn[drawn[:, 1] == 0, 2] = 0  # Who is bald has no long hair.
    _, firsts = np.unique(drawn[:, 1:], axis=0, return_index=True)
    return drawn[np.sort(firsts)][:count]


def held_out(people: np.ndarray) -> np.ndarray:
    """(N,) bool: all who combine hairstyle, hair colour and glasses in one of ten ways of 100.

    Every hairstyle, every colour and all glasses are in some, so that each alone is trained on.
    """
    names = list(ATTRIBUTES)
    places = (names.index(name) for name in ("hair", "hair colour", "glasses"))
    hair, colour, glasses = (people[:, place] for place in places)
    found: np.ndarray = ((hair + 2 * colour) % 5 == 1) & ((hair + glasses) % 2 == 0)
    return found


def _values(row: np.ndarray) -> dict[str, str]:
    pairs = zip(ATTRIBUTES.items(), row.tolist(), strict=True)
    return {name: values[number] for (name, values), number in pairs}


def _look(row: np.ndarray) -> Look:
    """The parts of one person."""
    known = _values(row)
    skin, hair = (_SKIN[known["skin"].split()[0]], _HAIR[known["hair colour"].split()[0]])
    worn = (_WEAR[known["clothes"]], _CLOTHES[known["colour"].split()[0]])
    face = EXPRESSIONS[known["expression"]]
    found = {
        "rearHair": (_LENGTHS[known["length"]], hair),
        "body": ("body", skin),
        "head": ("head", skin),
        "clothes": worn,
        "mouth": (face["mouth"], skin),
        "beard": (_BEARDS[known["beard"]], hair),
        "eyes": (face["eyes"], _ONE),
        "eyebrows": (face["eyebrows"], hair),
        "glasses": (_GLASSES[known["glasses"]], _ONE),
        "hair": (_TOPS[known["hair"]], hair),
    }
    return {part: look for part, look in found.items() if look[0]}


def caption(row: np.ndarray) -> str:
    """A sentence that says all attributes of a person."""
    known = _values(row)
    hair = f"{known['length']} {known['hair colour']} {_STYLES.get(known['hair'], '')}"
    has = [known["skin"], "a bald head" if known["hair"] == "bald" else hair]
    has += [f"a {known['beard']}"] if known["beard"] != "no beard" else []
    has += [known["glasses"]] if known["glasses"] != "no glasses" else []
    worn = f"{known['colour'].split()[0]} {known['clothes']}"
    mood = ("an " if known["expression"] == "angry" else "a ") + known["expression"]
    article = "an" if worn[0] in "aeiou" else "a"
    return f"{mood} person with {', '.join(has[:-1])} and {has[-1]}, in {article} {worn}"


def _faces(
    layers: Layers, people: np.ndarray, side: int, progress: Progress
) -> dict[str, np.ndarray]:
    """What everybody looks like, and the part that each pixel shows."""
    import numpy as np

    groups = {part: list(PARTS).index(_GROUPS.get(part, part)) for part in ORDER}
    parts = np.stack([layers.parts(_look(row), groups, side)[None] for row in people])
    faces = _pictures(layers, people, side, progress, f"faces of {side} pixels")
    return {"face": faces, "parts": parts}


def _pictures(
    layers: Layers, people: np.ndarray, side: int, progress: Progress, what: str
) -> np.ndarray:
    """(N, 3, side, side) uint8."""
    import numpy as np

    found = np.empty((len(people), 3, side, side), np.uint8)
    for place, picture in enumerate(layers.pictures(map(_look, people))):
        if place % 100 == 0:
            progress(f"drawing {what}", place, len(people))
        small = picture.reduce(SIDE // side)
        found[place] = np.asarray(small).transpose(2, 0, 1)
    return found


def _sheet(views: Mapping[str, np.ndarray], people: np.ndarray, out: np.ndarray) -> Sheet:
    return Sheet(
        views,
        out,
        attributes=Attributes(ATTRIBUTES, people),
        captions=tuple(caption(row) for row in people),
    )


ALBUM = Album(
    name="avatars",
    about="cartoon faces of named parts: attributes, captions, expressions; combinations held out",
    licence='CC-BY-4.0 ("ToonHead" by Johan Melin, remixed by DiceBear; glasses and mouths added)',
    count=COUNTS["faces"],
    shape=(3, SMALL, SMALL),
    packages=(
        fetch.Package(
            client="pip",
            name="dicebear-styles",
            version="10.6.0",
            megabytes=0.8,
            members=(_STYLE,),
            archives=("5a5b0b9c534d133fa06f1dd29f280139995965b32b08c5635a69cc6afc30930d",),
        ),
    ),
    views={
        "face": View("each in one expression"),
        "parts": View("which part every pixel shows", tuple(PARTS.values()), tuple(PARTS)),
        **{name: View(f"the same people {name}") for name in EXPRESSIONS},
    },
    default="face",
    draw=draw,
)
