"""Large folders: a sample tells the form, every file is opened once, and nothing is missed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import cache, check, content, load
from sparring.data.dataset import Dataset
from sparring.domains.image import folder as folders
from sparring.domains.image import raster

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes 40 grey pictures of 6 px, some of them otherwise; only 10 are looked at: 0, 4, 8..."""
    monkeypatch.setattr(content, "LOOKED", 10)
    monkeypatch.setattr(folders, "LOOKED", 10)

    def made(**others: Image.Image) -> Path:
        for number in range(40):
            noise = np.random.default_rng(number).integers(0, 256, (6, 6), np.uint8)
            picture = others.get(f"p{number:02}", Image.fromarray(noise))
            (tmp_path / "photos").mkdir(exist_ok=True)
            picture.save(tmp_path / "photos" / f"p{number:02}.png")
        return tmp_path / "photos"

    return made


def surveyed_in_full(path: Path, monkeypatch: pytest.MonkeyPatch, **options: object) -> Dataset:
    with monkeypatch.context() as patch:
        patch.setattr(folders, "LOOKED", 1000)
        return load(path, **options)  # type: ignore[arg-type]


def noise(mode: str, size: tuple[int, int] = (6, 6)) -> Image.Image:
    shape = (size[1], size[0], len(mode))
    values = np.random.default_rng(7).integers(0, 256, shape, np.uint8)
    return Image.fromarray(values[..., 0] if mode == "L" else values)


def test_each_file_is_opened_once_but_those_of_the_sample(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, path = [], make()

    def seen(file: Path | bytes) -> Image.Image:
        opened.append(file)
        return original(file)

    original = raster.opened
    monkeypatch.setattr(raster, "opened", seen)
    found = load(path)
    assert len(opened) == 50 and len(set(opened)) == 40
    assert found.notes == (), "all were looked at in the end"
    assert found.fingerprint == surveyed_in_full(path, monkeypatch).fingerprint


@pytest.mark.parametrize(
    ("other", "size"),
    [(noise("RGB"), 6), (noise("RGBA"), 5), (noise("L", (9, 7)), 6)],
    ids=["colour", "opacity", "size"],
)
def test_what_the_sample_does_not_show_counts_all_the_same(
    other: Image.Image, size: int, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(p05=other)
    found, full = load(path, size=size), surveyed_in_full(path, monkeypatch, size=size)
    assert found.fingerprint == full.fingerprint
    assert found.notes == full.notes
    assert found.domain == full.domain


@pytest.mark.parametrize(
    ("other", "words"),
    [(noise("L", (9, 7)), "2 sizes"), (noise("RGB"), r"mixed modes \(39 grey, 1 colour\)")],
)
def test_what_a_survey_of_all_refuses_is_refused(
    other: Image.Image, words: str, make: Make
) -> None:
    with pytest.raises(InputError, match=words):
        load(make(p05=other))


def test_check_says_how_many_it_looked_at_and_still_names_all_that_are_broken(make: Make) -> None:
    path = make()
    found = check(path)
    assert found.ok and ("looked at", "10 of 40") in found.facts
    assert any("36 items to train on 10 were looked at one by one" in note for note in found.notes)
    for number in (1, 2, 4, 5, 6):
        (path / f"p{number:02}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (path / "p04.png").unlink()
    errors = check(path).errors
    assert [error.partition(" ")[0] for error in errors] == [f"p0{n}.png" for n in (1, 2, 5, 6)]


def test_a_form_kept_for_another_question_is_not_taken(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoded to a size, the odd one too, and kept; without the size it is refused as before."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 10)
    path = make(p05=noise("L", (9, 7)))
    first, again = load(path, size=6), load(path, size=6)
    assert first.fingerprint == again.fingerprint
    assert again.notes == ("of 40 pictures 10 were looked at.",)
    with pytest.raises(InputError, match="2 sizes"):
        load(path)


def test_duplicates_are_counted_in_all_and_blanks_in_those_looked_at(make: Make) -> None:
    blank = Image.new("L", (6, 6), 9)
    found = check(make(p01=blank, p02=blank, p03=blank))
    assert any("are exact duplicates" in words for words in found.warnings)
    assert not found.errors
