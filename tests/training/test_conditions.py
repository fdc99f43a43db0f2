"""Conditions are a set: every kind, alone and together, through the whole loop and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Batch, Condition, Items, Round, Term
from sparring.data import load
from sparring.tasks.generate import Generate
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

Weights = Callable[[Path], dict[str, bytes]]
EVERY = Intervals(log=1, sample=2, checkpoint=3)


@dataclass(frozen=True)
class Relabel:
    """Pictures are turned into ones of another label, drawn from the batch (StarGAN)."""

    conditions = frozenset({"map", "label"})
    abilities = frozenset({"translate"})
    sources = "none"

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        return sample

    def prepare(self, items: Items) -> Batch:
        label = items["label"]
        wanted = Condition(label[torch.randperm(len(label))], map=items["sample"])
        return Batch(items["sample"], wanted, Condition(label))

    def known(self, items: Items) -> Condition:
        return Condition(items["label"], map=items["source"])

    def finish(self, fake: torch.Tensor, condition: Condition) -> torch.Tensor:
        return fake

    def shown(self, condition: Condition) -> torch.Tensor:
        assert condition.map is not None
        return condition.map


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """120 pictures of which a third has no label, with vectors and texts of 1 to 5 words."""
    random = np.random.default_rng(0)
    label = np.arange(120) % 3 - 1
    tokens = random.integers(0, 9, (120, 5))
    tokens[np.arange(5) >= random.integers(1, 6, (120, 1))] = -1
    path = tmp_path_factory.mktemp("told") / "told.npz"
    np.savez(
        path,
        sample=random.integers(0, 256, (120, 3, 8, 8), dtype=np.uint8),
        label=label,
        vector=random.standard_normal((120, 2)),
        tokens=tokens,
    )
    return str(path)


def networks(network: str, form: str = "projection") -> dict[str, Part]:
    small = {"widths": (8,)} if network == "dense" else {"width": 4}
    return {
        "generator": Part(f"sparring.networks.{network}:Generator", **small),
        "discriminator": Part(f"sparring.networks.{network}:Discriminator", form=form, **small),
    }


TASK = "sparring.tasks.generate:Generate"
CASES = [
    *(("dense", form, told) for form in ("concat", "projection") for told in ("label", "tokens")),
    ("convolutional", "concat", "label,vector,tokens"),
    ("convolutional", "projection", "label,vector,tokens"),
]


@pytest.mark.parametrize(("network", "form", "names"), CASES)
def test_what_is_told_trains_samples_and_resumes(
    network: str,
    form: str,
    names: str,
    told: str,
    recipe: Callable[..., Recipe],
    tmp_path: Path,
    weights: Weights,
) -> None:
    chosen = recipe(networks=networks(network, form), task=Part(TASK, told=tuple(names.split(","))))
    options: dict[str, Any] = {"intervals": EVERY, "quiet": True, "seed": 1}
    model = train(chosen, told, tmp_path / "whole", steps=5, **options)
    train(chosen, told, tmp_path / "parts", steps=3, **options)
    resume(tmp_path / "parts", steps=5, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    assert torch.equal(model.sample(5, seed=2)[3:], model.sample(2, seed=2, start=3))
    given: dict[str, Any] = {"label": "1", "vector": (0.5, 1.0), "tokens": (1, 2)}
    one, other = (
        model.sample(2, **{n: v for n, v in {**given, **more}.items() if n in names})
        for more in ({}, {"label": "0", "vector": (3.0, 0.0), "tokens": (2, 7, 7)})
    )
    assert not torch.equal(one, other)


def test_missing_labels_are_read_and_told_apart(told: str) -> None:
    data = load(told)
    assert data.classes == ("0", "1") and data.tokens == (9, 5) and data.vector == 2
    items = data.train.take(torch.arange(len(data.train)))
    assert set(items["label"].tolist()) == {-1, 0, 1}


def test_floats_and_words_may_be_missing_too(tmp_path: Path) -> None:
    sample = np.random.default_rng(0).random((30, 2))
    for name, label in {
        "floats": np.where(np.arange(30) % 3, np.arange(30) % 2, np.nan),
        "words": np.where(np.arange(30) % 3, "dog", ""),
    }.items():
        np.savez(tmp_path / f"{name}.npz", sample=sample, label=label)
        labels = load(str(tmp_path / f"{name}.npz"), held_out=0.0).train.column("label")
        assert int((labels == -1).sum()) == 10


@pytest.mark.parametrize(
    ("field", "values", "says"),
    [
        ("label", np.where(np.arange(30) % 2, 1, -1), "call the two kinds 0 and 1"),
        ("label", np.full(30, -1), "all labels .* unknown"),
        ("tokens", np.tile([[1, -1, 2]], (30, 1)), "-1 after the last one"),
        ("tokens", np.zeros((30, 2)), "whole numbers"),
    ],
)
def test_what_cannot_be_told(field: str, values: Any, says: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", sample=np.zeros((30, 2)), **{field: values})
    with pytest.raises(InputError, match=says):
        load(str(tmp_path / "bad.npz"))


def test_an_unknown_condition_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'label'"):
        Generate(("labels",))


def seen_by(kinds: list[Round]) -> Term:
    def measure(played: Round) -> torch.Tensor:
        kinds.append(played)
        return played.fake.sum() * 0.0

    return Term("seen", "discriminator", measure, lambda images: 1.0)


def relabelled() -> Recipe:
    adam = Part("sparring.training.optimizers:adam", lr=1e-3)
    patch = {"width": 4, "form": "none", "layers": 1}
    return Recipe(
        name="relabel",
        game=Part("sparring.games.duel:Duel"),
        networks={
            "generator": Part("sparring.networks.translator:Generator", width=4, blocks=1),
            "discriminator": Part("sparring.networks.patch:Discriminator", **patch),
        },
        optimizers={"generator": adam, "discriminator": adam},
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=(Part("sparring.losses.penalties:finite_r1"),),
        task=Part(Relabel),
        latent=0,
        batch=8,
        precision="fp32",
    )


def test_a_picture_and_the_label_that_it_shall_get(
    told: str, tmp_path: Path, weights: Weights
) -> None:
    options: dict[str, Any] = {"intervals": EVERY, "quiet": True}
    model = train(relabelled(), told, tmp_path / "whole", steps=4, **options)
    train(relabelled(), told, tmp_path / "parts", steps=2, **options)
    resume(tmp_path / "parts", steps=4, quiet=True, trusted=(__name__,))
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    picture = torch.zeros(1, 3, 12, 10, dtype=torch.uint8)
    made = [model.translate(picture, label=label) for label in ("0", "1")]
    assert made[0].shape == (1, 3, 12, 10)
    assert not torch.equal(*made), "the label must reach the picture, past every norm"


def test_real_samples_are_judged_by_their_own_label() -> None:
    from sparring.core.types import Turn, Verdict
    from sparring.games.duel import Duel
    from sparring.losses.adversarial import non_saturating

    asked: list[list[int]] = []

    def discriminator(sample: torch.Tensor, condition: Condition) -> Verdict:
        assert condition.label is not None
        asked.append(condition.label.tolist())
        return Verdict(sample.flatten(1)[:, :1])

    def generator(latent: torch.Tensor, condition: Condition) -> torch.Tensor:
        return torch.zeros(2, 3, requires_grad=True)

    batch = Batch(
        torch.ones(2, 3), Condition(torch.tensor([1, 1])), Condition(torch.tensor([0, 2]))
    )
    turn = Turn(0, 0, torch.zeros(2, 1), lambda value: value)
    rounds: list[Round] = []
    game = Duel(non_saturating(), (seen_by(rounds),))
    parts = {"generator": generator, "discriminator": discriminator}
    game.losses("discriminator", parts, batch, turn)
    assert asked == [[0, 2, 1, 1]]
    for which, labels in (("real", [0, 2]), ("fake", [1, 1])):
        rounds[0].discriminate_as(which, batch.real)
        assert asked[-1] == labels
