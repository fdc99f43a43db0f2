"""Characters: people of a game in outfits, poses and directions, with the part of every pixel."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files
from sparring.domains.image.attributes import Attributes
from sparring.domains.image.packs.album import Album, Sheet, View

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SIDE = 64
GROUND = (31, 56)
"""Where in a picture the point between a character's feet lies."""
OPAQUE = 192
"""The opacity from which on a pixel shows a part; shadows have about 140 of 255."""
OUTFITS, POSES, MOMENTS, FITTINGS = 400, 32, 6, 6000
"""Outfits; poses of each; moments of each that are seen from all sides; people dressed anew."""
HELD = 8
"""Every so manieth outfit is held out."""
_FOLDER = "usr/share/games/flare/mods/fantasycore"
DIRECTIONS = (
    *("west", "northwest", "north", "northeast", "east", "southeast", "south", "southwest"),
)
"""The way a character looks; the front is seen from the south."""
SIDES = {"side": "any", "second": "another", "third": "a third"}
"""Views that show a moment from different sides chosen at random, and what is said of them."""
SOUTH = DIRECTIONS.index("south")
ACTIONS = {"stance": 4, "run": 8, "swing": 4, "cast": 4, "hit": 2, "block": 2}
"""Action -> its frames."""
_MAGE = ("mage_{}", "mage_{}_alt1", "mage_{}_alt2")


def _worn(mage: str, *others: str) -> tuple[str, ...]:
    return (*others, *(name.format(mage) for name in _MAGE))


SLOTS: Mapping[str, tuple[str, ...]] = {
    "sex": ("female", "male"),
    "feet": _worn(
        "boots", "default_feet", "cloth_sandals", "leather_boots", "chain_boots", "plate_boots"
    ),
    "legs": _worn(
        "skirt", "default_legs", "cloth_pants", "leather_pants", "chain_greaves", "plate_greaves"
    ),
    "hands": _worn(
        "sleeves", "default_hands", "cloth_gloves", "leather_gloves", "chain_gloves",
        "plate_gauntlets",
    ),
    "chest": _worn(
        "vest", "default_chest", "cloth_shirt", "leather_chest", "chain_cuirass", "plate_cuirass"
    ),
    "head": _worn("hood", "bare", "leather_hood", "chain_coif", "plate_helm"),
    "off": ("no shield", "buckler", "iron_buckler", "shield"),
    "main": ("no weapon", "dagger", "shortsword", "mace", "wand", "rod"),
}  # fmt: skip
"""What an outfit is made of, and what there is of each."""
_HEADS = {"female": "head_long", "male": "head_short"}
_CLOTHES = ("feet", "legs", "hands", "chest")
_BODY = ("feet", "legs", "hands", "chest", "head")
PARTS = {
    "background": (255, 255, 255),
    "feet": (120, 76, 40),
    "legs": (60, 100, 200),
    "hands": (236, 176, 60),
    "chest": (200, 56, 60),
    "head": (236, 190, 160),
    "off": (90, 170, 110),
    "main": (130, 130, 140),
}
"""Class of a pixel -> the colour that the layout shows it in."""
Outfit = Mapping[str, str]


class Pose(NamedTuple):
    """One frame of an action, seen from one side."""

    action: str
    frame: int
    direction: int


