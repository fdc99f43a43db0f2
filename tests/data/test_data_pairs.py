"""The user's own sources and samples: folders A and B, halves of a picture, label maps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import Dataset, check, load
from sparring.data.content import Content, Sources
from sparring.data.dataset import dataset
from sparring.data.split import digests, split, together
from sparring.domains.image.arrays import image
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.reals import data_of
from sparring.verbs.run import resume, train

Writer = Callable[..., Path]
PALETTE = "# index r g b name\n0 10 20 200 deep sea\n1 0 200 0 land\n2 250 250 250\n"


def drawn(path: Path) -> np.ndarray:
    with Image.open(path) as found:
        return np.asarray(found)


def save(values: np.ndarray, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def indexed(values: np.ndarray, path: Path) -> Path:
    """An indexed PNG whose own colours say nothing of its numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = Image.fromarray(values.astype(np.uint8))
    found.putpalette([7 * i % 256 for i in range(768)])
    found.save(path)
    return path


@pytest.fixture
def folders(tmp_path: Path, picture: Writer) -> Path:
    """Ten grey pictures in A; the same ten, negative, in B."""
    for index in range(10):
        made = picture(tmp_path / "ab" / "A" / f"{index}.png", seed=index)
        save(255 - drawn(made), tmp_path / "ab" / "B" / f"{index}.png")
    return tmp_path / "ab"


@pytest.fixture
def layouts(tmp_path: Path) -> Path:
    """Ten indexed label maps of 3 classes in A; in B their classes' numbers times 40, as red."""
    generator = np.random.default_rng(0)
    for index in range(10):
        classes = generator.integers(0, 3, (8, 8))
        classes[0, 0] = 2
        indexed(classes, tmp_path / "maps" / "A" / f"{index}.png")
        colours = np.stack([classes * 40, classes * 0, classes * 0], -1).astype(np.uint8)
        save(colours, tmp_path / "maps" / "B" / f"{index}.png")
    (tmp_path / "maps" / "palette.txt").write_text(PALETTE)
    return tmp_path / "maps"


def items(found: Dataset) -> dict[str, torch.Tensor]:
    """All items, trained on first."""
    stores = [s.take(torch.arange(len(s))) for s in (found.train, found.held_out)]  # type: ignore
    return {name: torch.cat([store[name] for store in stores]) for name in stores[0]}


def refusal(source: Path, **options: object) -> str:
    """The one sentence of `load`; `check` says the same and does not raise."""
    with pytest.raises(InputError) as caught:
        load(source, **options)  # type: ignore[arg-type]
    report = check(source, **options)  # type: ignore[arg-type]
    assert report.errors and not report.ok
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith((".", "?"))
    return sentence


def test_a_and_b_are_pairs_by_stem(folders: Path) -> None:
    found = load(folders)
    known = items(found)
    assert torch.equal(known["source"], 255 - known["sample"])
    assert found.count == 9 and len(found.held_out) == 1 and found.sources is None
    assert found.source_domain is not None and found.source_domain.build().shape == (1, 8, 8)
    assert not found.classes


def test_reverse_goes_from_b_to_a(folders: Path) -> None:
    there, back = (
        items(load(folders, held_out=0)),
        items(load(folders, held_out=0, pairs="reverse")),
    )
    assert torch.equal(there["sample"], back["source"])
    assert torch.equal(there["source"], back["sample"])
    assert load(folders).fingerprint != load(folders, pairs="reverse").fingerprint


def test_stems_match_whatever_the_format_and_the_side_in_the_name(folders: Path) -> None:
    (folders / "A" / "9.png").rename(folders / "A" / "10.png")
    (folders / "B" / "9.png").rename(folders / "B" / "10.png")
    for file in sorted((folders / "A").iterdir()):
        with Image.open(file) as found:
            found.save(file.with_suffix(".bmp"))
        file.unlink()
        # As names, 10_B comes before 1_B, and 1 before 10.
        (folders / "B" / file.name).rename(folders / "B" / f"{file.stem}_B.png")
    known = items(load(folders, pairs="stems"))
    assert torch.equal(known["source"], 255 - known["sample"])


