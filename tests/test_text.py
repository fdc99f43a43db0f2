"""text2image: words steer pictures, in the order in which they stand; bad sentences are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from sparring.artifact.model import Model
from sparring.cli import call
from sparring.core.recipe import Recipe
from sparring.core.types import Condition, Round, Spec, Turn, Verdict
from sparring.losses.adversarial import relativistic
from sparring.losses.conditions import matched, mismatched
from sparring.networks.sentence import Sentence
from sparring.networks.text import Discriminator, Generator
from sparring.recipes import recipe_named
from sparring.verbs.report import report
from sparring.verbs.run import resume, train

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}
SMALL = {"width": 4, "discriminator_width": 8, "told": 16, "latent": 4}


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> str:
    """48 pictures of 16 pixels, of one colour each, with a sentence that names it."""
    folder = tmp_path_factory.mktemp("squares")
    lines = ["file,caption"]
    for number in range(48):
        name, colour = list(COLOURS.items())[number % 3]
        shade = tuple(min(part + number, 255) for part in colour)
        Image.new("RGB", (16, 16), shade).save(folder / f"{number:02d}.png")
        lines.append(f"{number:02d}.png,a {name} square")
    (folder / "captions.csv").write_text("\n".join(lines))
    return str(folder)


@pytest.fixture(scope="module")
def run(squares: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """text2image of them, trained for a few seconds."""
    folder = tmp_path_factory.mktemp("runs") / "squares"
    recipe = recipe_named("text2image", {**SMALL, "batch": 16, "lr": 4e-3})
    train(recipe, squares, folder, steps=200, quiet=True)
    return folder


def test_colour_words_steer_colours(run: Path) -> None:
    model = Model.load(run)
    for place, name in enumerate(COLOURS):
        means = model.sample(8, text=f"a {name} square").mean((0, 2, 3))
        assert int(means.argmax()) == place, (name, means)


def test_a_walk_goes_from_one_sentence_to_another(run: Path) -> None:
    model = Model.load(run)
    walk = model.interpolate(2, 4, text="a red square", to="blue", seed=3)
    ends = (model.sample(2, text=text, seed=3) for text in ("a red square", "blue"))
    first, last = next(ends)[0], next(ends)[1]
    torch.testing.assert_close(walk[0], first, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(walk[-1], last, rtol=1e-4, atol=1e-4)


def test_runs_resume_to_the_bit(squares: str, tmp_path: Path) -> None:
    recipe = recipe_named("text2image", {**SMALL, "batch": 8, "attention": True})
    # Schedules follow the length of a run, which is another one here.
    recipe = recipe.replace(learning_rates={}, betas=None, ema=Recipe.ema)
    whole = train(recipe, squares, tmp_path / "whole", steps=10, quiet=True)
    train(recipe, squares, tmp_path / "parts", steps=4, quiet=True)
    parts = resume(tmp_path / "parts", steps=10, quiet=True)
    for name, network in whole.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, parts.networks[name].state_dict()[key]), key


def test_reports_show_sentences_over_pictures(run: Path) -> None:
    page = report(run).read_text()
    assert "Held-out sentences" in page and "<figcaption>a red square</figcaption>" in page


@torch.no_grad()
def test_a_sentence_is_its_words_in_their_order() -> None:
    torch.manual_seed(0)
    encoder = Sentence(6, 8)
    told, words, there = encoder(torch.tensor([[0, 1, 2, 3], [2, 1, 0, 3], [0, 1, 2, -1]]))
    assert there.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]
    assert not torch.allclose(told[0], told[1]) and not words[2, 3].any()
    longer = encoder(torch.tensor([[0, 1, 2, -1, -1, -1]]))[0]
    torch.testing.assert_close(longer[0], told[2])
    shares = torch.nn.functional.one_hot(torch.tensor([[0, 1, 2, 3]]), 6).float()
    torch.testing.assert_close(encoder(shares)[0][0], told[0])


@pytest.mark.parametrize("shape", [(5,), (2, 20), (3, 30, 22)])
@pytest.mark.parametrize("attention", [False, True])
def test_what_is_told_reaches_both_players(shape: tuple[int, ...], attention: bool) -> None:
    spec = Spec(shape, 4, classes=3, tokens=(6, 4))
    made, judged = Generator(spec, 4, 8, attention), Discriminator(spec, 4, 8)
    latent, label = torch.randn(2, 4), torch.tensor([0, 0])
    one = Condition(label, tokens=torch.tensor([[0, 1, -1, -1]] * 2))
    others = (
        one._replace(label=label + 1),
        one._replace(tokens=torch.tensor([[1, 0, -1, -1]] * 2)),
    )
    for other in others:
        assert not torch.equal(made(latent, one), made(latent, other))
        sample = made(latent, one)
        assert sample.shape == (2, *shape)
        assert not torch.equal(judged(sample, one).logits, judged(sample, other).logits)


def test_a_relativistic_loss_moves_right_and_wrong_conditions_apart() -> None:
    slope, wrong = (torch.zeros(4, 1, requires_grad=True) for _ in range(2))
    label = torch.tensor([0, 1, 1, 0])

    right = Verdict(slope * 1.0)
    sample = torch.zeros(4, 1)
    turn = Turn(0, 0, torch.zeros(4, 1), lambda value: value)
    played = Round(turn, sample, sample, Condition(label), right, right, lambda *_: Verdict(wrong))
    mismatched(loss=relativistic()).measure(played).backward()
    # Half of sigmoid's slope for each of those that differ from the one before: 2nd and 4th.
    assert slope.grad is not None and wrong.grad is not None
    assert slope.grad.flatten().tolist() == [0.0, -0.125, 0.0, -0.125]
    assert wrong.grad.flatten().tolist() == [0.0, 0.125, 0.0, 0.125]
    slope.grad = wrong.grad = None
    played.fake_verdict = Verdict(slope * 1.0)
    matched().measure(played).backward()
    assert slope.grad.flatten().tolist() == [0.0, -0.125, 0.0, -0.125]


def test_words_never_seen_are_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "purple.png"
    asked = ["sample", str(run), "-n", "2", "--text", "a purple red square", "--out", str(out)]
    assert call(asked) == 0 and out.exists()
    assert "never seen 'purple'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        (" ?! ", "the text is empty"),
        ("purple ovals", "never seen 'purple', 'ovals'; it knows blue, green, red, square"),
        ("red " * 10_000, "has 10,000 words that the model knows"),
    ],
)
def test_bad_sentences_are_refused(
    text: str, said: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    assert call(["sample", str(run), "--text", text, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err and not out.exists()
    walk = ["interpolate", str(run), "--text", "red", "--to", text, "--out", str(out)]
    assert call(walk) == 2
    assert said in capsys.readouterr().err and not out.exists()


def test_models_without_sentences_take_no_text(
    squares: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_named("r3", {"width": 4, "batch": 8})
    train(recipe, squares, tmp_path / "run", steps=1, quiet=True)
    out = tmp_path / "out.png"
    assert call(["sample", str(tmp_path / "run"), "--text", "red", "--out", str(out)]) == 2
    assert "trained without sentences" in capsys.readouterr().err and not out.exists()