class Wardrobe:
    """Draws characters from sheets of parts, without the shadows, which are half clear."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._sheets: dict[str, Image] = {}
        self._places: dict[str, dict[Pose, list[int]]] = {}

    def drawn(self, outfit: Outfit, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """(3, SIDE, SIDE) on white, and (1, SIDE, SIDE): the part that every pixel shows."""
        import numpy as np
        from PIL import Image

        picture = Image.new("RGB", (SIDE, SIDE), "white")
        parts = Image.new("L", (SIDE, SIDE), 0)
        for slot in order(pose.direction):
            found = self._sprite(outfit, slot, pose)
            if found is not None:
                sprite, mask, place = found
                picture.paste(sprite, place, mask)
                parts.paste(list(PARTS).index(slot), place, mask)
        return np.array(picture).transpose(2, 0, 1), np.array(parts)[None]

    def _sprite(
        self, outfit: Outfit, slot: str, pose: Pose
    ) -> tuple[Image, Image, tuple[int, int]] | None:
        worn = outfit[slot]
        if worn.startswith("no "):
            return None
        name = f"{outfit['sex']}/{_HEADS[outfit['sex']] if worn == 'bare' else worn}"
        place = self._known(name).get(pose)
        if place is None:  # Some weapons have no frame where they are out of sight.
            return None
        left, top, width, height, across, down = place
        sprite = self._sheets[name].crop((left, top, left + width, top + height))
        mask = sprite.getchannel("A").point(lambda value: 255 if value >= OPAQUE else 0)
        return sprite.convert("RGB"), mask, (GROUND[0] - across, GROUND[1] - down)

    def _known(self, name: str) -> dict[Pose, list[int]]:
        from PIL import Image

        if name not in self._places:
            data = io.BytesIO(self._files[f"{_FOLDER}/images/avatar/{name}.png"])
            self._sheets[name] = Image.open(data).convert("RGBA")
            text = self._files[f"{_FOLDER}/animations/avatar/{name}.txt"].decode()
            self._places[name] = places(text)
        return self._places[name]


def places(text: str) -> dict[Pose, list[int]]:
    """Pose -> left, top, width, height of its frame in the sheet, and where its ground point is."""
    found: dict[Pose, list[int]] = {}
    action = ""
    for line in text.splitlines():
        if line.startswith("["):
            action = line.strip("[] \r")
        elif line.startswith("frame="):
            frame, direction, *place = map(int, line.removeprefix("frame=").split(","))
            found[Pose(action, frame, direction)] = place
    return found


def order(direction: int) -> tuple[str, ...]:
    """The parts from the back to the front: which hand is nearer depends on the side."""
    if direction in (2, 3, 4):
        return ("off", *_BODY, "main")
    return (*_BODY, "off", "main") if direction == 5 else ("main", *_BODY, "off")


def draw(files: Files, progress: Progress) -> Iterator[Sheet]:
    """Outfits in random poses; the same from all sides; people dressed in others' clothes."""
    import numpy as np

    wardrobe, random = Wardrobe(files), np.random.default_rng(12)
    outfits = _outfits(random)
    yield _poses(wardrobe, outfits, random, progress)
    yield _sides(wardrobe, outfits, random, progress)
    yield _fittings(wardrobe, outfits, random, progress)


def _outfits(random: np.random.Generator) -> list[Outfit]:
    """OUTFITS of them, no two of which have the same clothes."""
    found: dict[tuple[str, ...], Outfit] = {}
    while len(found) < OUTFITS:
        made = {slot: str(random.choice(names)) for slot, names in SLOTS.items()}
        found.setdefault(tuple(made[slot] for slot in _CLOTHES), made)
    return list(found.values())


def _chosen(random: np.random.Generator, count: int, directions: Sequence[int]) -> list[Pose]:
    """So many different poses, seen from one of these sides."""
    every = [
        Pose(action, frame, direction)
        for action, frames in ACTIONS.items()
        for frame in range(frames)
        for direction in directions
    ]
    return [every[number] for number in random.permutation(len(every))[:count]]


_STANDING = Pose("stance", 0, SOUTH)


def _naked(outfit: Outfit) -> Outfit:
    """The same body with nothing on: its parts say the pose and nothing of the clothes."""
    bare = {slot: f"default_{slot}" for slot in _CLOTHES}
    return {**outfit, **bare, "head": "bare", "off": "no shield", "main": "no weapon"}


