"""Ready models: each does its work, fits its limits, and is chosen where none is named."""

from __future__ import annotations

import colorsys
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sparring import Model
from sparring.artifact import ready
from sparring.core.errors import InputError
from sparring.core.storage import halved, read_tensors, widened
from sparring.tasks import degradations

EACH, ALL = 4.0, 24.0
"""Megabytes that one model, and all of them together, may have."""
FREE = ("public domain", "CC0", "CC-BY-4.0", "MIT", "Apache-2.0")


@pytest.mark.parametrize("name", ready.names())
def test_each_does_its_work(name: str) -> None:
    model = Model.load(f"ready:{name}")
    if "sample" in model.task.abilities:
        made = model.sample(2, seed=1)
        assert made.shape == (2, *model.manifest.spec.shape)
    else:
        entry, leaving = model.ends()
        given = torch.zeros(1, entry.shape[0], 16, 24)
        given[:, 0, :, 12:] = 1.0
        mask = torch.zeros(1, 1, 16, 24)
        mask[..., 4:8, 4:8] = 1.0
        made = model.translate(given, mask=mask if model.takes_mask else None)
        assert made.shape == (1, leaving.shape[0], 16 * model.scale, 24 * model.scale)
    assert made.isfinite().all() and made.std() > 0
    assert all(
        w.dtype == torch.float32 for net in model.networks.values() for w in net.parameters()
    )


@pytest.mark.parametrize("card", ready.cards(), ids=ready.names())
def test_each_card_is_complete_and_its_licence_free(card: ready.Card) -> None:
    assert 0 < card.megabytes <= EACH
    told = {field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
    assert all(value for name, value in told.items() if name != "use")
    assert any(word in card.licence for word in FREE)
    assert not any(word in card.licence for word in ("GPL", "-SA", "-NC"))
    assert card.command.startswith("sparring train ") and "--seed 0" in card.command
    text = (card.folder / "README.md").read_text()
    assert all(str(value) in text for value in (card.licence, card.credits, card.command))
    with Image.open(card.picture) as picture:
        assert min(picture.size) >= 32
    assert card.picture.stat().st_size < 400_000


def test_what_is_soft_in_a_jpeg_is_not_sharpened() -> None:
    torch.manual_seed(0)
    cells = (torch.rand(1, 3, 12, 12) * 1.6 - 0.8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    truth, model = degradations.blur(cells, (1.5, 1.5)), Model.load("ready:photos-clean")
    for quality, most in ((20, 1.0), (50, 1.05), (90, 1.15)):
        given = degradations.jpeg(truth, (quality, quality), 1.0)
        with torch.inference_mode():
            made = model.repair(given)
        before, after = (float((one - truth).square().mean().sqrt()) for one in (given, made))
        assert after < most * before, f"JPEG of quality {quality}"


def test_the_scores_of_a_card_are_those_beside_it() -> None:
    for card in ready.cards():
        kept = Model.load(card.folder).scores["scores"]
        assert card.scores == {name: float(f"{kept[name]['value']:.4g}") for name in card.scores}, (
            card.name
        )


def coloured(hue: float) -> torch.Tensor:
    """Something smooth of one colour, as strong as can be, (1, 3, 48, 64)."""
    across, down = torch.linspace(0.35, 0.95, 64), torch.linspace(-1, 1, 48)
    bright = across + 0.05 * torch.sin(10 * down)[:, None]
    return bright * torch.tensor(colorsys.hsv_to_rgb(hue, 1.0, 1.0))[:, None, None][None] * 2 - 1


@pytest.mark.parametrize("name", ["photos-x2", "photos-x4"])
def test_no_mesh_lies_over_strong_colours(name: str) -> None:
    model = Model.load(f"ready:{name}")
    for hue in range(6):
        with torch.inference_mode():
            made = model.upscale(coloured(hue / 6))[:, :, 8:-8, 8:-8]
        corners = [made[:, :, i::2, j::2] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))]
        mesh = (corners[0] - corners[1] - corners[2] + corners[3]).abs().mean() / 4
        assert mesh * 127.5 < 0.25, f"levels at hue {60 * hue}"


def test_all_together_are_small() -> None:
    assert sum(card.megabytes for card in ready.cards()) <= ALL


def test_an_unknown_one_lists_all() -> None:
    with pytest.raises(InputError, match=", ".join(ready.names())):
        Model.load("ready:photos-x5")


def test_half_of_the_room_is_read_as_float32(tmp_path: Path) -> None:
    name = ready.names()[0]
    model = Model.load(f"ready:{name}")
    model.save(tmp_path / "half", half=True)
    model.save(tmp_path / "whole")
    sizes = [
        sum(f.stat().st_size for f in (tmp_path / k).glob("*.safetensors"))
        for k in ("half", "whole")
    ]
    assert sizes[0] < 0.6 * sizes[1]
    for key, network in Model.load(tmp_path / "half").networks.items():
        stored = read_tensors(tmp_path / "half" / f"{key}.safetensors")
        assert {value.dtype for value in stored.values() if value.is_floating_point()} == {
            torch.float16
        }
        for ours, theirs in zip(
            network.parameters(), model.networks[key].parameters(), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_only_float16_in_place_of_float32_is_widened() -> None:
    wanted = {"w": torch.zeros(2), "n": torch.zeros(2, dtype=torch.int64)}
    found = {"w": torch.ones(2).half(), "n": torch.ones(2).half(), "x": torch.ones(1).half()}
    kinds = {name: value.dtype for name, value in widened(found, wanted).items()}
    assert kinds == {"w": torch.float32, "n": torch.float16, "x": torch.float16}
    with pytest.raises(InputError, match="'w' is too large for float16"):
        halved({"w": torch.tensor([1e6])})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    Image.fromarray(noise).resize((24, 16), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.mark.parametrize(
    ("words", "chosen", "size"),
    [
        (["upscale"], "photos-x2", (48, 32)),
        (["upscale", "--scale", "4"], "photos-x4", (96, 64)),
        (["repair"], "photos-clean", (24, 16)),
        (["repair", "--mask", "4,4,12,12"], "photos-fill", (24, 16)),
    ],
)
def test_verbs_without_a_run_take_the_fitting_one(
    words: list[str], chosen: str, size: Any, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sparring.cli import call

    out = photo.with_name("out.png")
    assert not call([words[0], str(photo), *words[1:], "--out", str(out)])
    assert f"with ready:{chosen}: " in capsys.readouterr().out
    with Image.open(out) as made:
        assert made.size == size


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["upscale", "PHOTO", "--scale", "3"], "no ready model is there for upscale x3"),
        (["translate", "PHOTO"], "no ready model is there for translate; name a run, or one of"),
        (["upscale", "ready:photos-x2"], "ready:photos-x2 is a model; name also what it shall"),
        (["upscale", "ready:photos-x2", "PHOTO", "--scale", "4"], "2 times larger, not --scale 4"),
        (["upscale", "ready:photos-clean", "PHOTO"], "it enlarges nothing"),
        (["sample", "ready:nothing"], "there is no ready model 'nothing'; there are"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(
    words: list[str], said: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sparring.cli import call

    assert call([str(photo) if word == "PHOTO" else word for word in words]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_models_lists_each(capsys: pytest.CaptureFixture[str]) -> None:
    from sparring.cli import call

    assert not call(["models"])
    said = "".join(capsys.readouterr().out.split())
    assert all(f"ready:{name}" in said for name in ready.names())
