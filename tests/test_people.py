"""Pictures of several inputs: stacked sources, attention, and the recipes that redraw people."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Condition, Spec
from sparring.data import load
from sparring.domains.image.stack import Stack
from sparring.networks.attending import Generator
from sparring.recipes import recipe_named
from sparring.tasks.dress import Dress
from sparring.tasks.views import Views
from sparring.verbs.evaluate import evaluate
from sparring.verbs.run import train

Call = Callable[..., tuple[int, str, str]]
SIDE, SQUARE = 16, 5
PALETTE = "0 255 255 255 ground\n1 200 50 60 body\n"
NOTHING = torch.zeros(2, 0)


def save(values: np.ndarray, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def square(colour: tuple[int, int, int], left: int, top: int) -> tuple[np.ndarray, np.ndarray]:
    """A square of a colour on white, and where it lies."""
    picture, place = np.full((SIDE, SIDE, 3), 255, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = slice(top, top + SQUARE), slice(left, left + SQUARE)
    picture[rows, columns], place[rows, columns] = colour, 1
    return picture, place


def colour_of(number: int) -> tuple[int, int, int]:
    red, green, blue = np.random.default_rng(number).integers(0, 200, 3).tolist()
    return red, green, blue


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A: a square in the corner; A2: where it shall be; B: it there. Each of its own colour."""
    path = tmp_path_factory.mktemp("squares")
    places = np.random.default_rng(0).integers(0, SIDE - SQUARE + 1, (160, 2)).tolist()
    for number, place in enumerate(places):
        side = "train" if number < 120 else "test"
        moved, pose = square(colour_of(number), *place)
        for top, values in (("A", square(colour_of(number), 1, 1)[0]), ("A2", pose), ("B", moved)):
            save(values, path / f"{side}{top}" / f"{number}.png")
        (path / f"{side}A2" / "palette.txt").write_text(PALETTE)
    return path