def _poses(
    wardrobe: Wardrobe, outfits: Sequence[Outfit], random: np.random.Generator, progress: Progress
) -> Sheet:
    views: dict[str, list[np.ndarray]] = {n: [] for n in ("person", "parts", "pose", "standing")}
    facts: list[tuple[Outfit, Pose]] = []
    for number, outfit in enumerate(outfits):
        progress("drawing characters in poses", number, len(outfits))
        standing = wardrobe.drawn(outfit, _STANDING)[0]
        for pose in _chosen(random, POSES, range(len(DIRECTIONS))):
            person, parts = wardrobe.drawn(outfit, pose)
            shown = (person, parts, wardrobe.drawn(_naked(outfit), pose)[1], standing)
            for view, picture in zip(views.values(), shown, strict=True):
                view.append(picture)
            facts.append((outfit, pose))
    return _sheet(views, facts, [number // POSES for number in range(len(facts))])


def _sides(
    wardrobe: Wardrobe, outfits: Sequence[Outfit], random: np.random.Generator, progress: Progress
) -> Sheet:
    views: dict[str, list[np.ndarray]] = {name: [] for name in (*DIRECTIONS, *SIDES)}
    facts: list[tuple[Outfit, Pose]] = []
    for number, outfit in enumerate(outfits):
        progress("drawing characters from all sides", number, len(outfits))
        for pose in _chosen(random, MOMENTS, [SOUTH]):
            seen = [
                wardrobe.drawn(outfit, pose._replace(direction=side))[0]
                for side in range(len(DIRECTIONS))
            ]
            some = [seen[side] for side in _some(len(facts))]
            for view, picture in zip(views.values(), (*seen, *some), strict=True):
                view.append(picture)
            facts.append((outfit, pose))
    return _sheet(views, facts, [number // MOMENTS for number in range(len(facts))])


def _some(number: int) -> list[int]:
    """Different sides, chosen for the moment of this number."""
    import numpy as np

    order = np.random.default_rng([13, number]).permutation(len(DIRECTIONS))
    return [int(side) for side in order[: len(SIDES)]]


def _fittings(
    wardrobe: Wardrobe, outfits: Sequence[Outfit], random: np.random.Generator, progress: Progress
) -> Sheet:
    names = ("wearer", "worn", "clothes", "garment", "dressed")
    views: dict[str, list[np.ndarray]] = {name: [] for name in names}
    facts: list[tuple[Outfit, Pose]] = []
    whose = []
    known: dict[bytes, bool] = {}
    for number in range(FITTINGS):
        progress("drawing characters dressed anew", number, FITTINGS)
        one, other = random.integers(len(outfits), size=2).tolist()
        if (one % HELD == 0) != (other % HELD == 0):
            one = one - one % HELD + other % HELD  # Both from one side of the split.
        if one == other:
            one = (one + HELD) % len(outfits)
        wearer, clothes = outfits[one], outfits[other]
        dressed = {**wearer, **{slot: clothes[slot] for slot in _CLOTHES}}
        pose, (person, worn) = _apart(wardrobe, wearer, random, known, other % HELD == 0)
        garment, parts = wardrobe.drawn(clothes, _STANDING)
        shown = (person, worn, parts, garment, wardrobe.drawn(dressed, pose)[0])
        for view, picture in zip(views.values(), shown, strict=True):
            view.append(picture)
        facts.append((dressed, pose))
        whose.append(other)
    return _sheet(views, facts, whose)


def _apart(
    wardrobe: Wardrobe,
    outfit: Outfit,
    random: np.random.Generator,
    known: dict[bytes, bool],
    held: bool,
) -> tuple[Pose, tuple[np.ndarray, np.ndarray]]:
    """A pose in which the outfit looks like none on the other side of the split, and its pictures.

    What tells two outfits apart may be out of sight: behind a shield, below a skirt.
    """
    while True:
        (pose,) = _chosen(random, 1, range(len(DIRECTIONS)))
        person, parts = wardrobe.drawn(outfit, pose)
        if known.setdefault(person.tobytes(), held) == held:
            return pose, (person, parts)


def _sheet(
    views: Mapping[str, list[np.ndarray]], facts: list[tuple[Outfit, Pose]], whose: list[int]
) -> Sheet:
    """`whose` says which outfit each item shows the clothes of."""
    import numpy as np

    values = {"action": tuple(ACTIONS), "direction": DIRECTIONS, **SLOTS}
    told = [{**o, "action": p.action, "direction": DIRECTIONS[p.direction]} for o, p in facts]
    rows = [[names.index(row[slot]) for slot, names in values.items()] for row in told]
    stacked = {name: np.stack(pictures) for name, pictures in views.items()}
    held = np.array(whose) % HELD == 0
    return Sheet(stacked, held, attributes=Attributes(values, np.array(rows)))


_LAYOUT = (tuple(PARTS.values()), tuple(PARTS))
ALBUM = Album(
    name="characters",
    about="people of a game in 400 outfits, in poses, from 8 sides, dressed anew; outfits held out",
    licence="CC-BY-SA-3.0 or later (Flare)",
    count=OUTFITS * POSES,
    shape=(3, SIDE, SIDE),
    packages=(
        fetch.Package(
            client="apt",
            name="flare-game",
            megabytes=122.5,
            members=(f"{_FOLDER}/animations/avatar/*.txt", f"{_FOLDER}/images/avatar/*.png"),
            archives=("4ab6a8298276013d35a0806257e130d992761af1b749041433b409c3dafec508",),
        ),
    ),
    views={
        "person": View("in any pose, from any side"),
        "parts": View("which part every pixel of it shows", *_LAYOUT),
        "pose": View("the same of the body with nothing on", *_LAYOUT),
        "standing": View("the same outfit, standing, from the front"),
        **{name: View(f"looking {name}") for name in DIRECTIONS},
        **{name: View(f"from {about} of the sides") for name, about in SIDES.items()},
        "wearer": View("who shall be dressed"),
        "worn": View("which part every pixel of the wearer shows", *_LAYOUT),
        "clothes": View("which part every pixel of the garment shows", *_LAYOUT),
        "garment": View("whose clothes"),
        "dressed": View("the wearer in these clothes"),
    },
    default="person",
    draw=draw,
    version=2,
)
