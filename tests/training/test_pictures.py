"""Tiny trainings of the recipes that make pictures from pictures: each learns, and resumes."""

from __future__ import annotations

import json
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
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.data.items import encode
from sparring.domains.image.arrays import image
from sparring.networks.backbone import efficientnet_installed
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.compare import prepared
from sparring.verbs.run import resume, train

Weights = Callable[[Path], dict[str, bytes]]
SIDE = 16
QUIET: dict[str, Any] = {"intervals": Intervals(log=50, sample=0, checkpoint=0), "quiet": True}


def patterns(count: int = 160, seed: int = 0) -> Tensor:
    """Coarse colour patterns, uint8 (N, 3, 16, 16)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 4, 4, generator=generator) * 255
    return torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bilinear").byte()


def pairs(source: Tensor, sample: Tensor, **domain: Any) -> Dataset:
    kind = domain or {"call": "sparring.domains.image.domain:Image", "shape": (3, SIDE, SIDE)}
    made = Content(
        sample=sample.numpy(),
        domain=image(sample.numpy()),
        source=source.numpy(),
        source_domain=Part(kind.pop("call"), **kind),
    )
    return dataset(made, name="tiny", address="tiny", held_out=0.25, seed=0)


def held_out(model: Model, data: Dataset) -> tuple[Tensor, Tensor]:
    """What the model makes of held-out sources, and the truth."""
    items = data.held_out.take(torch.arange(len(data.held_out)))
    batch = prepared(model, encode(items, model.domain, model.source_domain))
    latent = torch.zeros(len(batch.real), model.manifest.spec.latent)
    return model.generate(latent, batch.condition), batch.real


def test_pix2pix_learns_to_invert_colours(tmp_path: Path) -> None:
    source = patterns()
    data = pairs(source, 255 - source)
    recipe = recipe_named("pix2pix", {"width": 8, "discriminator_width": 8, "lr": 2e-3})
    model = train(recipe, data, tmp_path / "run", steps=300, **QUIET)
    made, true = held_out(model, data)
    assert (made - true).abs().mean() < 0.1, "untouched it is 0.5"


@pytest.mark.skipif(not efficientnet_installed(), reason="the extra efficientnet is not installed")
def test_a_perceptual_term_trains(tmp_path: Path) -> None:
    source = torch.nn.functional.interpolate(patterns(40).float(), (32, 32)).byte()
    domain = {"call": "sparring.domains.image.domain:Image", "shape": (3, 32, 32)}
    recipe = recipe_named(
        "pix2pix", {"width": 4, "discriminator_width": 4, "perceptual": 2.0, "batch": 2}
    )
    run = tmp_path / "run"
    every = Intervals(log=1, sample=0, checkpoint=0)
    data = pairs(source, 255 - source, **domain)
    train(recipe, data, run, steps=2, intervals=every, quiet=True)
    last = (run / "log.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["generator/perceptual"] > 0


def layouts() -> tuple[Tensor, Tensor, Tensor]:
    """Layouts of three classes, what they look like, and the colours."""
    generator = torch.Generator().manual_seed(0)
    layout = torch.randint(0, 3, (160, 1, 4, 4), generator=generator).byte()
    layout = layout.repeat_interleave(4, 2).repeat_interleave(4, 3)
    colours = torch.tensor([[230, 40, 40], [40, 200, 60], [40, 60, 230]]).byte()
    return layout, colours[layout[:, 0].long()].permute(0, 3, 1, 2).contiguous(), colours


def test_spade_colours_each_region_and_leaves_the_rest(tmp_path: Path) -> None:
    layout, drawn, _ = layouts()
    data = pairs(layout, drawn, call="sparring.domains.layout.domain:Layout", shape=(3, SIDE, SIDE))
    flags = {"width": 8, "discriminator_width": 8, "latent": 4, "lr": 2e-3}
    model = train(recipe_named("spade", flags), data, tmp_path / "run", steps=200, **QUIET)
    made, true = held_out(model, data)
    assert (made - true).abs().mean() < 0.15, "another class is off by about 0.9"


def test_superres_beats_enlarging(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 2, (160, 1, 4, 4), generator=generator) * 255
    blocks = coarse.repeat_interleave(4, 2).repeat_interleave(4, 3).expand(-1, 3, -1, -1).byte()
    stored = blocks.contiguous().numpy()
    made = Content(sample=stored, domain=image(stored))
    data = dataset(made, name="blocks", address="blocks", held_out=0.25, seed=0)
    flags = {"width": 8, "blocks": 2, "scale": 2, "realistic": False}
    model = train(recipe_named("superres", flags), data, tmp_path / "run", steps=300, **QUIET)
    found = sparring.evaluate(model, data, extractor="pixels")
    assert found.scores["l1"].value < 0.5 * found.others["bicubic"].scores["l1"].value


def test_before_the_discriminator_the_generator_learns_from_l1_alone(tmp_path: Path) -> None:
    stored = patterns(40).numpy()
    made = Content(sample=stored, domain=image(stored))
    data = dataset(made, name="tiny", address="tiny", held_out=0.25, seed=0)
    tiny = {"kind": "jpeg", "width": 4, "blocks": 1, "batch": 2, "warmup": 6}
    recipe = recipe_named("restore", tiny)
    options: dict[str, Any] = {"intervals": Intervals(log=1, sample=0, checkpoint=0)}
    train(recipe, data, tmp_path / "run", steps=5, quiet=True, **options)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    costs = [
        {key for key in line if key.startswith(("generator/", "loss/"))}
        for line in lines
        if "loss/generator" in line
    ]
    assert costs[:3] == [{"loss/generator", "generator/l1"}] * 3
    both = {"loss/discriminator", "generator/adversarial", "generator/feature_matching"}
    assert all(both <= late for late in costs[3:]) and len(costs) == 5
    with pytest.raises(InputError, match="warmup"):
        recipe_named("restore", {**tiny, "l1": 0.0})


@pytest.mark.parametrize("recipe", ["cyclegan", "cut", "photo2emoji"])
def test_unpaired_recipes_resume_bit_for_bit(recipe: str, tmp_path: Path, weights: Weights) -> None:
    for name, pictures in {"A": patterns(40), "B": 255 - patterns(40, seed=1)}.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for index, picture in enumerate(pictures):
            place = tmp_path / "data" / name / f"{name}{index}.png"
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(place)
    pool = {"pool": 6} if recipe == "cyclegan" else {"patches": 8}
    tiny = recipe_named(
        recipe, {"width": 4, "blocks": 1, "discriminator_width": 4, "batch": 2, **pool}
    ).lasting(18)  # as long for the part as for the whole
    options: dict[str, Any] = {"intervals": Intervals(log=1, sample=0, checkpoint=3)}
    options |= {"quiet": True, "seed": 5}
    data = str(tmp_path / "data")
    train(tiny, data, tmp_path / "whole", steps=9, **options)
    train(tiny, data, tmp_path / "parts", steps=5, **options)
    resume(tmp_path / "parts", steps=9, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_photo2emoji_leaves_texture_out_and_learns_new_colours(tmp_path: Path) -> None:
    """Noisy grey blocks, and flat ones in red that belong to none of them."""
    generator = torch.Generator().manual_seed(0)
    blocks = torch.randint(0, 2, (320, 1, 4, 4), generator=generator) * 120 + 40
    flat = blocks.repeat_interleave(4, 2).repeat_interleave(4, 3).expand(-1, 3, -1, -1)
    noise = torch.randint(-30, 31, (160, 3, SIDE, SIDE), generator=generator)
    target = flat[160:].clone()
    target[:, 0] += 80
    data = pairs((flat[:160] + noise).byte(), target.byte())
    flags = {"width": 8, "blocks": 1, "colours": 3, "discriminator_width": 8, "lr": 2e-3}
    model = train(recipe_named("photo2emoji", flags), data, tmp_path / "run", steps=150, **QUIET)
    made, _ = held_out(model, data)
    rows = data.held_out.take(torch.arange(len(made)))["source"].float() / 127.5 - 1
    within = [x.unfold(2, 4, 4).unfold(3, 4, 4).std((4, 5)).mean() for x in (made, rows)]
    assert within[0] < 0.5 * within[1], "what is within a block is noise"
    red, green, blue = made.mean((0, 2, 3)).tolist()
    assert red - max(green, blue) > 0.2, "the source is grey"


def test_cut_knows_its_sources_again_and_learns_their_new_colours(tmp_path: Path) -> None:
    """Bright patterns on dark become dark on bright, of sources without partners."""
    source, other = patterns(160) // 2, 255 - patterns(160, seed=1) // 2
    data = pairs(source, other)
    flags = {"width": 8, "blocks": 1, "discriminator_width": 8, "lr": 2e-3}
    model = train(recipe_named("cut", flags), data, tmp_path / "run", steps=300, **QUIET)
    made, true = held_out(model, data)
    given = source.float() / 127.5 - 1
    assert abs(float(made.mean() - true.mean())) < 0.3, "sources lie 1 lower"
    rows = data.held_out.take(torch.arange(len(made)))["source"].float()
    matched = torch.stack(
        [
            torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
            for a, b in zip(made, rows, strict=True)
        ]
    )
    assert matched.abs().mean() > 0.5, "what was at a place is still told from there"
    assert given.mean() < 0