@pytest.mark.parametrize("form", ["{split}{side}", "{side}/{split}"])
def test_the_folders_may_say_what_is_held_out(folders: Path, form: str) -> None:
    other = folders.parent / "split"
    for side in "AB":
        for number, split_name in enumerate(["train"] * 7 + ["test"] * 3):
            target = other / form.format(split=split_name, side=side) / f"{number}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folders / side / f"{number}.png", target)
    found = load(other)
    assert found.count == 7 and len(found.held_out) == 3
    known = items(found)
    assert torch.equal(known["source"], 255 - known["sample"])
    expected = drawn(folders / "B" / "7.png")
    assert np.array_equal(known["sample"][7, 0].numpy(), expected)


def test_the_same_stem_on_two_sides_of_the_split_is_no_pair(folders: Path) -> None:
    (folders / "A").rename(folders / "trainA")
    (folders / "B").rename(folders / "testB")
    sentence = refusal(folders, pairs="stems")
    assert "trainA/0.png" in sentence


def test_cyclegan_folders_are_unpaired_and_keep_their_split(
    tmp_path: Path, picture: Writer
) -> None:
    for name, count in {"trainA": 6, "trainB": 4, "testA": 2, "testB": 3}.items():
        for index in range(count):
            seed = 100 * "AB".index(name[-1]) + 10 * len(name) + index
            picture(tmp_path / "cycle" / name / f"{name}-{index}.png", seed=seed)
    found = load(tmp_path / "cycle")
    assert found.sources is not None and found.held_out_sources is not None
    assert (found.count, len(found.held_out)) == (4, 3)
    assert (len(found.sources), len(found.held_out_sources)) == (6, 2)
    assert "source" not in items(found)
    taken = found.feed(batch=4, seed=0, unpaired=True).items(0)
    assert taken["source"].shape == taken["sample"].shape == (4, 1, 8, 8)
    expected = {drawn(file).tobytes() for file in (tmp_path / "cycle" / "trainA").iterdir()}
    assert {one.numpy().tobytes() for one in taken["source"]} <= expected


def test_unpaired_sources_are_split_by_their_own_hashes(folders: Path) -> None:
    (folders / "A" / "9.png").unlink()
    found = load(folders, held_out=0.3)
    assert found.sources is not None and found.held_out_sources is not None
    assert (found.count, len(found.held_out)) == (7, 3)
    assert (len(found.sources), len(found.held_out_sources)) == (6, 3)
    assert any("only 9 file stems of 9 in A and 10 in B" in note for note in found.notes)
    assert load(folders, held_out=0.3).fingerprint == found.fingerprint
    assert load(folders, held_out=0.3, seed=1).fingerprint != found.fingerprint


def test_unpaired_may_be_asked_for_though_stems_match(folders: Path) -> None:
    found = load(folders, pairs="unpaired,reverse", held_out=0)
    assert found.sources is not None and not found.notes
    sources = found.sources.take(torch.arange(10))["source"]
    assert sorted(map(bytes, sources.numpy())) == sorted(
        drawn(file)[None].tobytes() for file in (folders / "B").iterdir()
    )


def test_none_makes_labels_of_a_and_b(folders: Path) -> None:
    found = load(folders, pairs="none")
    assert found.classes == ("A", "B") and found.source_domain is None


def test_other_folders_beside_a_and_b_are_labels_unless_pairs_are_asked_for(
    folders: Path, picture: Writer
) -> None:
    picture(folders / "C" / "0.png")
    assert load(folders).classes == ("A", "B", "C")
    found = load(folders, pairs="stems")
    assert found.source_domain is not None
    assert any("1 pictures that lie in neither A nor B" in note for note in found.notes)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_side_by_side_pictures_are_cut_in_the_middle(tmp_path: Path, mode: str) -> None:
    generator = np.random.default_rng(0)
    shape = (6, 6, 12) if mode == "L" else (6, 6, 12, 3)
    wide = generator.integers(0, 256, shape, np.uint8)
    for number, values in enumerate(wide):
        save(values, tmp_path / "pix" / ("val" if number > 3 else "train") / f"{number}.png")
    found = load(tmp_path / "pix", pairs="side-by-side")
    known = items(found)
    assert (found.count, len(found.held_out)) == (4, 2)
    first = wide[:, None] if mode == "L" else wide.transpose(0, 3, 1, 2)
    assert np.array_equal(known["source"].numpy(), first[..., :6])
    assert np.array_equal(known["sample"].numpy(), first[..., 6:])
    back = items(load(tmp_path / "pix", pairs="side-by-side,reverse"))
    assert torch.equal(back["sample"], known["source"])


