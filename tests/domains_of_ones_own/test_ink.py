"""A domain that lives wholly in a package beside this file: nothing of sparring knows of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ink.domain import Ink
from PIL import Image

import sparring as package
from sparring.core.errors import InputError
from sparring.core.types import Domain
from sparring.data import load

Cli = Callable[..., tuple[int, str, str]]
HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "own-domain.md"
TRUST = ("--trust", "ink")
EVERY = ("--log-every", "1", "--sample-every", "2", "--checkpoint-every", "2")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps from the command line, with an existing recipe."""
    from sparring.cli import call

    place = tmp_path_factory.mktemp("ink") / "run"
    arguments = ["train", "gan", "--data", "spirals", *TRUST, "--run", str(place), "--batch", "32"]
    assert call([*arguments, "--steps", "4", "--quiet", *EVERY]) == 0
    return place


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    domain: Domain = Ink()
    stored = torch.linspace(0, 100, 16).repeat(3, 2, 1)
    assert domain.encode(stored).shape[1:] == domain.shape
    assert torch.allclose(domain.decode(domain.encode(stored)), stored, atol=1e-4)
    domain.write(stored, tmp_path / "x.ink")
    again = load(tmp_path / "x.ink", held_out=0.0, trusted=("ink",))
    assert torch.allclose(again.train.take(torch.arange(3))["sample"], stored, atol=0.01)


def test_strokes_of_any_number_of_points_are_read_evenly(tmp_path: Path) -> None:
    (tmp_path / "x.ink").write_text("[[0, 0], [90, 0], [100, 0]]\n[[50, 50]]\n")
    stored = load(tmp_path / "x.ink", held_out=0.0, trusted=("ink",)).train.take(torch.arange(2))
    assert torch.allclose(stored["sample"][0, 0], torch.linspace(0, 100, 16))
    assert (stored["sample"][1] == 50).all()


@pytest.mark.parametrize("line", ["[[1, 2], [3]]", "[[1, 200]]", "ink", "[]", '[["a", "b"]]'])
def test_a_line_that_is_no_stroke_is_named(line: str, tmp_path: Path, sparring: Cli) -> None:
    (tmp_path / "x.ink").write_text(f"[[0, 0], [9, 9]]\n{line}\n")
    code, out, _ = sparring("data", "check", tmp_path / "x.ink", *TRUST)
    assert code == 2 and "x.ink:2" in out


def test_what_is_told_after_training_works_for_it(run: Path) -> None:
    from sparring.cli.training import next_steps

    lines = next_steps(package.Model.load(run, trusted=("ink",)), run)
    assert lines[0] == f"sample {run} --out samples.ink --trust ink"
    assert all(line.endswith("--trust ink") for line in lines)


def test_it_previews_while_it_trains(run: Path) -> None:
    for step in (2, 4):
        with Image.open(run / "samples" / f"step-{step:08d}.png") as drawn:
            assert drawn.size == (8 * 48, 8 * 48) and drawn.getextrema()[0] == 0


def test_it_resumes_exactly(run: Path, tmp_path: Path, sparring: Cli) -> None:
    every = package.Intervals(log=1, sample=2, checkpoint=2)
    data = load("spirals", trusted=("ink",))
    half = package.train(
        "gan", data, tmp_path / "half", steps=2, batch=32, intervals=every, quiet=True
    )
    assert isinstance(half.domain, Ink)
    assert sparring("resume", tmp_path / "half", *TRUST, "--steps", 4, "--quiet")[0] == 0
    weights = Path("model", "generator.safetensors")
    assert (tmp_path / "half" / weights).read_bytes() == (run / weights).read_bytes()


def test_without_trust_nothing_of_it_is_called(run: Path, tmp_path: Path, sparring: Cli) -> None:
    code, _, said = sparring("sample", run, "--out", tmp_path / "x.ink")
    assert code == 2 and "ink.domain:Ink" in said
    with pytest.raises(InputError, match="trusted"):
        package.Model.load(run)


def test_it_samples_to_files_that_its_reader_reads(
    run: Path, tmp_path: Path, sparring: Cli
) -> None:
    path = tmp_path / "x.ink"
    assert sparring("sample", run, *TRUST, "-n", 30, "--out", path)[0] == 0
    samples = package.Model.load(run, trusted=("ink",)).sample(30)
    first = np.array(json.loads(path.read_text().splitlines()[0])).T
    assert np.allclose(first, Ink().decode(samples)[0], atol=0.006)
    assert len(load(path, held_out=0.0, trusted=("ink",)).train) == 30
    code, out, _ = sparring("data", "check", path, *TRUST, "--batch", 8)
    assert code == 0 and re.search(r"one item +2 x 16", out)
    code, _, said = sparring("sample", run, *TRUST, "--out", tmp_path / "x.csv")
    assert code == 2 and "use .ink, .npy, .png" in said
    assert sparring("interpolate", run, *TRUST, "--out", tmp_path / "walk.gif")[0] == 0


def test_it_is_judged_by_its_own_score_and_shown_in_the_report(run: Path, sparring: Cli) -> None:
    code, out, _ = sparring("evaluate", run, *TRUST, "-n", 100, "--json")
    found = json.loads(out)
    assert code == 0 and found["extractor"] == "steps"
    assert found["scores"]["length_gap"]["value"] > found["floor"]["scores"]["length_gap"]["value"]
    assert found["lower_is_better"] == {"length_gap": True}
    assert sparring("report", run, *TRUST)[0] == 0
    page = (run / "report.html").read_text()
    assert "length_gap" in page and "Nearest training neighbours" in page
    assert page.count("<img src=") >= 5, "final, two on the way, neighbours, real"
    assert f"sparring resume {run} --trust ink" in page


def test_files_of_samples_are_judged_too(run: Path, tmp_path: Path, sparring: Cli) -> None:
    assert sparring("sample", run, *TRUST, "-n", 30, "--out", tmp_path / "x.ink")[0] == 0
    code, out, _ = sparring("evaluate", tmp_path / "x.ink", "--data", "spirals", *TRUST)
    assert code == 0 and "length_gap" in out
    scores = package.evaluate(tmp_path / "x.ink", "spirals", trusted=("ink",))
    assert scores.directions["length_gap"] is True


def test_the_page_shows_this_very_package() -> None:
    shown = re.findall(r"^```python\n# (ink/\w+\.py)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert {name for name, _ in shown} == {
        f"ink/{path.name}" for path in (HERE / "ink").iterdir() if path.suffix == ".py"
    }
    for name, text in shown:
        assert (HERE / name).read_text() == f"# {name}\n{text}", name
