"""What the albums draw from their packages, on tiny fakes: alignment, and sides by identity."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sparring.domains.image.packs import (
    captions,
    characters,
    earth,
    emoji,
    hexes,
    landscapes,
    maps,
    objects,
    photos,
    robots,
    terrain,
    things,
)


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def png(picture: Image.Image, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    picture.save(data, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return data.getvalue()


def photo(red: int) -> bytes:
    noise = np.random.default_rng(red).integers(0, 256, (180, 360, 3), np.uint8)
    noise[..., 0] = red
    return png(Image.fromarray(noise).resize((720, 360), Image.Resampling.NEAREST), "JPEG")


def test_landscapes_keep_a_photo_on_one_side_and_know_its_class() -> None:
    folder = "usr/share/games/endless-sky/images/land"
    names = [f"{kind}{n}" for kind in ("beach", "dune", "nasa") for n in range(4)]
    files = {f"{folder}/{name}.jpg": photo(20 * place) for place, name in enumerate(names)}
    files[f"{folder}/beach9.jpg"] = png(Image.new("RGB", (720, 360), "skyblue"), "JPEG")
    sheets = list(landscapes.draw(files, silent))
    assert [sheet.views["photo"].shape[2:] for sheet in sheets] == [(64, 64), (96, 96), (128, 128)]
    for sheet in sheets:
        assert sheet.label is not None
        red = np.median(sheet.views["photo"][:, 0], axis=(1, 2)) / 20
        who = red.round().astype(int)
        assert set(who) == set(range(8))  # Neither the pictures of space nor plain sky.
        assert not set(who[sheet.held_out]) & set(who[~sheet.held_out])
        assert {sheet.classes[kind] for kind in sheet.label} == {"beach", "desert"}
        assert set(sheet.label[sheet.held_out]) == set(sheet.label)


def test_photos_are_those_that_belong_to_nobody() -> None:
    folder = "usr/share/games/endless-sky/images"
    owned = ["land/beach1-harro", "land/bwerner0", "land/lava5", "scene/geoscan", "scene/eso0"]
    names = [*(f"land/sea{n}" for n in range(40)), "scene/loc3", "land/nasa0", *owned]
    files = {f"{folder}/{name}.jpg": photo(3 * place) for place, name in enumerate(names)}
    (sheet,) = photos.draw(files, silent)
    red = np.median(sheet.views["photo"][:, 0], axis=(1, 2)) / 3
    who = red.round().astype(int)
    assert set(who) == set(range(41))
    assert sheet.views["photo"].shape[1:] == (3, 128, 128)
    assert sheet.held_out.any() and not set(who[sheet.held_out]) & set(who[~sheet.held_out])


def test_earth_reads_seas_from_the_elevation_map_alone() -> None:
    colours = np.zeros((maps.HEIGHT, maps.WIDTH, 3), np.uint8)
    colours[:, : maps.WIDTH // 2] = (20, 60, 150)
    colours[:, maps.WIDTH // 2 :] = (60, 120, 60)
    elevation = png(Image.fromarray(colours), "JPEG")
    files = {f"{maps.FOLDER}/{name}.jpg": elevation for name in ("etopo1", "bmng")}
    (sheet,) = earth.draw(files, silent)
    heights, picture = sheet.views["heights"][:, 0], sheet.views["satellite"]
    blue = picture[:, 2].astype(int) > picture[:, 0].astype(int) + 20
    assert set(np.unique(heights)) == {0, 4}
    assert ((heights == 0) == blue).all() and 0 < blue.mean() < 1


def fake_emoji(count: int) -> dict[str, bytes]:
    entries, files = [], {}
    for place in range(count):
        code = f"1f{place:03x}"
        kind = "People & Body" if place % 10 == 9 else "Flags"
        entries.append({"image": f"{code}.png", "category": kind})
        for path in emoji.PATHS.values():
            tone = 40 if place < 20 else place
            picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
            ImageDraw.Draw(picture).rectangle((16, 16, 47, 47), (tone, tone, tone, 255))
            files[path.format(code)] = png(picture, "WEBP" if "assets" in path else "PNG")
    del files[emoji.PATHS["fluent"].format("1f000")]
    return {**files, "package/emoji.json": json.dumps(entries).encode()}


def test_emoji_leave_people_out_and_twins_together() -> None:
    (sheet,) = emoji.draw(fake_emoji(60), silent)
    google, edges = sheet.views["google"], sheet.views["edges"]
    assert google.shape == (53, 3, 64, 64) and edges.shape == (53, 1, 64, 64)
    assert (google[:, :, 0, 0] == 255).all()  # What is transparent is white, not its hidden red.
    assert sheet.label is not None and {sheet.classes[kind] for kind in sheet.label} == {"flags"}
    twins = google[:, 0, 32, 32] == 40
    assert twins.sum() > 10 and len(set(sheet.held_out[twins])) == 1
    assert set(np.unique(edges)) == {0, 255}


def test_edges_of_a_square_are_its_thin_outline() -> None:
    picture = np.full((1, 3, 64, 64), 255, np.uint8)
    picture[:, 1:, 16:48, 16:48] = 0
    (drawn,) = emoji._edges(picture)[:, 0] == 0
    rows, columns = np.nonzero(drawn)
    assert 100 < drawn.sum() < 140  # 4 x 32 pixels around.
    assert rows.min() >= 14 and rows.max() <= 49 and not drawn[19:45, 19:45].any()
    assert set(columns[(rows > 20) & (rows < 40)]) <= {14, 15, 16, 47, 48, 49}


@pytest.mark.parametrize("side", [64, 128])
def test_no_tile_of_a_map_overlaps_one_of_the_other_side(side: int) -> None:
    classes = np.zeros((maps.HEIGHT, maps.WIDTH), np.uint8)
    classes[:, : maps.WIDTH // 2 : 2] = 4
    corners, held = maps.tiles(classes, side)
    seen = np.zeros((2, maps.HEIGHT, maps.WIDTH), bool)
    for (row, column), out in zip(corners, held, strict=True):
        seen[int(out), row : row + side, column : column + side] = True
    assert seen[0].any() and seen[1].any() and not (seen[0] & seen[1]).any()
    assert not seen[:, :, maps.WIDTH // 2 + side :].any()  # All of it is sea.
    assert not seen[:, : maps.NORTH].any() and not seen[:, maps.SOUTH :].any()


GRASS, TREE = (20, 200, 20, 255), (10, 60, 10, 255)
CONFIG = """
[terrain_type]
    symbol_image=grass/green-symbol
    editor_image=grass/green
    string=Gg