def test_mixed_sizes_are_cut_alike_on_both_sides(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number, (height, width) in enumerate([(16, 16), (24, 16), (16, 40)]):
        noise = generator.integers(0, 256, (height, width), np.uint8)
        save(noise, tmp_path / "ab" / "A" / f"{number}.png")
        save(255 - noise, tmp_path / "ab" / "B" / f"{number}.png")
        save(np.hstack([noise, 255 - noise]), tmp_path / "halves" / f"{number}.png")
    assert "--size" in refusal(tmp_path / "ab")
    for folder, pairs in (("ab", None), ("halves", "side-by-side")):
        known = items(load(tmp_path / folder, size=(8, 8), pairs=pairs, held_out=0))
        assert known["sample"].shape == (3, 1, 8, 8)
        error = known["source"].int() - (255 - known["sample"].int())
        assert error.abs().max() <= 1


def test_indexed_label_maps_are_numbers_not_colours(layouts: Path) -> None:
    found = load(layouts)
    known = items(found)
    assert known["source"].max() == 2 and known["source"].shape == (10, 1, 8, 8)
    assert torch.equal(known["source"][:, 0] * 40, known["sample"][:, 0])
    assert found.source_domain is not None
    domain = found.source_domain.build()
    assert domain.shape == (3, 8, 8) and domain.palette[0] == (10, 20, 200)
    assert domain.names == ("deep sea", "land", "2")
    assert domain.encode(known["source"]).sum(1).eq(1).all()
    back = load(layouts, pairs="reverse")
    assert back.domain.build().shape == (3, 8, 8)


@pytest.mark.parametrize("write", [indexed, save])
def test_layouts_are_resized_to_values_they_have(
    layouts: Path, write: Callable[..., object]
) -> None:
    for file in (layouts / "A").iterdir():
        classes = np.where(np.arange(16)[:, None] < 8, 0, 2) * np.ones((16, 24), int)
        write(classes.astype(np.uint8), file)
        save(np.zeros((16, 24, 3), np.uint8), layouts / "B" / file.name)
    found = items(load(layouts, size=(5, 5), held_out=0))["source"]
    assert found.unique().tolist() == [0, 2]
    assert found[0, 0, 0].eq(0).all() and found[0, 0, -1].eq(2).all()


@pytest.mark.parametrize("ending", ["csv", "json", "objects"])
def test_palettes_may_be_csv_or_json_and_number_as_they_like(layouts: Path, ending: str) -> None:
    (layouts / "palette.txt").unlink()
    rows = [[200, 1, 2, 3, "c"], [0, 4, 5, 6, "a"], [90, 7, 8, 9, "b, or so"]]
    if ending == "csv":
        lines = ["index,r,g,b,name", "200,1,2,3,c", "0,4,5,6,a", '90,7,8,9,"b, or so"']
        (layouts / "palette.csv").write_text("\n".join(lines))
    else:
        keys = ("index", "r", "g", "b", "name")
        listed = rows if ending == "json" else [dict(zip(keys, row, strict=True)) for row in rows]
        (layouts / "palette.json").write_text(json.dumps(listed))
    first = {}
    for file in (layouts / "A").iterdir():
        first[file.name] = drawn(file)
        save(np.array([0, 90, 200], np.uint8)[drawn(file)], file)  # Grey, not indexed.
    found = load(layouts, held_out=0)
    known = items(found)["source"]
    assert np.array_equal(known[3, 0].numpy(), first["3.png"])
    assert found.source_domain is not None
    domain = found.source_domain.build()
    assert domain.names == ("a", "b, or so", "c") and domain.palette[2] == (1, 2, 3)
    domain.write(known[3], layouts.parent / "again.png")
    assert np.array_equal(domain.numbered(drawn(layouts.parent / "again.png")), first["3.png"])


def test_a_palette_within_b_makes_layouts_of_b(layouts: Path) -> None:
    (layouts / "A").rename(layouts / "C")
    (layouts / "B").rename(layouts / "A")
    (layouts / "C").rename(layouts / "B")
    beside = load(layouts)
    (layouts / "palette.txt").rename(layouts / "B" / "palette.txt")
    within = load(layouts)
    assert within.domain.build().shape == (3, 8, 8)
    assert within.fingerprint == beside.fingerprint


def test_items_with_equal_sources_stay_on_one_side() -> None:
    generator = np.random.default_rng(0)
    sources = generator.integers(0, 256, (30, 1, 4, 4), np.uint8)
    content = Content(
        sample=generator.integers(0, 256, (90, 1, 4, 4), np.uint8),
        domain=image(sources),
        source=sources[np.arange(90) % 30],
        source_domain=image(sources),
    )
    found = dataset(content, name="x", address="x", held_out=0.1, seed=0)
    sides = [
        set(digests(store.take(torch.arange(len(store)))["source"].numpy()).tolist())  # type: ignore
        for store in (found.train, found.held_out)
    ]
    assert len(found.held_out) == 9 and not sides[0] & sides[1]


def test_together_follows_chains_of_equal_hashes() -> None:
    hashes = np.array([1, 1, 2, 3, 4], np.uint64)
    others = np.array([9, 8, 8, 7, 6], np.uint64)
    found = together(hashes, others)
    assert found[0] == found[1] == found[2] and len(set(found.tolist())) == 3


@pytest.mark.parametrize("seed", range(5))
def test_what_most_items_share_is_trained_on(seed: int) -> None:
    hashes = np.array([5] * 8 + [1, 2], np.uint64)
    assert not split(hashes, 0.1, seed)[:8].any() and split(hashes, 0.1, seed).sum() == 1


def test_the_fingerprint_covers_sources() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (4, 1, 4, 4), np.uint8)
    made = [
        Content(domain=image(grey), sample=grey),
        Content(domain=image(grey), sample=grey, source=grey),
        Content(domain=image(grey), sample=grey, source=255 - grey),
        Content(domain=image(grey), sample=grey, sources=Sources(grey)),
        Content(domain=image(grey), sample=grey, sources=Sources(255 - grey)),
        Content(domain=image(grey), sample=grey, sources=Sources(grey, np.arange(4) < 2)),
    ]
    found = [dataset(one, name="x", address="x", held_out=0.0, seed=0) for one in made]
    assert len({one.fingerprint for one in found}) == len(made)


