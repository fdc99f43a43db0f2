"""Pictures with opacity are learnt as they look; what lies under clear pixels does not matter."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Condition, Spec
from sparring.data import load
from sparring.domains.image.domain import Image
from sparring.networks import heads
from sparring.training.budget import Intervals
from sparring.verbs.run import train

NEVER = Intervals(log=0, sample=0, checkpoint=0)
SIDE = 8


def squares(path: Path) -> str:
    """256 opaque squares, red or blue, on clear pixels of any colour."""
    random = np.random.default_rng(0)
    sample = random.integers(0, 256, (256, 4, SIDE, SIDE), dtype=np.uint8)
    sample[:, 3] = 0
    sample[:, :, 2:6, 2:6] = 0
    sample[:, 3, 2:6, 2:6] = 255
    for half, channel in ((slice(0, 256, 2), 0), (slice(1, 256, 2), 2)):
        sample[half, channel, 2:6, 2:6] = 255
    np.savez(path, sample=sample)
    return str(path)


def autoencoder() -> Recipe:
    adam = Part("sparring.training.optimizers:adam", lr=5e-3, beta1=0.9)
    return Recipe(
        name="tiny",
        game=Part("sparring.games.autoencoder:Autoencoder"),
        networks={
            "encoder": Part("sparring.networks.dense:Discriminator", widths=(16,), outputs=4),
            "decoder": Part("sparring.networks.dense:Generator", widths=(16,), norm="none"),
        },
        optimizers={"autoencoder": adam},
        turns=("autoencoder",),
        loss=Part("sparring.losses.reconstruction:gaussian"),
        latent=2,
        batch=32,
        precision="fp32",
    )


def test_hidden_colours_are_nothing_to_learn(tmp_path: Path) -> None:
    dataset = load(squares(tmp_path / "squares.npz"))
    error = {}
    for opacity in ("premultiplied", "straight"):
        domain = dataset.domain.replace(opacity=opacity)
        data = dataclasses.replace(dataset, domain=domain)
        run = tmp_path / opacity
        model = train(autoencoder(), data, run, steps=150, intervals=NEVER, quiet=True)
        samples = model.domain.encode(dataset.held_out.take(torch.arange(16))["sample"])
        error[opacity] = float((model.reconstruct(samples) - samples).square().mean())
    assert error["premultiplied"] < 0.01 < 0.1 < error["straight"]


@pytest.mark.parametrize("network", ["dense", "dcgan", "convolutional", "residual"])
def test_no_sample_is_darker_than_its_opacity_allows(network: str) -> None:
    spec = Spec((4, 16, 16), 8, head=Image((4, 16, 16)).head)
    torch.manual_seed(0)
    generator = Part(f"sparring.networks.{network}:Generator", head="tanh").build(spec)
    samples = generator(16 * torch.randn(8, 8), Condition())
    assert samples[:, 3].std() > 0.1, "the opacity differs"
    assert (samples[:, :3] >= -samples[:, 3:] - 1e-6).all()


def test_opacity_reaches_none_and_whole_to_the_bit() -> None:
    made = torch.tensor([[0.3, -0.9], [-0.5, 0.8], [-0.9, 0.9]]).reshape(1, 3, 2, 1)
    assert heads.laid(made[:, [0, 2]]).flatten().tolist() == pytest.approx([1.0, -0.9, -1.0, 1.0])
    half = heads.laid(torch.tensor([0.4, 0.0]).reshape(1, 2, 1, 1))
    assert half.flatten().tolist() == pytest.approx([0.7, 0.0])


def test_judges_see_straight_colours_as_they_look() -> None:
    torch.manual_seed(0)
    stored = torch.randint(0, 256, (5, 4, 16, 16), dtype=torch.uint8)
    seen = []
    for opacity in ("straight", "premultiplied"):
        domain = Image((4, 16, 16), opacity)
        seen.append(domain.judging("own").extractor("pixels").features(domain.encode(stored)))
    torch.testing.assert_close(seen[0], seen[1])
