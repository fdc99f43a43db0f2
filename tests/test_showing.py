"""Showing: files, previews and pages ask the domain, and a preview that fails ends nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from torch import Tensor

import sparring as package
from sparring.core.part import Part
from sparring.core.types import Batch, Condition
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.domains.image.domain import Image
from sparring.domains.layout.domain import Layout
from sparring.domains.points.domain import Points
from sparring.tasks.inpaint import Inpaint
from sparring.tasks.superres import Superres
from sparring.training import log
from sparring.verbs import strips
from sparring.verbs.report import health, report

Cli = Callable[..., tuple[int, str, str]]
POINTS = Path(__file__).parent / "frozen" / "v0.1" / "points"


@dataclasses.dataclass(frozen=True)
class Blind(Points):
    """Points that nobody can look at."""

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        path.write_bytes(b"half a picture")
        raise OSError("out of paint")


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """A trained run of points."""
    return Path(shutil.copytree(POINTS, tmp_path / "points"))


def unseen() -> Dataset:
    """Points of a domain that lives in this module."""
    rows = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    content = Content(sample=rows, domain=Part(Blind, shape=(2,)))
    return dataset(content, name="unseen", address="unseen", held_out=0.2, seed=0)


def test_a_preview_that_fails_is_a_warning_and_a_foreign_domain_is_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    intervals = package.Intervals(log=1, sample=2, checkpoint=2)
    run = tmp_path / "run"
    model = package.train("gan", unseen(), run, steps=4, intervals=intervals, quiet=True)
    assert isinstance(model.domain, Blind)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "warning" in line] == [2, 4]
    assert capsys.readouterr().err.count("warning: no preview at step") == 2
    assert not list((run / "samples").iterdir()), "nothing half-written"
    (said,) = [note.text for note in health.notes(log.read(run / "log.jsonl")) if not note.good][:1]
    assert said.startswith("In the log: no preview at step 4: out of paint (and 1 more")


def test_points_are_sampled_to_one_file_of_their_kind(
    points: Path, tmp_path: Path, sparring: Cli
) -> None:
    assert sparring("sample", points, "-n", 7, "--out", tmp_path / "x.csv")[0] == 0
    assert sparring("sample", points, "-n", 7, "--out", tmp_path / "x.npy")[0] == 0
    assert sparring("sample", points, "-n", 3, "--out", tmp_path / "each")[0] == 0
    rows = np.loadtxt(tmp_path / "x.csv", delimiter=",")
    model = package.Model.load(points)
    decoded = model.domain.decode(torch.from_numpy(np.load(tmp_path / "x.npy")))
    assert rows.shape == (7, 2) and np.allclose(rows, decoded, rtol=1e-6)
    assert [path.name for path in sorted((tmp_path / "each").iterdir())] == [
        f"000{index}.csv" for index in range(3)
    ]


@pytest.mark.parametrize("verb", ["sample", "interpolate"])
def test_an_ending_that_the_domain_does_not_write_is_named_with_those_it_does(
    verb: str, points: Path, tmp_path: Path, sparring: Cli
) -> None:
    code, _, said = sparring(verb, points, "--out", tmp_path / "x.wav")
    assert code == 2 and "unknown ending; use .csv, .npy, .png" in said


def test_a_cloud_cannot_be_animated(points: Path, tmp_path: Path, sparring: Cli) -> None:
    code, _, said = sparring("interpolate", points, "--out", tmp_path / "x.gif")
    assert code == 2 and "not shown one by one" in said


def test_a_page_of_points_shows_them(points: Path) -> None:
    text = report(points).read_text()
    assert text.count("<img src=") >= 3, "the final cloud and those on the way"
    assert "Nearest training neighbours" not in text


@pytest.mark.parametrize(
    "domain", [Image((1, 8, 8)), Layout((3, 8, 8)), Points((2,))], ids=lambda d: type(d).__name__
)
def test_what_a_domain_embeds_needs_no_other_file(domain: Image | Layout | Points) -> None:
    shown = domain.embed(torch.zeros(5, *domain.shape))
    assert shown.startswith('<img src="data:image/png;base64,') and shown.endswith(">")


def test_rows_of_a_strip_stand_one_above_the_other(tmp_path: Path) -> None:
    layout, image = Layout((2, 8, 8), ((255, 0, 0), (0, 0, 255))), Image((4, 8, 8))
    red = torch.zeros(3, 2, 8, 8)
    red[:, 0] = 1
    clear = torch.full((3, 4, 8, 8), -1.0)
    rows = [strips.Row("given", layout, red), strips.Row("made", image, clear)]
    strips.write_rows(rows, tmp_path / "strip.png")
    with Pillow.open(tmp_path / "strip.png") as drawn:
        pixels = np.asarray(drawn)
    assert pixels.shape == (2 * 24 + 2, 3 * 24 + 2 * 2, 3)
    assert (pixels[:24, :24] == (255, 0, 0)).all(), "the layout in its colours"
    assert (pixels[26:] == 255).all(), "what is clear is white"


def test_tasks_show_what_they_start_from_without_masks_and_at_the_extent_of_what_they_make() -> (
    None
):
    small = torch.rand(2, 3, 4, 6)
    shown = Superres(scale=2).shown(Condition(map=small))
    assert shown.shape == (2, 3, 8, 12) and torch.equal(shown[..., ::2, ::2], small)
    batch: Batch = Inpaint().prepare({"sample": torch.rand(2, 3, 16, 16)})
    assert batch.condition.map is not None
    assert torch.equal(Inpaint().shown(batch.condition), batch.condition.map[:, :3])
