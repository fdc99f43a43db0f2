"""How data are read: what to do with broken and equal items, other shapes, stated ranges."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import check, load

Writer = Callable[..., Path]


def torn(path: Path) -> Path:
    """A picture whose header is sound and whose pixels end too soon."""
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 8), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-60])
    return path


def test_broken_pictures_are_skipped_by_name(faces: Path) -> None:
    whole = load(faces, held_out=0)
    torn(faces / "cat" / "torn.png")
    (faces / "dog" / "note.png").write_text("no picture")
    with pytest.raises(InputError, match="--skip-broken"):
        load(faces)
    found = load(faces, held_out=0, skip_broken=True)
    assert found.fingerprint == whole.fingerprint and found.names == whole.names
    (note,) = found.notes
    assert "2 broken items" in note and "cat/torn.png" in note and "dog/note.png" in note
    report = check(faces, skip_broken=True)
    assert report.ok and "torn.png" in dict(report.facts)["broken"] and not check(faces).ok


def test_nothing_but_broken_pictures_is_an_error(tmp_path: Path) -> None:
    torn(tmp_path / "torn.png")
    with pytest.raises(InputError, match=r"all 1 items of .* are broken: torn\.png"):
        load(tmp_path, skip_broken=True)


@pytest.mark.parametrize("broken", ["A", "B"])
def test_a_broken_picture_takes_its_partner_along(
    tmp_path: Path, picture: Writer, broken: str
) -> None:
    for number in range(4):
        for side in "AB":
            picture(tmp_path / side / f"{number}.png", seed=10 * number + ord(side))
    expected = load(tmp_path, held_out=0).train.fields
    torn(tmp_path / broken / "2.png")
    found = load(tmp_path, held_out=0, skip_broken=True)
    assert found.sources is None
    for name in ("sample", "source"):
        assert torch.equal(found.train.fields[name], expected[name][[0, 1, 3]])


def test_pairs_of_which_always_one_is_broken_are_an_error(tmp_path: Path, picture: Writer) -> None:
    for number in range(2):
        for side in "AB":
            picture(tmp_path / side / f"{number}.png", seed=number)
    torn(tmp_path / "A" / "0.png")
    torn(tmp_path / "B" / "1.png")
    with pytest.raises(InputError, match=r"all 2 items .* are broken.*its partner is broken"):
        load(tmp_path, skip_broken=True)


def test_without_pairs_a_broken_picture_is_lost_alone(tmp_path: Path, picture: Writer) -> None:
    for number in range(4):
        picture(tmp_path / "A" / f"a{number}.png", seed=number)
        picture(tmp_path / "B" / f"b{number}.png", seed=9 + number)
    torn(tmp_path / "A" / "a2.png")
    found = load(tmp_path, held_out=0, skip_broken=True)
    assert found.sources is not None and (found.count, len(found.sources)) == (4, 3)


def test_broken_rows_of_a_shard_are_skipped(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [torn(tmp_path / "x.png").read_bytes() if n == 3 else None for n in range(9)]
    for number in range(9):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(tmp_path / "x.png")
        rows[number] = rows[number] or (tmp_path / "x.png").read_bytes()
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    values = [{"bytes": data, "path": None} for data in rows]
    made = datasets.Dataset.from_dict({"image": values, "label": list(range(9))}, features=features)
    made.to_parquet(str(tmp_path / "x.parquet"))
    with pytest.raises(InputError, match="item 3"):
        load(tmp_path / "x.parquet")
    found = load(tmp_path / "x.parquet", held_out=0, skip_broken=True)
    assert found.train.fields["sample"][:, 0, 0, 0].tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
    assert found.classes == ("0", "1", "2", "4", "5", "6", "7", "8")
    assert "item 3" in found.notes[0]


def test_equal_items_are_named_and_left_out(faces: Path) -> None:
    once = load(faces, held_out=0)
    for number in range(5):
        shutil.copy(faces / "cat" / "00.png", faces / "cat" / f"copy{number}.png")
    (doubled,) = [w for w in check(faces, held_out=0).warnings if "exact duplicates" in w]
    assert "5 of 17 items" in doubled and "cat/copy0.png = cat/00.png" in doubled
    assert "cat/copy2.png = cat/00.png and 2 more" in doubled and "--dedupe" in doubled
    found = load(faces, held_out=0, dedupe=True)
    assert torch.equal(found.train.fields["sample"], once.train.fields["sample"])
    assert found.names == once.names and "5 exact duplicates are left out" in found.notes[0]
    assert found.fingerprint not in (once.fingerprint, load(faces, held_out=0).fingerprint)
    assert load(faces, held_out=0, dedupe=True).fingerprint == found.fingerprint


def test_equal_items_on_both_sides_of_a_given_split_are_left_out(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (30, 4, 4), np.uint8)
    held_out = np.arange(40) >= 30
    np.savez(tmp_path / "x.npz", sample=np.concatenate([grey, grey[:10]]), held_out=held_out)
    assert any("flatters" in w for w in check(tmp_path / "x.npz").warnings)
    found = load(tmp_path / "x.npz", dedupe=True)
    assert (len(found.train), len(found.held_out)) == (30, 0)


def test_equal_samples_of_unequal_sources_are_no_duplicates(
    tmp_path: Path, picture: Writer
) -> None:
    for number in range(4):
        picture(tmp_path / "A" / f"{number}.png", seed=number % 3)
        picture(tmp_path / "B" / f"{number}.png", seed=0)
    assert load(tmp_path, held_out=0, dedupe=True).count == 3


@pytest.mark.parametrize("form", ["files", "array"])
@pytest.mark.parametrize(
    ("fit", "expected"),
    [("crop", [[9, 9]] * 2), ("pad", [[255, 255], [1, 9]]), ("stretch", [[1, 9]] * 2)],
)
def test_pictures_are_cropped_padded_or_stretched(
    tmp_path: Path, form: str, fit: str, expected: list[list[int]]
) -> None:
    wide = np.full((8, 32), 9, np.uint8)
    wide[:, :8] = 1  # What a crop to 2:4 about the centre never sees.
    Image.fromarray(wide).save(tmp_path / "wide.png")
    np.save(tmp_path / "wide.npy", wide[None])
    address = tmp_path if form == "files" else tmp_path / "wide.npy"
    (sample,) = load(address, size=(8, 8), fit=fit, held_out=0).train.fields["sample"]
    # The corner at the top left, and the middle of the left edge; and what lies right of each.
    seen = [sample[0, 0, [0, 5]].tolist(), sample[0, 4, [0, 5]].tolist()]
    assert seen == expected


def test_padding_is_clear_where_there_is_opacity_and_goes_on_in_label_maps(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 8), (10, 20, 30, 255)).save(tmp_path / "tall.png")
    sample = load(tmp_path, size=8, fit="pad", held_out=0).train.fields["sample"][0]
    assert sample[:, 0, 0].tolist() == [255, 255, 255, 0]
    assert sample[:, 4, 4].tolist() == [10, 20, 30, 255]
    for side in "AB":
        (tmp_path / "maps" / side).mkdir(parents=True)
        Image.new("L", (4, 8), 7).save(tmp_path / "maps" / side / "x.png")
    (tmp_path / "maps" / "A" / "palette.txt").write_text("5 0 0 0 a\n7 1 1 1 b")
    found = load(tmp_path / "maps", size=8, fit="pad", held_out=0).train.fields
    assert (found["source"] == 1).all() and found["sample"][0, 0, 0, 0] == 255


def test_ways_to_fit_do_not_share_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparring.data.cache.MEMORY_LIMIT", 1)
    wide = np.tile(np.arange(32, dtype=np.uint8), (8, 1))
    Image.fromarray(wide).save(tmp_path / "wide.png")
    found = [load(tmp_path, size=8, fit=fit).fingerprint for fit in ("crop", "pad", "stretch")]
    assert len(set(found)) == 3


@pytest.mark.parametrize("values", [np.float32, np.int64, np.uint8])
def test_a_stated_range_is_obeyed(tmp_path: Path, values: type) -> None:
    made = np.array([[[0, 1], [2, 3]]] * 2).astype(values)
    np.save(tmp_path / "x.npy", made)
    found = load(tmp_path / "x.npy", range=(0, 4), held_out=0)
    assert found.train.fields["sample"][0].flatten().tolist() == [-1.0, -0.5, 0.0, 0.5]
    assert "from 0 to 4 as stated" in found.notes[0]
    with pytest.raises(InputError, match=r"from 0 to 3, outside the stated range 0\.\.2"):
        load(tmp_path / "x.npy", range=(0, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fit": "crpo"}, "did you mean 'crop'"),
        ({"range": (1, 1)}, "LOW..HIGH"),
        ({"range": (float("nan"), 1)}, "LOW..HIGH"),
    ],
)
def test_options_that_cannot_be(faces: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(faces, **options)
