"""Attributes that are asked for: a tiny seeded training, and what can be asked wrongly."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

import sparring
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.types import Batch, Condition, Round, Turn, Verdict
from sparring.losses import attributes, conditions
from sparring.recipes.unpaired import stargan
from sparring.tasks.alter import Alter
from sparring.training.budget import Intervals
from sparring.verbs.run import resume
from sparring.verbs.strips import rows

Weights = Callable[[Path], dict[str, bytes]]
SIDE = 16
COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 220)}


def squares(folder: Path, count: int = 96) -> Path:
    """Squares of one of two colours somewhere on white, in half of the pictures below a bar."""
    folder.mkdir()
    random = torch.Generator().manual_seed(0)
    lines = ["file,colour,bar"]
    for number in range(count):
        colour, bar = list(COLOURS)[number % 2], number // 2 % 2
        top, left = torch.randint(4, 10, (2,), generator=random).tolist()
        picture = Image.new("RGB", (SIDE, SIDE), "white")
        picture.paste(COLOURS[colour], (left, top, left + 6, top + 6))
        if bar:
            picture.paste((20, 20, 20), (0, 0, SIDE, 3))
        picture.save(folder / f"{number:03d}.png")
        lines.append(f"{number:03d}.png,{colour},{bar}")
    (folder / "attributes.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("stargan")
    recipe = stargan(width=8, discriminator_width=16, told=32, batch=8, flip=False, lr=2e-3)
    data = squares(folder / "squares")
    return sparring.train(recipe, data, folder / "run", steps=350, quiet=True)


def colour(pictures: Tensor) -> Tensor:
    """How much more red than blue there is, (N,)."""
    return (pictures[:, 0] - pictures[:, 2]).mean((1, 2))


def held(model: Model) -> Tensor:
    data = sparring.load_data(model.manifest.data["address"])
    return model.domain.encode(data.held_out.take(torch.arange(len(data.held_out)))["sample"])


def test_an_attribute_flips_and_flips_back(model: Model) -> None:
    real = held(model)
    red = real[colour(real) > 0]
    blue = model.translate(red, to=["blue"])
    again = model.translate(blue, to=["red"])
    assert bool((colour(blue) < -0.05).all())
    assert (again - red).abs().mean() < 0.6 * (blue - red).abs().mean()
    kept = model.translate(red, to=["red"])
    assert (kept - red).abs().mean() < 0.5 * (blue - red).abs().mean()


def test_what_is_on_is_asked_away(model: Model) -> None:
    assert model.asked(["bar", "blue"]) == [1.0, -1.0, 1.0], "blue, red, bar"
    assert model.asked(["no bar"]) == [0.0, 0.0, -1.0]
    assert model.asked("red") == [-1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("green", "unknown value of an attribute 'green'"),
        ("red,blue", "contradicts another value of the attribute 'colour'"),
        ("bar,no bar", "contradicts another value of the attribute 'bar'"),
        ("", "say what shall change"),
    ],
)
def test_what_cannot_be_asked_for_writes_nothing(
    model: Model, to: str, said: str, tmp_path: Path, sparring: Callable[..., Any]
) -> None:
    run = Path(model.manifest.data["address"]).parent / "run"
    out = tmp_path / "out.png"
    code, _, error = sparring(
        "translate", run, run.parent / "squares" / "000.png", "--out", out, "--to", to
    )
    assert code == 2 and said in error
    assert not out.exists()
    with pytest.raises(InputError, match=re.escape(said.split("'")[0])):
        model.translate(torch.zeros(1, 3, SIDE, SIDE), to=to.split(",") if to else [])


def test_a_file_is_changed_as_it_is_asked(
    model: Model, tmp_path: Path, sparring: Callable[..., Any]
) -> None:
    run = Path(model.manifest.data["address"]).parent / "run"
    source, out = run.parent / "squares" / "000.png", tmp_path / "blue.png"
    assert sparring("translate", run, source, "--out", out, "--to", "blue")[0] == 0
    with Image.open(source) as given, Image.open(out) as made:
        assert made.size == given.size
        before, after = (torch.tensor(p.resize((1, 1)).getpixel((0, 0))) for p in (given, made))
    assert before[0] > before[2] and after[0] < after[2]


def test_a_strip_shows_each_attribute_changed(model: Model) -> None:
    real = held(model)
    batch = Batch(real, Condition(map=real, vector=torch.zeros(len(real), 3)))
    shown = rows(model, batch)
    assert [row.name for row in shown] == ["given", "red", "bar"]
    assert torch.equal(shown[1].samples, model.translate(real, to=["red"]))


def test_numbers_that_are_neither_on_nor_off_are_refused(tmp_path: Path) -> None:
    data = squares(tmp_path / "squares", 40)
    table = data / "attributes.csv"
    table.write_text(table.read_text().replace(",0\n", ",0.5\n"))
    with pytest.raises(InputError, match=r"'bar' of .* has other numbers than 0 and 1"):
        sparring.train(stargan(), data, tmp_path / "run", steps=1, quiet=True)
    table.unlink()
    with pytest.raises(InputError, match=r"changes attributes, and .* has none"):
        sparring.train(stargan(), data, tmp_path / "run", steps=1, quiet=True)
    assert not (tmp_path / "run").exists()


def test_runs_resume_bit_for_bit(tmp_path: Path, weights: Weights) -> None:
    data = squares(tmp_path / "squares", 24)
    recipe = stargan(width=4, discriminator_width=4, told=4, batch=2).lasting(18)
    options: dict[str, Any] = {"intervals": Intervals(log=1, sample=0, checkpoint=3)}
    options |= {"quiet": True, "seed": 5}
    sparring.train(recipe, data, tmp_path / "whole", steps=9, **options)
    sparring.train(recipe, data, tmp_path / "parts", steps=5, **options)
    resume(tmp_path / "parts", steps=9, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_another_ones_values_are_asked_for_and_what_is_unknown_never() -> None:
    task = Alter(groups=(2, 1), most=1.0, flip=False)
    vector = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 1]]).repeat(50, 1)
    assert task.signed(vector)[:3].tolist() == [[1, -1, 1], [-1, 1, -1], [0, 0, 1]]
    torch.manual_seed(0)
    batch = task.prepare({"sample": torch.zeros(150, 3, 4, 4), "vector": vector})
    asked = batch.condition.vector
    assert asked is not None and batch.own is not None and batch.wanted is not None
    assert torch.equal(batch.wanted.vector, torch.where(asked == 0, batch.own.vector, asked))  # type: ignore[arg-type]
    assert torch.equal(batch.own.vector, task.signed(vector))  # type: ignore[arg-type]
    assert {tuple(row) for row in asked[:, :2].tolist()} == {(0, 0), (1, -1), (-1, 1)}
    assert set(asked[:, 2].tolist()) == {-1, 0, 1}


def played(asked: Tensor, own: Tensor, fake: Tensor, named: Tensor) -> Round:
    real = torch.zeros_like(fake)
    verdict = Verdict(torch.zeros(len(fake), 1), (), named)
    return Round(
        Turn(0, 0, torch.zeros(len(fake), 0), lambda value: value),
        real,
        fake,
        Condition(vector=torch.where(asked == 0, own, asked)),
        verdict,
        verdict,
        lambda *_: verdict,
        own=Condition(vector=own),
        networks={"generator": lambda _, told: told.map + told.vector.sum()},
        asked=Condition(vector=asked, map=real),
    )


def test_terms_in_closed_form() -> None:
    asked, own = torch.tensor([[1.0, -1, 0], [0, 0, 0]]), torch.tensor([[-1.0, 1, 1], [1, -1, 0]])
    fake, named = torch.full((2, 1, 2, 2), 0.25), torch.full((2, 3), 2.0)
    round_ = played(asked, own, fake, named)
    right, wrong = (torch.nn.functional.softplus(torch.tensor(x)).item() for x in (-2.0, 2.0))
    owned = (wrong + 2 * right + right + wrong) / 2
    shall = (right + wrong + right + right + wrong) / 2
    assert attributes.classified().measure(round_).item() == pytest.approx(owned)
    assert attributes.recognised().measure(round_).item() == pytest.approx(shall)
    assert attributes.unchanged().measure(round_).item() == pytest.approx(0.25), "the second row"
    assert attributes.returned().measure(round_).item() == pytest.approx(0.25), "-1 + 1 asked back"


def test_what_shall_become_of_a_sample_is_wrong_of_it_as_it_is() -> None:
    asked, own = torch.tensor([[1.0, 0], [0, 0]]), torch.tensor([[-1.0, 1], [1, 1]])
    told: list[Tensor] = []

    def discriminate(samples: Tensor, condition: Condition) -> Verdict:
        assert condition.vector is not None
        told.append(condition.vector)
        return Verdict(condition.vector.sum(1, keepdim=True))

    round_ = dataclasses.replace(
        played(asked, own, torch.zeros(2, 1, 2, 2), torch.zeros(2, 2)), discriminate=discriminate
    )
    apart = torch.nn.functional.softplus(torch.tensor(0.0 - 0.0)).item() / 2
    # Fakes of the first row under what their sources had; the second row is asked for nothing.
    assert conditions.matched().measure(round_).item() == pytest.approx(apart)
    assert torch.equal(told.pop(), own)
    # Reals of the first row under what was asked for, as fakes of logit 2.
    fake = torch.nn.functional.softplus(torch.tensor(2.0)).item()
    real = torch.nn.functional.softplus(torch.tensor(0.0)).item()
    cost = conditions.mismatched().measure(round_).item()
    assert torch.equal(told.pop(), torch.tensor([[1.0, 1], [1, 1]]))
    assert cost == pytest.approx(real + fake, rel=1e-5)