[/terrain_type]
[terrain_type]
    symbol_image=frozen/snow
    string=Aa  # snow
[/terrain_type]
[terrain_type]
    symbol_image=forest/pine-tile
    string=^Fp
[/terrain_type]
[terrain_type]
    symbol_image=castle/tower
    string=Ch
[/terrain_type]
[terrain_type]
    symbol_image=castle/snowy
    string=Cha
[/terrain_type]
"""


@pytest.fixture
def tiles() -> hexes.Tiles:
    root = "usr/share/games/wesnoth/1.16/data/core"
    colours = {"grass/green": GRASS, "frozen/snow": (250, 250, 250, 255), "castle/tower": (9,) * 4}
    files: dict[str, bytes] = {f"{root}/terrain.cfg": CONFIG.encode()}
    for name, colour in {**colours, "castle/snowy": (200,) * 4}.items():
        files[f"{root}/images/terrain/{name}.png"] = png(Image.new("RGBA", (72, 72), colour))
    tree = Image.new("RGBA", (72, 72))
    ImageDraw.Draw(tree).rectangle((24, 24, 47, 47), TREE)
    files[f"{root}/images/terrain/forest/pine-tile.png"] = png(tree)
    return hexes.Tiles(files)


def test_hexagons_are_drawn_where_the_layout_says(tiles: hexes.Tiles) -> None:
    codes = hexes.grid(b"Gg, 1 Gg, Aa, Gg^Fp, Gg, Gg\n" * 6)
    drawn = tiles.draw(codes)
    plan = hexes.layout([[terrain.group(code) for code in row] for row in codes])
    assert drawn.shape == (*plan.shape, 3)
    grass, snow, forest = (list(terrain.CLASSES).index(n) for n in ("grass", "snow", "forest"))
    assert set(np.unique(plan)) == {grass, snow, forest}
    assert (drawn[plan == snow] == 250).all(axis=1).mean() > 0.7  # Tiles here are full boxes.
    trees = (drawn == TREE[:3]).all(axis=-1)
    assert trees.any() and (plan[trees] == forest).all()


def test_seasons_change_codes_as_the_game_names_them(tiles: hexes.Tiles) -> None:
    def winter(code: str) -> str:
        return terrain.season(tiles, code, terrain._WINTER)

    assert winter("Gg") == "Aa" and winter("Gg^Fp") == "Aa^Fpa" and winter("Ww") == "Ww"
    assert winter("Ch") == "Cha" and winter("Kh") == "Kh"  # A keep has no snowy picture here.
    assert terrain.season(tiles, "Cha^Fpa", terrain._SUMMER) == "Ch^Fp"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        *(("Ww", "water"), ("Wwf", "ford"), ("Ha", "snowy heights"), ("Hh^Fp", "forest")),
        *(("Ai", "snow"), ("Kh", "buildings"), ("Gg^Vh", "buildings"), ("Ww^Bw/", "water")),
        *(("Zz", "wall"), ("Ias", "snow"), ("Tb^Tf", "mushrooms")),
    ],
)
def test_codes_fall_into_groups(code: str, name: str) -> None:
    assert list(terrain.CLASSES)[terrain.group(code)] == name


def test_terrain_crops_are_aligned_and_whole_maps_held_out(tiles: hexes.Tiles) -> None:
    drawn: list[dict[str, Any]] = [
        terrain._views(tiles, hexes.grid(row * 16))
        for row in (b"Gg, Aa, Gg, Gg^Fp, " * 3 + b"Gg\n", b"Gg, Gg, Aa^Fp, Ch, " * 3 + b"Gg\n")
    ]
    held = np.array([False, True])
    sheet = terrain._sheet(drawn, held, ("layout", "drawn"), 64)
    assert len(sheet.views["layout"]) == len(sheet.views["drawn"]) == len(sheet.held_out)
    castle = list(terrain.CLASSES).index("buildings")
    assert ((sheet.views["layout"] == castle).any(axis=(1, 2, 3)) == sheet.held_out).all()
    seasons = terrain._sheet(drawn, held, ("summer", "winter", "fall"), 64).views
    assert seasons["winter"].mean() > seasons["summer"].mean() + 50


def test_objects_are_fitted_with_their_opacity() -> None:
    folder = "usr/share/tuxpaint/stamps"
    cut = Image.new("RGBA", (200, 100), (0, 255, 0, 0))
    ImageDraw.Draw(cut).ellipse((20, 20, 179, 79), (255, 0, 0, 255))
    whole = Image.new("RGBA", (90, 90), (1, 2, 3, 255))
    files = {
        f"{folder}/animals/cat.png": png(cut),
        f"{folder}/animals/cat_mirror.png": png(cut),
        f"{folder}/food/plate.png": png(whole),
        f"{folder}/symbols/a.png": png(cut),
    }
    small, large = objects.draw(files, silent)
    (pixels,) = small.views["cutout"]
    assert pixels.shape == (4, 64, 64) and large.views["cutout"].shape == (1, 4, 128, 128)
    rows, columns = np.nonzero(pixels[3] > 128)
    assert abs(np.ptp(columns) + 1 - 60) <= 1 and abs(np.ptp(rows) + 1 - 22.5) <= 2
    assert (pixels[:3, pixels[3] > 8].T == (255, 0, 0)).all()  # No green leaks in at the rim.
    assert (pixels[:3, pixels[3] == 0] == 255).all()


def test_numbered_pictures_show_the_same_thing() -> None:
    folder = "usr/share/tuxpaint/stamps/animals"
    names = {objects.identity(f"{folder}/{name}.png") for name in ("frog", "frog-1", "frog_02")}
    assert names == {"animals/frog"}


def fake_captions() -> dict[str, bytes]:
    names = [
        ("cat", "1f408", ["kitten", "cat face", "pet"]),
        ("dog", "1f415", []),
        ("sun", "2600", []),
    ]
    entries = [
        {"label": name, "hexcode": code.upper(), "order": place, "tags": tags, "skins": [{}]}
        for place, (name, code, tags) in enumerate(names)
    ]
    entries.append({"label": "regional indicator A", "hexcode": "1F1E6"})
    files = {"package/en/data.json": json.dumps(entries).encode()}
    for place, (_, code, _) in enumerate(names):
        code = f"{code}-fe0f" if code == "2600" else code
        for path in (emoji.PATHS["google"], emoji.PATHS["fluent"]):
            picture = Image.new("RGBA", (64, 64), (60 * place, 0, 0, 255))
            files[path.format(code)] = png(picture, "WEBP" if "assets" in path else "PNG")
    del files[emoji.PATHS["fluent"].format("1f415")]
    folder = "usr/share/tuxpaint/stamps"
    ball = Image.new("RGBA", (90, 90))
    ImageDraw.Draw(ball).ellipse((20, 20, 70, 70), (0, 0, 255, 255))
    for name, text in {"ball": "A blue ball.\nfr.utf8=Une balle.", "odd": "=\n"}.items():
        files[f"{folder}/sports/{name}.png"] = png(ball)
        files[f"{folder}/sports/{name}.txt"] = text.encode()
    files[f"{folder}/sports/untold.png"] = png(ball)
    return files


def test_captions_are_names_with_keywords_and_say_the_design() -> None:
    (sheet,) = captions.draw(fake_captions(), silent)
    assert sheet.captions == (
        *("cat, kitten, pet", "cat, kitten, pet, in 3d", "dog", "sun", "sun, in 3d"),
        "A blue ball",
    )
    assert sheet.label is not None
    assert [sheet.classes[kind] for kind in sheet.label][-2:] == ["emoji in 3d", "object"]
    ball = sheet.views["picture"][-1]
    assert (ball[:, 0, 0] == 255).all() and (ball[:, 32, 32] == (0, 0, 255)).all()
    assert sheet.held_out[0] == sheet.held_out[1] and sheet.held_out[3] == sheet.held_out[4]


def fake_things() -> dict[str, bytes]:
    kinds = [
        *[("Animals & Nature", "animal-bird"), ("Animals & Nature", "plant-other")],
        *[("Objects", "music"), ("Travel & Places", "transport-air"), ("Flags", "flag")],
        *[("Food & Drink", "dishware"), ("Activities", "sport"), ("Activities", "game")],
    ]
    entries, files = [], {}
    for place, (category, group) in enumerate(kinds):
        code = f"1f{place:03x}"
        entries.append({"image": f"{code}.png", "category": category, "subcategory": group})
        for path in emoji.PATHS.values():
            picture = Image.new("RGBA", (64, 64), (place, 0, 0, 255))
            files[path.format(code)] = png(picture, "WEBP" if "assets" in path else "PNG")
    files["package/emoji.json"] = json.dumps(entries).encode()
    ball = Image.new("RGBA", (90, 90))
    ImageDraw.Draw(ball).ellipse((20, 20, 70, 70), (0, 0, 255, 255))
    folders = ["animals/birds", "animals/birds/cartoon", "household/tools", "military/vehicles"]
    names = [*(f"{folder}/it.png" for folder in (*folders, "military", "clothes", "space"))]
    twins = [f"sports/ball-{number}.png" for number in range(9)]
    for name in (*names, "food/pizza.png", "food/fruit/kiwi.png", *twins):
        files[f"usr/share/tuxpaint/stamps/{name}"] = png(ball)
    return files


def test_things_are_photos_and_emoji_of_the_same_kinds() -> None:
    drawn, photographed = things.draw(fake_things(), silent)
    assert set(drawn.views) == {"google", "twitter", "fluent"}
    assert drawn.label is not None and photographed.label is not None
    assert [drawn.classes[kind] for kind in drawn.label] == [
        *("animals", "plants", "objects", "vehicles", "sports")
    ]
    assert drawn.views["twitter"][:, 0, 5, 5].tolist() == [0, 1, 2, 3, 6]
    found = [photographed.classes[kind] for kind in photographed.label]
    assert found == ["animals", "food", "objects", "vehicles", "sky", *["sports"] * 9]
    assert len(set(photographed.held_out[-9:])) == 1  # Nine pictures of one ball.
    pictures = photographed.views["photo"]
    assert (pictures[:, :, 0, 0] == 255).all() and (pictures[:, 2, 32, 32] == 255).all()


def fake_characters() -> dict[str, bytes]:
    """Every part a square of its own colour; those of boots lie below, those of heads above."""
    files: dict[str, bytes] = {}
    lowest = {"feet": 0, "legs": 8, "hands": 16, "chest": 24, "head": 32, "off": 4, "main": 12}
    for slot, names in list(characters.SLOTS.items())[1:]:
        for name in names if slot != "head" else (*names[1:], "head_long", "head_short"):
            tone = 10 + 7 * len(files) % 200
            sheet = Image.new("RGBA", (8, 12), (tone, 30, 60, 255))
            ImageDraw.Draw(sheet).rectangle((0, 8, 7, 11), (0, 0, 0, 140))
            frames = [
                f"frame={frame},{side},0,0,8,12,{side},{lowest[slot] + 8}"
                for side in range(8)
                for frame in range(8)
            ]
            text = "\n".join(line for a in characters.ACTIONS for line in (f"[{a}]", *frames))
            for sex in ("male", "female"):
                files[f"{characters._FOLDER}/images/avatar/{sex}/{name}.png"] = png(sheet)
                files[f"{characters._FOLDER}/animations/avatar/{sex}/{name}.txt"] = text.encode()
    return files


def test_characters_keep_outfits_on_one_side_and_know_their_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, count in {"OUTFITS": 16, "POSES": 4, "MOMENTS": 1, "FITTINGS": 20}.items():
        monkeypatch.setattr(characters, name, count)
    poses, sides, fittings = characters.draw(fake_characters(), silent)
    assert poses.attributes is not None and fittings.attributes is not None
    places = list(poses.attributes.values)
    clothes = [places.index(slot) for slot in ("feet", "legs", "hands", "chest")]
    for sheet in (poses, sides, fittings):
        assert sheet.attributes is not None and 0 < sheet.held_out.mean() < 0.4
        worn = [tuple(row) for row in sheet.attributes.chosen[:, clothes].tolist()]
        held = {outfit for outfit, out in zip(worn, sheet.held_out, strict=True) if out}
        assert not held & {o for o, out in zip(worn, sheet.held_out, strict=True) if not out}
    person, parts, pose = (poses.views[name] for name in ("person", "parts", "pose"))
    assert ((person == 255).all(1) == (parts[:, 0] == 0)).all()  # No shadow is left.
    names = list(characters.PARTS)
    assert {names[part] for part in np.unique(pose)} == {"background", *characters._BODY}
    assert set(np.unique(parts)) == set(range(len(names)))
    assert [*sides.views] == [*characters.DIRECTIONS, *characters.SIDES]
    assert (sides.views["west"] != sides.views["south"]).any()
    wearer, dressed = fittings.views["wearer"], fittings.views["dressed"]
    assert (wearer != dressed).any((1, 2, 3)).mean() > 0.8
    head = slice(characters.GROUND[1] - 40, characters.GROUND[1] - 36)
    assert (wearer[:, :, head] == dressed[:, :, head]).all()


class Hiding:
    """A wardrobe in which what tells outfits apart is seen from one side only."""

    def drawn(self, outfit: characters.Outfit, pose: characters.Pose) -> tuple[np.ndarray, ...]:
        feet, legs = (characters.SLOTS[slot].index(outfit[slot]) for slot in ("feet", "legs"))
        tone = 10 * feet + legs if pose.direction == characters.SOUTH else 255
        return np.full((3, 2, 2), tone, np.uint8), np.zeros((1, 2, 2), np.uint8)


def test_nobody_held_out_looks_like_somebody_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "FITTINGS", 60)
    bare = {slot: names[0] for slot, names in characters.SLOTS.items()}
    worn = itertools.product(characters.SLOTS["feet"], characters.SLOTS["legs"])
    outfits = [{**bare, "feet": feet, "legs": legs} for feet, legs in worn][:24]
    random = np.random.default_rng(0)
    fittings = characters._fittings(Hiding(), outfits, random, silent)  # type: ignore[arg-type]
    seen = {
        out: {person.tobytes() for person in fittings.views["wearer"][fittings.held_out == out]}
        for out in (False, True)
    }
    assert all(seen.values()) and not seen[False] & seen[True]


def test_the_nearer_hand_of_a_character_depends_on_the_side() -> None:
    assert characters.order(6)[0] == "main" and characters.order(6)[-1] == "off"
    assert characters.order(2)[0] == "off" and characters.order(2)[-1] == "main"
    assert all(sorted(characters.order(side)) == sorted(characters.order(0)) for side in range(8))


def test_robots_are_the_same_in_every_colour_and_know_their_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robots, "COUNT", 60)
    files = {}
    for tone, colour in enumerate(robots.COLOURS):
        for depth, part in enumerate(list(robots.PARTS)[1:]):
            for number in range(10):
                picture = Image.new("RGBA", (128, 128))
                edge = 10 * depth + 2
                box = (edge, edge, 127 - edge, 127 - edge - 2 * number)
                ImageDraw.Draw(picture).rectangle(box, (20 * tone, 20 * depth, 0, 255))
                path = f"{colour}/00{depth}#0{depth}{part}/00{9 - number}#{colour}_{part}"
                files[f"{robots._FOLDER}/{path}-{number + 1:02}.png"] = png(picture)
    (sheet,) = robots.draw(files, silent)
    blue, red, parts = (sheet.views[name] for name in ("blue", "red", "parts"))
    assert blue.shape == red.shape == (60, 3, 64, 64) and 0 < sheet.held_out.mean() < 0.3
    assert (blue[:, 1:] == red[:, 1:]).all() and (red[:, 0, 32, 32] == 140).all()
    assert (blue[:, 1, 8, 32] // 20 + 1 == parts[:, 0, 8, 32]).all()
    assert sheet.attributes is not None
    height = (parts[:, 0, :, 2] > 0).sum(1)  # Where there is nothing but the body.
    assert (height == 62 - sheet.attributes.chosen[:, 0]).all()
    assert len(np.unique(sheet.attributes.chosen, axis=0)) == 60