def test_check_reports_pairs(folders: Path) -> None:
    shutil.copy(folders / "A" / "0.png", folders / "A" / "1.png")
    known = dict(check(folders, held_out=0).facts)
    assert known["sources"] == "10 to train on, 0 held out, 1 x 8 x 8, paired"
    assert known["equal sources"] == "1 to train on repeat another"


def test_check_finds_sources_on_both_sides_of_a_given_split(folders: Path) -> None:
    for side in "AB":
        (folders / side).rename(folders / f"train{side}")
        (folders / f"test{side}").mkdir()
    shutil.copy(folders / "trainA" / "3.png", folders / "testA" / "z.png")
    save(np.zeros((8, 8), np.uint8), folders / "testB" / "z.png")
    warnings = check(folders).warnings
    assert any("1 of 1 held-out sources are also trained on" in warning for warning in warnings)
    assert not any("held-out items" in warning for warning in warnings)


def test_check_reports_unpaired_sources_and_the_balance_of_classes(layouts: Path) -> None:
    (layouts / "palette.txt").write_text(PALETTE + "3 1 1 1 nowhere\n")
    report = check(layouts, pairs="unpaired", held_out=0)
    known = dict(report.facts)
    assert known["sources"].endswith("4 x 8 x 8, unpaired")
    shares = [float(part.split()[-2]) for part in known["classes of sources"].split(", ")]
    assert sum(shares) == pytest.approx(100, abs=0.2) and shares == sorted(shares, reverse=True)
    assert any("shows nowhere" in warning for warning in report.warnings)


def test_unmatched_stems_are_named_up_to_five(folders: Path) -> None:
    for number in range(7):
        (folders / "B" / f"{number}.png").unlink()
    sentence = refusal(folders, pairs="stems")
    assert "10 pictures in A and 3 in B" in sentence
    assert "A/0.png, A/1.png, A/2.png, A/3.png, A/4.png and 2 more have" in sentence


def test_two_pictures_of_one_stem_are_no_pairs(folders: Path) -> None:
    shutil.copy(folders / "A" / "0.png", folders / "A" / "0_A.png")
    assert "A/0_A.png has no partner" in refusal(folders, pairs="stems")


@pytest.mark.parametrize("side", ["A", "B"])
def test_an_empty_side(folders: Path, side: str) -> None:
    shutil.rmtree(folders / side)
    (folders / side).mkdir()
    assert f"no picture in {folders / side}" in refusal(folders)


def test_a_missing_side(folders: Path) -> None:
    shutil.rmtree(folders / "B")
    assert "has no sub-folder B" in refusal(folders, pairs="stems")