@pytest.fixture(scope="module")
def moving(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learnt to move them."""
    path = tmp_path_factory.mktemp("runs") / "repose"
    recipe = recipe_named("repose", {"width": 8, "adversarial": 0.0, "lr": 4e-3})
    train(recipe, squares, path, steps=400, quiet=True)
    return path


def test_a_shifted_square_follows_its_pose_map(moving: Path, squares: Path) -> None:
    """Its place and its colour are others than any that were trained on."""
    data = load(squares)
    items = data.held_out.take(torch.arange(len(data.held_out)))
    true = data.domain.build().encode(items["sample"])
    made = Model.load(moving).translate(items["source"])
    corner, inside = items["source"][:, :3], items["source"][:, 3:].bool().expand_as(true)
    copied = data.domain.build().encode(corner)
    assert (made - true).abs().mean() < 0.3 * (copied - true).abs().mean()
    typical = data.domain.build().encode(data.train.take(torch.arange(120))["sample"])
    typical = typical[typical < 1].mean()
    assert (made - true)[inside].abs().mean() < 0.6 * (typical - true)[inside].abs().mean()


def test_scores_read_the_pose_back_and_stand_beside_copying(
    moving: Path, squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparring.domains.layout.segmenter.STEPS", 60)
    found = evaluate(moving, squares, extractor="pixels").to_json()
    beside = found["others"]
    assert set(beside) == {"truth", "identity"}
    assert found["scores"]["miou"]["value"] > beside["identity"]["scores"]["miou"]["value"]
    assert found["scores"]["l1"]["value"] < beside["identity"]["scores"]["l1"]["value"]


def test_a_picture_with_a_folder_of_poses_becomes_an_animation(
    moving: Path, squares: Path, tmp_path: Path, sparring: Call
) -> None:
    person, poses = squares / "testA" / "120.png", tmp_path / "poses"
    for left in range(4):
        save(square((0, 0, 0), 2 * left, 8)[1], poses / f"{left}.png")
    (poses / "palette.txt").write_text(PALETTE)  # as beside maps that are trained on
    code, out, _ = sparring("translate", moving, person, "--with", poses, "-o", tmp_path / "w.gif")
    assert (code, out) == (0, f"1 written to {tmp_path / 'w.gif'}\n")
    with Image.open(tmp_path / "w.gif") as animation:
        assert animation.n_frames == 4  # type: ignore[attr-defined]
    code, _, _ = sparring(
        "translate", moving, person, "--with", poses, "--out", tmp_path / "frames"
    )
    assert code == 0
    centres = [_centre(tmp_path / "frames" / f"{left}.png") for left in range(4)]
    assert centres == sorted(centres)
    assert centres[-1] - centres[0] > 4
    sparring("translate", moving, person, "--with", poses / "2.png", "-o", tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "frames" / "2.png").read_bytes()


def _centre(path: Path) -> float:
    with Image.open(path) as picture:
        dark = 255 - np.asarray(picture.convert("L")).astype(float)
    return float((dark.sum(0) * np.arange(SIDE)).sum() / dark.sum())


def test_what_does_not_belong_together_is_refused_and_nothing_written(
    moving: Path, squares: Path, tmp_path: Path, sparring: Call
) -> None:
    person, pose = squares / "testA" / "120.png", squares / "testA2" / "120.png"
    values = np.asarray(Image.open(pose))
    large = save(np.kron(values, np.ones((2, 2), np.uint8)), tmp_path / "large.png")
    other = save(values * 7, tmp_path / "skeleton.png")
    (tmp_path / "empty").mkdir()
    asked: dict[str, tuple[object, ...]] = {
        "large.png .A2. is 32 x 32 and A is 16 x 16": ("--with", large),
        "the value 7 is outside the palette of 2 classes": ("--with", other),
        "must be an indexed or grey picture": ("--with", person),
        "wants A2 beside A, not 0 files": (),
        "wants A2 beside A, not 2 files": ("--with", pose, "--with", pose),
        "empty holds no file": ("--with", tmp_path / "empty"),
        "nowhere.png": ("--with", tmp_path / "nowhere.png"),
    }
    before = sorted(tmp_path.rglob("*"))
    for words, flags in asked.items():
        out = tmp_path / ("out.gif" if "empty" in words else "out.png")
        code, _, error = sparring("translate", moving, person, *flags, "-o", out)
        assert code == 2
        assert error.startswith("sparring: ")
        assert error.count("\n") == 1
        assert re.search(words, error), error
    assert sorted(tmp_path.rglob("*")) == before


def test_further_sources_must_have_partners_of_one_size(squares: Path, tmp_path: Path) -> None:
    for number in range(3):
        for top in ("A", "A2", "B"):
            save(square((9, 9, 9), number, 2)[0], tmp_path / top / f"{number}.png")
    found = load(tmp_path).source_domain
    assert found is not None
    assert found.build().shape == (6, SIDE, SIDE)
    with pytest.raises(InputError, match="A2 beside A: such sources are read in pairs only"):
        load(tmp_path, pairs="reverse")
    save(np.zeros((8, 8, 3), np.uint8), tmp_path / "A2" / "1.png")
    with pytest.raises(InputError, match=r"A2/1\.png is 8 x 8 and its partner in A 16 x 16"):
        load(tmp_path)
    (tmp_path / "A2" / "1.png").unlink()
    with pytest.raises(InputError, match=r"3 pictures in A and 2 in A2.*; 1 has none"):
        load(tmp_path)


def test_a_stack_is_its_parts() -> None:
    parts = (
        Part("sparring.domains.image.domain:Image", shape=(3, 4, 5)),
        Part("sparring.domains.layout.domain:Layout", shape=(2, 4, 5)),
    )
    stack = Part(Stack, parts=parts, channels=(3, 1), names=("person", "pose")).build()
    stored = torch.randint(0, 2, (6, 4, 4, 5), dtype=torch.uint8)
    encoded = stack.encode(stored)
    assert encoded.shape == (6, *stack.shape)
    assert torch.equal(encoded[:, 3:].argmax(1, keepdim=True), stored[:, 3:].long())
    assert torch.equal(stack.decode(encoded), stored)
    with pytest.raises(InputError, match="1 numbers of channels"):
        Part(Stack, parts=parts, channels=(3,), names=("person", "pose")).build()


def views_of(count: int) -> torch.Tensor:
    torch.manual_seed(count)
    return torch.rand(2, 3 * count, 32, 32) * 2 - 1


def test_views_have_no_order_and_a_missing_one_does_not_count() -> None:
    network = Generator(Spec((3, 32, 32), 0, map=(9, 32, 32)), width=4, views=3)
    alone = Generator(Spec((3, 32, 32), 0, map=(3, 32, 32)), width=4)
    alone.load_state_dict(network.state_dict())
    views = views_of(3)
    turned = views.unflatten(1, (3, 3)).flip(1).flatten(1, 2)
    made = network(NOTHING, Condition(map=views))
    assert torch.allclose(network(NOTHING, Condition(map=turned)), made, atol=1e-5)
    one = torch.cat([views[:, :3], torch.zeros(2, 6, 32, 32)], 1)
    assert not torch.allclose(network(NOTHING, Condition(map=one)), made, atol=1e-3)
    single = alone(NOTHING, Condition(map=views[:, :3]))
    assert torch.allclose(network(NOTHING, Condition(map=one)), single, atol=1e-5)


def test_both_ways_to_attend_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Generator(Spec((3, 32, 32), 0, map=(6, 32, 32)), width=4, views=2)
    views = torch.cat([views_of(1), torch.zeros(2, 3, 32, 32)], 1)
    made = network(NOTHING, Condition(map=views))
    monkeypatch.setattr("sparring.networks.attending.FEW", 0)
    assert torch.allclose(network(NOTHING, Condition(map=views)), made, atol=1e-5)


def test_a_map_that_does_not_fall_into_the_views_is_refused() -> None:
    with pytest.raises(InputError, match="7 channels do not fall into 2 equal views"):
        Generator(Spec((3, 32, 32), 0, map=(7, 32, 32)), views=2)
    with pytest.raises(InputError, match="give --views as many"):
        Views(views=3).map_shape((3, 8, 8), (3, 8, 8))


def test_training_leaves_out_all_views_but_the_first_few() -> None:
    torch.manual_seed(0)
    items = {"sample": torch.ones(64, 3, 4, 4), "source": torch.ones(64, 9, 4, 4)}
    shown = Views(views=3, flip=False).prepare(items).condition.map
    assert shown is not None
    there = shown.unflatten(1, (3, 3)).amax((2, 3, 4))
    assert there[:, 0].all()
    assert (there[:, 1] >= there[:, 2]).all()
    assert 0.4 < there[:, 1].mean() < 0.9
    assert there[:, 2].any()


def test_pasted_clothes_are_the_others_where_her_parts_are_worn() -> None:
    wearer, other = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    parts = torch.zeros(1, 6, 2, 2)
    parts[:, 4, 0, 0] = 1  # the chest, which is worn
    parts[:, 5, 1, 1] = 1  # the head, which is not
    source = torch.cat([wearer, torch.zeros(1, 6, 2, 2), parts, other], 1)
    judging = Part("sparring.domains.image.domain:Image", shape=(3, 2, 2)).build().judging("x")
    space = Part(
        Stack,
        parts=(Part("sparring.domains.image.domain:Image", shape=(3, 2, 2)),) * 2,
        channels=(3, 3),
        names=("a", "b"),
    ).build()
    found = Dress().baselines(judging, space, lambda: other)
    assert set(found) == {"identity", "paste"}
    pasted = found["paste"](source, (3, 2, 2))
    assert pasted[0, 0].tolist() == [[1, 0], [0, 0]]
