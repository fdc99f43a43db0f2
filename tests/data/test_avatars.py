"""Faces of named parts: what is drawn is what labels, vectors and captions say."""

from __future__ import annotations

import builtins
import dataclasses
import importlib.util
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparring.core.errors import InputError
from sparring.data import load
from sparring.data.drawn import Files
from sparring.data.words import words_of
from sparring.domains.image.kind import KIND
from sparring.domains.image.packs import avatars
from sparring.domains.image.packs.album import Sheet

TOOLS = all(importlib.util.find_spec(n) for n in ("dicebear", "resvg_py", "dicebear_styles"))
drawing = pytest.mark.skipif(not TOOLS, reason="needs sparring[avatars]")


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def few() -> Iterator[Files]:
    """The style's file, as its wheel holds it, and counts that are quickly drawn."""
    spec = importlib.util.find_spec("dicebear_styles")
    assert spec is not None and spec.submodule_search_locations is not None
    style = Path(next(iter(spec.submodule_search_locations)), "toon-head.json")
    with pytest.MonkeyPatch.context() as patch:
        for name, count in {"faces": 12, "expressions": 2, "large": 2}.items():
            patch.setitem(avatars.COUNTS, name, count)
        yield {"dicebear_styles/toon-head.json": style.read_bytes()}


@pytest.fixture(scope="module")
def sheets(few: Files) -> list[Sheet]:
    return list(avatars.draw(few, silent))


def test_nobody_is_trained_on_whose_combination_is_held_out_but_all_that_it_is_made_of_is() -> None:
    people = avatars._people(6000)
    held = avatars.held_out(people)
    places = [list(avatars.ATTRIBUTES).index(n) for n in ("hair", "hair colour", "glasses")]
    kept, aside = (set(map(tuple, people[mask][:, places].tolist())) for mask in (~held, held))
    assert not kept & aside and len(aside) == 10 and 0.08 < held.mean() < 0.12
    for seen, every in zip(people[~held].T, people.T, strict=True):
        assert set(seen) == set(every)
    assert len(np.unique(people[:, 1:], axis=0)) == len(people)


def test_a_caption_says_all_that_is_seen() -> None:
    for row in avatars._people(400):
        values = avatars._values(row)
        said = words_of(avatars.caption(row))
        unseen = {"no beard", "no glasses", "bald"}
        if values["hair"] == "bald":
            unseen |= {values["length"], values["hair colour"]}
            assert "bald" in said
        styles = {"side-combed": "combed to the side", "spiky": "in spikes"}
        for value in set(values.values()) - unseen:
            words = words_of(styles.get(value, value))
            assert set(words) - {"clothes"} <= set(said), (value, said)
        assert ("beard" in said) == (values["beard"].split()[0] in ("chin", "full", "long"))


@drawing
def test_faces_are_drawn_alike_each_time_and_differ_where_they_are_said_to(
    few: Files, sheets: list[Sheet]
) -> None:
    faces, expressions, large = sheets
    again = next(avatars.draw(few, silent))
    assert (faces.views["face"] == again.views["face"]).all()
    assert faces.views["face"].shape == (12, 3, 64, 64) and faces.captions[0].startswith("a")
    assert large.views["face"].shape == (2, 3, 128, 128)
    halved = large.views["face"].reshape(2, 3, 64, 2, 64, 2).mean((3, 5))
    assert abs(halved - faces.views["face"][:2]).max() <= 1
    neutral, smiling = expressions.views["neutral"], expressions.views["smiling"]
    changed = (neutral != smiling).any(1).mean((1, 2))
    assert (changed > 0.005).all() and (changed < 0.1).all()
    rows = np.nonzero((neutral != smiling).any((0, 1)))[0]
    assert rows.min() > 16 and rows.max() < 50  # Brows, eyes and mouth; no hair, no clothes.


@drawing
def test_the_parts_of_a_face_are_where_its_colours_are(sheets: list[Sheet]) -> None:
    faces = sheets[0]
    assert faces.attributes is not None
    names = list(avatars.PARTS)
    for picture, parts, row in zip(*faces.views.values(), faces.attributes.chosen, strict=True):
        known = avatars._values(row)
        assert (picture[:, parts[0] == 0] > 200).mean() > 0.95  # White, but for edges.
        hexes = avatars._CLOTHES[known["colour"].split()[0]]
        worn = np.median(picture[:, parts[0] == names.index("clothes")], axis=1)
        colour = [int(hexes[place : place + 2], 16) for place in (1, 3, 5)]
        assert known["clothes"] in ("shirt", "open jacket") or abs(worn - colour).max() < 40
        assert (parts == names.index("glasses")).any() == (known["glasses"] != "no glasses")
        assert (parts == names.index("beard")).any() <= (known["beard"] != "no beard")


@pytest.fixture
def installed(few: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack, of which a pretended pip delivers the wheel."""
    wheel = tmp_path / "dicebear_styles-10.6.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in few.items():
            archive.writestr(name, data)
    from sparring.data import fetch

    (package,) = avatars.ALBUM.packages
    known = dataclasses.replace(package, archives=(fetch.sha256(wheel.read_bytes()),))
    monkeypatch.setitem(
        KIND.packs, "avatars", dataclasses.replace(avatars.ALBUM, packages=(known,))
    )

    def deliver(name: str, version: str, into: Path) -> Path:
        return Path(shutil.copy(wheel, into))

    monkeypatch.setitem(fetch.CLIENTS, "pip", deliver)


@drawing
def test_any_attribute_can_be_the_label_and_all_are_the_vector(installed: None) -> None:
    data = load("avatars")
    assert data.classes == avatars.ATTRIBUTES["expression"] and data.vector == 51
    hair = load("avatars", label_by="hair")
    assert hair.classes == ("bald", "bun", "side-combed", "spiky", "undercut")
    assert hair.fingerprint != data.fingerprint
    items = {name: values.numpy() for name, values in hair.train.fields.items()}
    names = [name for values in data.attributes.values() for name in values]
    assert data.attributes["hair"] == hair.classes
    place = [names.index(name) for name in hair.classes]
    assert (items["vector"][:, place].argmax(1) == items["label"]).all()
    said = [data.words[number] for number in items["tokens"][0] if number >= 0]
    assert said[2] == "person" and data.tokens[0] == len(data.words)
    pairs = load("avatars:neutral-smiling", label_by="skin")
    assert pairs.source_domain is not None and pairs.classes[0] == "light skin"
    with pytest.raises(InputError, match=r"attribute of avatars 'nose'.*beard.*skin"):
        load("avatars", label_by="nose")


@drawing
def test_parts_to_draw_with_that_are_missing_are_named(
    few: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name == "resvg_py":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr("importlib.import_module", lambda name: lacking(name))
    with pytest.raises(InputError, match=r"resvg_py.*sparring\[avatars\]"):
        next(avatars.draw(few, silent))