def test_sizes_that_differ_within_a_pair(folders: Path, picture: Writer) -> None:
    for number in range(6):
        picture(folders / "B" / f"{number}.png", (9, 8))
    for size in (None, (8, 8)):
        sentence = refusal(folders, size=size)
        assert "A/0.png (8 x 8, not 9 x 8)" in sentence and "and 1 more have" in sentence


def test_unpaired_sides_of_two_sizes_need_a_choice(folders: Path, picture: Writer) -> None:
    for number in range(10):
        picture(folders / "B" / f"{number}.png", (16, 16))
    assert "--size" in refusal(folders, pairs="unpaired")
    assert load(folders, pairs="unpaired", size=8).source_domain is not None


def test_label_maps_outside_their_palette(layouts: Path) -> None:
    indexed(np.full((8, 8), 7), layouts / "A" / "4.png")
    sentence = refusal(layouts)
    assert "A/4.png (the value 7 is outside the palette of 3 classes)" in sentence


def test_a_palette_without_label_maps(layouts: Path) -> None:
    shutil.rmtree(layouts / "A")
    shutil.copytree(layouts / "B", layouts / "A")
    assert "neither A nor B holds indexed or grey" in refusal(layouts)
    (layouts / "palette.txt").rename(layouts / "A" / "palette.txt")
    assert "neither indexed nor grey" in refusal(layouts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 1 2\n1 1 1 1\n", "each class is index, red, green, blue"),
        ("0 1 2 x sea\n1 1 1 1\n", "'0 1 2 x sea'"),
        ("0 1 2 300\n1 1 1 1\n", "'0 1 2 300', which is no class (Expected `int` <= 255"),
        ("0 1 2 3\n0 1 1 1\n", "1 of them differently"),
        ("0 1 2 3\n", "2 to 256"),
    ],
)
def test_a_palette_that_says_something_else(layouts: Path, text: str, said: str) -> None:
    (layouts / "palette.txt").write_text(text)
    assert said in refusal(layouts)


def test_a_broken_json_palette_and_two_palettes(layouts: Path) -> None:
    (layouts / "palette.json").write_text("{")
    assert "two palettes" in refusal(layouts)
    (layouts / "palette.txt").unlink()
    assert "cannot be read" in refusal(layouts)


def test_halves_need_an_even_width_and_no_palette(tmp_path: Path, picture: Writer) -> None:
    picture(tmp_path / "pix" / "a.png", (4, 7))
    assert "a.png (its width is odd" in refusal(tmp_path / "pix", pairs="side-by-side")
    (tmp_path / "pix" / "palette.txt").write_text(PALETTE)
    assert "cannot be half of a picture" in refusal(tmp_path / "pix", pairs="side-by-side")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("stem", "did you mean 'stems'"),
        ("stems,unpaired", "contradicts itself"),
        ("none,reverse", "contradicts itself"),
    ],
)
def test_words_that_mean_nothing(folders: Path, words: str, said: str) -> None:
    assert said in refusal(folders, pairs=words)


def test_pairs_are_for_folders_only(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 4, 4), np.uint8))
    assert "is none" in refusal(tmp_path / "x.npy", pairs="reverse")
    with pytest.raises(InputError, match="classes-satellite"):
        load("digits", pairs="stems")
    with pytest.raises(InputError, match="no file or folder"):
        load("./gone", pairs="stems")


def test_a_run_remembers_how_its_pairs_are_read(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(6):
        wide = generator.integers(0, 256, (16, 32, 3), np.uint8)
        wide[:, 16:] = 255 - wide[:, :16] // 2
        save(wide, tmp_path / "pix" / f"{number}.png")
    words, source = "side-by-side,reverse", str(tmp_path / "pix")
    settings = {"generator.width": 4, "discriminator.width": 4}
    recipe = recipe_named("pix2pix").replace(batch=2).override(settings)
    every = Intervals(log=0, sample=0, checkpoint=1)
    train(recipe, source, tmp_path / "run", steps=1, pairs=words, intervals=every, quiet=True)
    model = resume(tmp_path / "run", steps=2, quiet=True)
    expected = load(source, pairs=words)
    assert model.manifest.data["fingerprint"] == expected.fingerprint
    for given in (None, source):
        found = data_of(model, given)
        assert torch.equal(items(found)["source"], items(expected)["source"])
