"""Inside a duel: verdicts, fields, pulls and slopes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.types import Batch, Condition, Verdict
from sparring.recipes import recipe_named
from sparring.verbs.inside import Players, field, players, pulls, slopes
from sparring.verbs.inside.drawing import histograms, logits, looks, plane
from sparring.verbs.reals import data_of, reals_of
from sparring.verbs.run import train
from test_model import untrained


class Plane(nn.Module):
    """A verdict that rises by 2 a step along the first axis, and falls by 1 along the second."""

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        flat = sample.flatten(1)
        return Verdict(2 * flat[:, :1] - flat[:, 1:2])


def duel(tmp_path: Path, data: str = "ring8", **flags: object) -> Path:
    recipe = recipe_named("gan", {"widths": (8,), "discriminator_widths": (8,), **flags})
    train(recipe, data, tmp_path / "run", steps=2, batch=16, quiet=True)
    return tmp_path / "run"


def test_players_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    run = duel(tmp_path)
    found = players(run)
    assert found.step == 2
    told = found.model.condition(range(4))
    assert found.fakes(told, 4).shape == (4, 2)
    assert found.logits(found.fakes(told, 4), told).shape == (4,)
    with pytest.raises(InputError, match="run has no checkpoint of step 7"):
        players(run, 7)


def test_a_field_is_the_verdict_at_every_place(tmp_path: Path) -> None:
    found = players(duel(tmp_path))
    seen = Players(2, found.model, Plane())
    values = field(seen, torch.tensor([0.0, 10.0]), torch.tensor([4.0, 14.0]), 5)
    x, y = torch.arange(5.0), torch.arange(10.0, 15.0)
    torch.testing.assert_close(values, 2 * x[None, :] - y[:, None])
    with pytest.raises(InputError, match="points with two numbers only"):
        field(Players(0, untrained(), Plane()), torch.zeros(2), torch.ones(2), 3)


def test_the_pull_leads_uphill_as_the_loss_says(tmp_path: Path) -> None:
    found = players(duel(tmp_path))
    seen, fakes = Players(2, found.model, Plane()), torch.randn(6, 2)
    pull = pulls(seen, Batch(torch.randn(6, 2), Condition()), fakes)
    # Non-saturating: log sigmoid(logit) rises by 1 - sigmoid(logit) a unit of the logit.
    strength = 1 - torch.sigmoid(2 * fakes[:, :1] - fakes[:, 1:])
    torch.testing.assert_close(pull, strength * torch.tensor([[2.0, -1.0]]))


def test_slopes_are_the_size_of_the_verdicts_gradient() -> None:
    found = Players(0, untrained(), Plane())
    seen = slopes(found, torch.randn(3, 1, 8, 8), Condition())
    assert seen.shape == (3, 8, 8)
    expected = torch.zeros(3, 8, 8)
    expected[:, 0, :2] = torch.tensor([2.0, 1.0])
    torch.testing.assert_close(seen, expected)


def test_everything_is_drawn(tmp_path: Path, tiny_npz: str) -> None:
    (tmp_path / "points").mkdir()
    (tmp_path / "pictures").mkdir()
    for data, folder in (("ring8", "points"), (tiny_npz, "pictures")):
        found = players(duel(tmp_path / folder, data))
        batch = reals_of(found.model, data_of(found.model), 12)
        drawn = [plane] if folder == "points" else [looks]
        pictures = [each(found, batch) for each in drawn]
        pictures.append(histograms([logits(found, batch)] * 2))
        for picture in pictures:
            assert isinstance(picture, Image.Image)
            assert len(picture.getcolors(1 << 24) or ()) > 20
