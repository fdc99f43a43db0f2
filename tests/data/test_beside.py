"""A user's own captions and attributes beside the pictures of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sparring.artifact.manifest import Manifest
from sparring.cli.app import app
from sparring.core.errors import InputError
from sparring.data import Dataset, check, load
from sparring.recipes import recipe_named
from sparring.verbs.run import plan

COLOURS = ("red", "green", "blue")


@pytest.fixture
def captioned(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    """Twelve pictures, and a sentence about each in captions.csv."""
    lines = ["file,caption"]
    for number in range(12):
        picture(tmp_path / "own" / f"p{number:02}.png", seed=number)
        lines.append(f'p{number:02}.png,"A {COLOURS[number % 3]} thing, number {number}."')
    write(tmp_path / "own" / "captions.csv", lines)
    return tmp_path / "own"


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


def said(data: Dataset) -> list[str]:
    rows = [*data.train.fields["tokens"].tolist(), *data.held_out.fields["tokens"].tolist()]
    return sorted(" ".join(data.words[n] for n in row if n >= 0) for row in rows)


def test_captions_of_a_table_are_tokens_that_spell_them(captioned: Path) -> None:
    data = load(str(captioned))
    expected = sorted(f"a {COLOURS[n % 3]} thing number {n}" for n in range(12))
    assert said(data) == expected and data.tokens == (len(data.words), 5)
    assert not any("left out" in note for note in data.notes)
    by_stem = [
        line.replace(".png", "") for line in (captioned / "captions.csv").read_text().split("\n")
    ]
    write(captioned / "captions.csv", by_stem)
    assert said(load(str(captioned))) == expected


def test_captions_lie_beside_pictures_too(captioned: Path) -> None:
    expected = said(load(str(captioned)))
    for line in (captioned / "captions.csv").read_text().splitlines()[1:]:
        name, text = line.split(",", 1)
        (captioned / name).with_suffix(".txt").write_text(text, "utf-8-sig")
    (captioned / "captions.csv").unlink()
    (captioned / "README.txt").write_text("Twelve things.")
    data = load(str(captioned))
    assert said(data) == expected
    assert any(note.startswith("1 files that are no pictures") for note in data.notes)
    for number in (3, 4, 5, 6, 7, 8):
        (captioned / f"p{number:02}.txt").unlink()
    with pytest.raises(InputError, match=r"6 of 12 .*p03.png, .*p07.png and 1 more"):
        load(str(captioned))


def test_attributes_are_a_vector_and_each_can_be_the_label(captioned: Path) -> None:
    lines = ["image,colour,round,weight"]
    lines += [f"p{n:02}.png,{COLOURS[n % 3]},{n % 2},{n / 10}" for n in range(12)]
    write(captioned / "attributes.csv", lines)
    data = load(str(captioned))
    assert data.attributes == {
        "colour": ("blue", "green", "red"),
        "round": ("round",),
        "weight": ("weight",),
    }
    assert data.words
    assert data.classes == ("blue", "green", "red")
    vector, label = (data.train.fields[name].numpy() for name in ("vector", "label"))
    assert (vector[:, :3].argmax(1) == label).all() and (vector[:, :3].sum(1) == 1).all()
    numbers = (vector[:, 4] * 10).round().astype(int)
    assert (vector[:, 3] == numbers % 2).all()
    rounded = load(str(captioned), label_by="round")
    assert rounded.classes == ("0", "1")
    assert (
        rounded.train.fields["label"].numpy() == rounded.train.fields["vector"].numpy()[:, 3]
    ).all()
    facts = dict(check(str(captioned)).facts)
    assert facts["attributes"] == "5" and facts["captions"].startswith(f"{len(data.words)} diff")
    with pytest.raises(InputError, match=r"must be whole numbers"):
        load(str(captioned), label_by="weight")
    with pytest.raises(InputError, match=r"unknown attribute of .*own 'colours'.*'colour'"):
        load(str(captioned), label_by="colours")


def test_values_that_several_attributes_have_are_told_apart(captioned: Path) -> None:
    lines = ["file,eyes,hair", *(f"p{n:02},{COLOURS[n % 2]},{COLOURS[n % 3]}" for n in range(12))]
    write(captioned / "attributes.csv", lines)
    names = load(str(captioned)).attributes
    assert names == {"eyes": ("eyes green", "eyes red"), "hair": ("blue", "hair green", "hair red")}


def test_what_is_missing_or_absent_is_named(captioned: Path) -> None:
    table = captioned / "captions.csv"
    head, *lines = table.read_text().splitlines()
    write(table, [head, *lines[:5]])
    with pytest.raises(InputError, match=r"no line for 7 of 12 files: p05.png.*p09.png and 2 more"):
        load(str(captioned))
    write(table, [head, *lines, *(f"gone{n}.png,a thing" for n in range(6))])
    with pytest.raises(InputError, match=r"names 6 files.*gone0.png, .*gone4.png and 1 more"):
        load(str(captioned))
    write(table, [head, *lines, lines[3]])
    with pytest.raises(InputError, match=r"several lines for p03.png"):
        load(str(captioned))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("p00.png,", "the caption of p00.png is empty"),
        ("p00.png,...", "the caption of p00.png is empty"),
        (f"p00.png,{'very ' * 10_000}large", "p00.png has 10,001 words; at most 256"),
        ("p00.png,red,and round", "3 values in line 2, not 2"),
        (f"p00.png,{'x' * 200_000}", "cannot be read as a table"),
    ],
)
def test_a_caption_that_is_none_is_one_sentence(captioned: Path, line: str, said: str) -> None:
    table = captioned / "captions.csv"
    head, _, *lines = table.read_text().splitlines()
    write(table, [head, line, *lines])
    with pytest.raises(InputError, match=said):
        load(str(captioned))


def test_numbers_for_some_pictures_only_are_refused(captioned: Path) -> None:
    lines = ["file,weight", *(f"p{n:02}.png,{n or 'heavy'}" for n in range(12))]
    write(captioned / "attributes.csv", lines)
    with pytest.raises(InputError, match=r"'weight'.*none for 1: p00.png"):
        load(str(captioned))


def test_the_flag_says_where_there_are_no_attributes(faces: Path, captioned: Path) -> None:
    np.save(captioned / "array.npy", np.zeros((30, 8, 8), np.uint8))
    for place in (faces, captioned, captioned / "array.npy"):
        told = CliRunner().invoke(app, ["data", "check", str(place), "--label-by", "hair"])
        assert told.exit_code == 2 and "has no attributes; leave out --label-by hair" in told.output
    assert load(str(faces)).classes == ("cat", "dog")


def test_broken_pictures_take_their_lines_along(captioned: Path) -> None:
    (captioned / "p04.png").write_bytes(b"no picture")
    data = load(str(captioned), skip_broken=True)
    assert len(said(data)) == 11 and "a green thing number 4" not in said(data)


def test_captions_are_of_the_folders_below_as_well(
    tmp_path: Path, picture: Callable[..., Path]
) -> None:
    names = [f"{kind}/{n}.png" for kind in ("cat", "dog") for n in range(6)]
    for seed, name in enumerate(names):
        picture(tmp_path / "own" / name, seed=seed)
    write(tmp_path / "own" / "captions.csv", ["file,text", *(f"{n},the {n[:3]}" for n in names)])
    data = load(str(tmp_path / "own"))
    tokens, label = (data.train.fields[name].numpy() for name in ("tokens", "label"))
    spelt = np.array(data.words)[tokens[:, 1]]
    assert data.classes == ("cat", "dog") and (spelt == np.array(data.classes)[label]).all()


def test_a_run_keeps_the_names_of_what_it_is_told(captioned: Path, tmp_path: Path) -> None:
    lines = ["image,colour", *(f"p{n:02}.png,{COLOURS[n % 3]}" for n in range(12))]
    write(captioned / "attributes.csv", lines)
    data = load(str(captioned))
    for told in ("tokens", "vector", "label"):
        recipe = recipe_named("cgan", {"condition": told})
        plan(recipe, data).write(tmp_path)
        kept = Manifest.read(tmp_path)
        assert kept.words == (data.words if told == "tokens" else ())
        assert kept.attributes == (data.attributes if told == "vector" else {})
