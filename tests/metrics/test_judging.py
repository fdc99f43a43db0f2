"""Judging pictures made from pictures: true partners, baselines, and other models beside them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import Tensor

import sparring
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.domains.image import baselines
from sparring.domains.image.arrays import image
from sparring.domains.layout import segmentation
from sparring.metrics import distances
from sparring.metrics.scores import Scores
from sparring.recipes import recipe_named


def inverted(count: int = 120, side: int = 16) -> Dataset:
    """Pictures and their negatives."""
    generator = torch.Generator().manual_seed(0)
    stored = torch.randint(0, 256, (count, 3, side, side), generator=generator).byte().numpy()
    domain = Part("sparring.domains.image.domain:Image", shape=(3, side, side))
    content = Content(sample=255 - stored, domain=domain, source=stored, source_domain=domain)
    return dataset(content, name="negatives", address="negatives", held_out=0.3, seed=0)


def model(tmp_path: Path, data: Dataset, name: str = "run") -> Model:
    recipe = recipe_named("pix2pix", {"batch": 4, "width": 8, "discriminator_width": 8})
    intervals = sparring.Intervals(sample=0, checkpoint=0)
    return sparring.train(recipe, data, tmp_path / name, steps=1, intervals=intervals, quiet=True)


def test_baselines_and_other_models_stand_beside(tmp_path: Path) -> None:
    data = inverted()
    model(tmp_path, data, "other")
    found = sparring.evaluate(
        model(tmp_path, data), data, extractor="pixels", against=[tmp_path / "other"]
    )
    assert set(found.others) == {"identity", "histogram", "other"}
    # A picture and its negative differ by |1 - 2x|, whose mean over uniform bytes is a half.
    assert found.others["identity"].scores["l1"].value == pytest.approx(0.5, abs=0.02)
    assert found.others["other"].scores == found.scores
    header, rows = found.comparison()
    assert header[2:] == ("identity", "histogram", "other")
    assert {row[0] for row in rows} >= {"frechet", "kernel", "l1", "psnr", "ssim"}
    assert Scores.from_json(found.to_json()) == found


def test_too_few_held_out_items_are_refused(tmp_path: Path) -> None:
    data = inverted(40)
    with pytest.raises(InputError, match="at least 20 are needed"):
        sparring.evaluate(model(tmp_path, data), data, extractor="pixels")


def test_a_run_of_another_shape_cannot_stand_beside(tmp_path: Path) -> None:
    model(tmp_path, inverted(side=24), "larger")
    data = inverted()
    with pytest.raises(InputError, match="another shape"):
        sparring.evaluate(
            model(tmp_path, data), data, extractor="pixels", against=[tmp_path / "larger"]
        )


def test_histograms_match_rank_by_rank() -> None:
    generator = torch.Generator().manual_seed(0)
    given = torch.rand(4, 3, 8, 8, generator=generator) * 2 - 1
    moved = baselines.histogram(given.pow(3))(given, (3, 8, 8))
    assert torch.allclose(moved, given.pow(3), atol=1e-6)


def test_a_median_removes_single_pixels() -> None:
    given = torch.zeros(1, 1, 9, 9)
    given[0, 0, 4, 4] = 1
    assert not baselines.median(given, (1, 9, 9)).any()


@pytest.mark.skipif(not importlib.util.find_spec("cv2"), reason="the extra opencv is not installed")
@pytest.mark.parametrize("fill", [baselines.telea, baselines.navier_stokes])
def test_inpainting_continues_a_flat_picture(fill: baselines.Baseline) -> None:
    mask = torch.zeros(2, 1, 16, 16)
    mask[:, :, 5:9, 5:9] = 1
    picture = torch.full((2, 3, 16, 16), 0.5)
    filled = fill(torch.cat([picture * (1 - mask), mask], 1), (3, 16, 16))
    assert torch.allclose(filled, picture, atol=0.02)


@pytest.mark.skipif(not importlib.util.find_spec("cv2"), reason="the extra opencv is not installed")
def test_poisson_takes_a_shift_of_colour_away() -> None:
    ramp = torch.linspace(-0.5, 0.5, 32).expand(1, 3, 32, 32)
    mask = torch.zeros(1, 1, 32, 32)
    mask[:, :, 10:22, 12:20] = 1
    composite = ramp + 0.4 * mask
    made = baselines.poisson(torch.cat([composite, mask], 1), (3, 32, 32))
    assert (made - ramp).abs().mean() < 0.1 * (composite - ramp).abs().mean()


def test_miou_is_that_of_scikit_learn() -> None:
    jaccard = pytest.importorskip("sklearn.metrics").jaccard_score
    generator = torch.Generator().manual_seed(0)
    true = torch.randint(0, 4, (40, 6, 6), generator=generator)
    found = torch.where(torch.rand(true.shape, generator=generator) < 0.7, true, true.flip(0))
    interval = segmentation.miou(segmentation.confusion(found, true, 5))
    expected = jaccard(true.flatten(), found.flatten(), average="macro")
    assert interval.value == pytest.approx(expected)
    assert 0 <= interval.low < interval.value < interval.high <= 1


def test_layouts_are_read_back_from_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparring.domains.layout.segmenter.STEPS", 60)
    generator = torch.Generator().manual_seed(0)
    layout = torch.randint(0, 3, (120, 1, 4, 4), generator=generator).byte()
    layout = layout.repeat_interleave(4, 2).repeat_interleave(4, 3)
    colours = torch.tensor([[250, 20, 20], [20, 250, 20], [20, 20, 250]]).byte()
    drawn = colours[layout[:, 0].long()].permute(0, 3, 1, 2).contiguous()
    domain = Part("sparring.domains.layout.domain:Layout", shape=(3, 16, 16))
    made = Content(
        sample=drawn.numpy(),
        domain=image(drawn.numpy()),
        source=layout.numpy(),
        source_domain=domain,
    )
    data = dataset(made, name="layouts", address="layouts", held_out=0.3, seed=0)
    found = sparring.evaluate(model(tmp_path, data), data, extractor="pixels")
    assert set(found.others) == {"truth"}
    assert found.others["truth"].scores["miou"].value > 0.95
    assert found.scores["miou"].value < 0.7, "one step of training draws no layout"
    assert found.floor is not None and found.floor.scores["kernel"].value < 0.1


def test_there_and_back_is_measured(tmp_path: Path) -> None:
    flags = {"batch": 2, "width": 8, "blocks": 1, "discriminator_width": 8}
    intervals = sparring.Intervals(sample=0, checkpoint=0)
    made = sparring.train(
        recipe_named("cyclegan", flags),
        inverted(),
        tmp_path / "run",
        steps=1,
        intervals=intervals,
        quiet=True,
    )
    found = sparring.evaluate(made, inverted(), extractor="pixels")
    assert 0 < found.scores["cycle_error"].value < 2
    assert found.scores["l1"].value > 0


def test_frechet_of_few_rows_is_that_of_moments() -> None:
    generator = torch.Generator().manual_seed(0)

    def features(count: int, shift: float) -> Tensor:
        return torch.randn(count, 60, generator=generator) + shift

    real, fake = features(40, 0.0), features(50, 0.3)
    assert distances.few(real, fake)
    wanted = distances.frechet_from_moments(distances.moments(real), distances.moments(fake))
    assert distances.frechet(real, fake) == pytest.approx(wanted, rel=1e-5)
