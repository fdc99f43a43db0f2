"""Samples of blocks: each in its range, drawn by chance or not, learnt through the whole loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Block, Condition, Spec
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.networks.heads import CHOICES, Head
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

BLOCKS = (Block(3, "softmax"), Block(1, "tanh"), Block(2, "linear"), Block(2, "softmax"))
SHARES = np.array([0.6, 0.3, 0.1])


def mixed(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Rows of a kind among three, and a number that the kind decides."""
    random = np.random.default_rng(0)
    kind = random.choice(3, 600, p=SHARES)
    near = (kind - 1) / 2 + random.normal(0.0, 0.05, 600)
    rows = np.concatenate([np.eye(3)[kind], near[:, None]], axis=1)
    groups = ((3, "softmax"), (1, "linear"))
    domain = Part("sparring.domains.points.domain:Points", shape=(4,), groups=groups)
    content = Content(sample=rows.astype("float32"), domain=domain)
    made = dataset(content, name="mixed", address="mixed", held_out=0.1, seed=0)
    monkeypatch.setattr("sparring.verbs.run.load", lambda address, **options: made)
    return made


def recipe(softmax: str, **changes: Any) -> Recipe:
    adam = Part("sparring.training.optimizers:adam", lr=2e-3, beta1=0.0, beta2=0.99)
    cooling = Part("sparring.core.schedule:linear", start=1.0, end=0.5, images=800)
    tiny = Recipe(
        name="mixed",
        game=Part("sparring.games.duel:Duel"),
        networks={
            "generator": Part(
                "sparring.networks.dense:Generator",
                widths=(32, 32),
                norm="none",
                softmax=softmax,
                temperature=cooling,
            ),
            "discriminator": Part("sparring.networks.dense:Discriminator", widths=(32, 32)),
        },
        optimizers={"generator": adam, "discriminator": adam},
        loss=Part("sparring.losses.adversarial:relativistic"),
        terms=tuple(Part(f"sparring.losses.penalties:{n}", weight=0.1) for n in ("r1", "r2")),
        ema=Part("sparring.core.schedule:share", fraction=0.1, most=5000.0),
        latent=4,
        batch=64,
        precision="fp32",
    )
    return tiny.replace(**changes)


@pytest.mark.parametrize("softmax", CHOICES)
def test_every_block_is_in_its_range_and_every_logit_learns(softmax: str) -> None:
    torch.manual_seed(0)
    head = Head(Spec((8,), 3, blocks=BLOCKS), softmax=softmax)
    logits = (3 * torch.randn(64, 8)).requires_grad_()
    sample = head(logits, torch.randn(64, 3))
    kind, bounded, free, other = sample.split([block.size for block in BLOCKS], dim=1)
    for group in (kind, other):
        torch.testing.assert_close(group.sum(1), torch.ones(64))
        ones = bool(((group == 1) | (group == 0)).all())
        assert ones is softmax.startswith("straight")
    assert bounded.abs().max() <= 1 < free.abs().max()
    (sample * torch.randn_like(sample)).sum().backward()
    assert logits.grad is not None and bool((logits.grad.abs().sum(0) > 0).all())


def test_a_gumbel_draw_has_the_probabilities_of_its_logits() -> None:
    torch.manual_seed(0)
    head = Head(Spec((3,), 2, blocks=(Block(3, "softmax"),)), softmax="straight_gumbel")
    logits = torch.from_numpy(SHARES).log().float().expand(4000, 3)
    latent = torch.randn(4000, 2)
    for training in (True, False):
        shares = head.train(training)(logits, latent).mean(0)
        torch.testing.assert_close(shares, logits[0].exp(), rtol=0, atol=0.03)


def test_out_of_training_a_draw_follows_from_its_latent() -> None:
    head = Head(Spec((3,), 2, blocks=(Block(3, "softmax"),)), softmax="gumbel").eval()
    logits, latent = torch.zeros(6, 3), torch.randn(6, 2)
    drawn = head(logits, latent)
    assert torch.equal(drawn[2:4], head(logits[2:4], latent[2:4]))
    assert not torch.allclose(drawn[0], drawn[1])


@pytest.mark.parametrize("name", ["dense", "convolutional", "residual", "dcgan"])
def test_networks_honour_blocks_of_channels(name: str) -> None:
    spec = Spec((5, 6), 3, blocks=(Block(4, "softmax"), Block(1, "linear")))
    network = Part(f"sparring.networks.{name}:Generator", softmax="straight").build(spec)
    made = network(torch.randn(2, 3), Condition())
    assert made.shape == (2, 5, 6)
    torch.testing.assert_close(made[:, :4].sum(1), torch.ones(2, 6))
    verdict = Part(f"sparring.networks.{name}:Discriminator").build(spec)(made, Condition())
    assert verdict.logits.shape == (2, 1)


def test_what_blocks_refuse() -> None:
    for blocks, settings, says in (
        (BLOCKS[:2], {}, "do not make samples"),
        (BLOCKS, {"softmax": "hard"}, "softmax"),
        (BLOCKS, {"temperature": 0.0}, "above 0"),
        ((Block(8, "sigmoid"),), {}, "head"),
    ):
        with pytest.raises(InputError, match=says):
            Head(Spec((8,), 3, blocks=blocks), **settings)
    with pytest.raises(InputError, match="groups of 3"):
        Part("sparring.domains.points.domain:Points", shape=(4,), groups=((3, "tanh"),)).build()


def test_a_temperature_follows_its_schedule_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    data, chosen = mixed(monkeypatch), recipe("gumbel")
    options: dict[str, Any] = {"intervals": Intervals(sample=0), "quiet": True}
    model = train(chosen, data, tmp_path / "whole", steps=8, **options)
    train(chosen, data, tmp_path / "parts", steps=3, **options)
    resume(tmp_path / "parts", steps=8, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    again = Model.load(tmp_path / "parts")
    for one in (model, again):
        # The last of 8 steps began after 7 x 64 of 800 images.
        temperature = float(one.networks["generator"].head.temperature())
        assert temperature == pytest.approx(1.0 - 0.5 * 7 * 64 / 800)
    assert torch.equal(model.sample(5, seed=3)[2:], again.sample(3, seed=3, start=2))


@pytest.mark.parametrize("softmax", ["straight", "gumbel"])
def test_kinds_are_learnt_with_their_shares_and_what_goes_with_them(
    softmax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"intervals": Intervals(log=0, sample=0), "quiet": True}
    data = mixed(monkeypatch)
    model = train(recipe(softmax), data, tmp_path / "run", steps=600, **options)
    made = model.sample(1000)
    kinds = made[:, :3].argmax(1)
    shares = kinds.bincount(minlength=3) / 1000
    assert (shares - torch.from_numpy(SHARES)).abs().max() < 0.1, shares
    assert ((kinds - 1) / 2 - made[:, 3]).abs().mean() < 0.15
