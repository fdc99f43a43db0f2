"""What later methods need and what fits without surgery, each by a small run of the real loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from sparring.artifact.model import Model
from sparring.artifact.pretrained import network as trained
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Batch, Condition, Networks, Played, Round, Spec, Term, Turn, Verdict
from sparring.games.duel import Duel
from sparring.losses.adversarial import non_saturating
from sparring.losses.conditions import classified, mismatched, recognised
from sparring.training.gradients import private, total
from sparring.training.loop import Intervals
from sparring.verbs.run import resume, train

Weights = Callable[[Path], dict[str, bytes]]
Build = Callable[..., Recipe]
DENSE = "sparring.networks.dense"
LABELS = Part("sparring.tasks.generate:Generate", told=("label",))
EVERY = Intervals(log=1, sample=0, checkpoint=3)


def players(**discriminator: Any) -> dict[str, Part]:
    return {
        "generator": Part(f"{DENSE}:Generator", widths=(16,), norm="none"),
        "discriminator": Part(f"{DENSE}:Discriminator", widths=(16,), **discriminator),
    }


def unbroken(chosen: Recipe, data: str, folder: Path, weights: Weights) -> Model:
    """The run in one piece, which equals the run in two."""
    options: dict[str, Any] = {"intervals": EVERY, "quiet": True, "seed": 4}
    model = train(chosen, data, folder / "whole", steps=6, **options)
    train(chosen, data, folder / "parts", steps=3, **options)
    resume(folder / "parts", steps=6, quiet=True, trusted=(__name__,))
    assert weights(folder / "whole") == weights(folder / "parts")
    return model


def logged(run: Path) -> dict[str, float]:
    return json.loads((run / "log.jsonl").read_text().splitlines()[-1])


# A classifier's logits in a verdict, and what they cost.


def test_labels_are_named_by_the_discriminator(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    terms = ("classified", "recognised")
    chosen = recipe(
        networks=players(classify=True, form="none"),
        terms=tuple(Part(f"sparring.losses.conditions:{term}") for term in terms),
        task=LABELS,
    )
    unbroken(chosen, pictures, tmp_path, weights)
    assert {"discriminator/classified", "generator/recognised"} <= logged(tmp_path / "whole").keys()


def judged(real: Tensor, fake: Tensor, **more: Any) -> Round:
    turn = Turn(0, 0, torch.zeros(len(real), 1), lambda value: value)
    verdicts = [Verdict(torch.zeros(len(s), 1), (), s) for s in (real, fake)]
    known = {"discriminate": None, "real_verdict": verdicts[0], "fake_verdict": verdicts[1]}
    return Round(turn, real, fake, **{**known, **more})


def test_unknown_labels_cost_nothing_and_real_samples_have_their_own() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(3, 4), torch.randn(3, 4)
    wanted, own = torch.tensor([1, 2, 3]), torch.tensor([0, -1, 2])
    played = judged(real, fake, condition=Condition(wanted), own=Condition(own))
    names = -fake.log_softmax(1)[range(3), wanted].mean()
    kept = -real.log_softmax(1)[[0, 2], [0, 2]].mean()
    torch.testing.assert_close(recognised().measure(played), names)
    torch.testing.assert_close(classified().measure(played), names + kept)
    torch.testing.assert_close(classified(fakes=False).measure(played), kept)
    unknown = judged(real, fake, condition=Condition(torch.full((3,), -1)))
    assert float(classified().measure(unknown)) == 0.0
    with pytest.raises(InputError, match="classify=True"):
        recognised().measure(judged(real, fake, condition=Condition()))


def test_naming_labels_needs_labels() -> None:
    with pytest.raises(InputError, match="classify needs labels"):
        players(classify=True)["discriminator"].build(Spec((1, 8, 8), 4))


# Conditions of other samples.


def test_real_samples_under_a_wrong_condition_count_as_fakes(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    chosen = recipe(
        networks=players(), terms=(Part("sparring.losses.conditions:mismatched"),), task=LABELS
    )
    unbroken(chosen, pictures, tmp_path, weights)
    assert logged(tmp_path / "whole")["discriminator/mismatched"] > 0


def test_only_conditions_that_differ_are_mismatched() -> None:
    seen: list[Condition] = []

    def discriminate(samples: Tensor, condition: Condition) -> Verdict:
        seen.append(condition)
        return Verdict(samples[:, :1])

    real = torch.tensor([[0.5], [2.0], [-1.0]], requires_grad=True)
    labels = torch.tensor([7, 7, 8])
    played = judged(real, real, condition=Condition(labels), discriminate=discriminate)
    cost = mismatched().measure(played)
    assert seen[0].label is not None and seen[0].label.tolist() == [8, 7, 7]
    (slope,) = torch.autograd.grad(cost, real)
    learnt = torch.tensor([[1.0], [0.0], [1.0]])
    torch.testing.assert_close(slope, real.detach().sigmoid() / 3 * learnt)


# Gradients of single samples.


def test_private_gradients_train_and_resume(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    part = Part("sparring.training.gradients:private", limit=0.5, noise=0.3)
    unbroken(recipe(gradients={"discriminator": part}), pictures, tmp_path, weights)


def test_private_gradients_are_cut_one_by_one() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(3, 1).double()
    batch = Batch(torch.randn(5, 3).double() * torch.arange(1, 6)[:, None], Condition())
    turn = Turn(0, 0, torch.zeros(5, 0), lambda value: value)

    def play(part: Batch, now: Turn) -> Played:
        return Played({"cost": layer(part.real).square().mean()}, {"seen": part.real.sum()})

    parameters = list(layer.parameters())
    named = dict(layer.named_parameters())

    def cost(weights: dict[str, Tensor], sample: Tensor) -> Tensor:
        return torch.func.functional_call(layer, weights, sample[None]).square().mean()

    each = torch.func.vmap(torch.func.grad(cost), (None, 0))(named, batch.real)
    flat = torch.cat([each[name].reshape(5, -1) for name in named], 1).detach()
    limit = float(flat.norm(dim=1).median())
    cut = (flat * (limit / flat.norm(dim=1, keepdim=True)).clamp(max=1)).mean(0)
    played = private(limit, noise=0.0)(play, batch, turn, parameters)
    found = torch.cat([weight.grad.flatten() for weight in parameters])  # type: ignore[union-attr]
    torch.testing.assert_close(found, cut)
    torch.testing.assert_close(total(played), play(batch, turn).losses["cost"].float())
    noisy = []
    for _ in range(200):
        private(limit, noise=2.0)(play, batch, turn, parameters)
        noisy.append(torch.cat([weight.grad.flatten() for weight in parameters]))  # type: ignore[union-attr]
    spread = (torch.stack(noisy) - cut).std()
    assert float(spread) == pytest.approx(2.0 * limit / 5, rel=0.1)


# A third network that never moves.


def towards(weight: float = 1.0) -> Term:
    """The generator pays for what a frozen network says of its fakes."""

    def measure(played: Round) -> Tensor:
        verdict = played.networks["victim"](played.fake, played.condition)
        return verdict.logits.float().square().mean()

    return Term("towards", "generator", measure, lambda images: weight)


def echo(weight: float = 1.0) -> Term:
    """The generator stays near what another run's makes of the same latents."""

    def measure(played: Round) -> Tensor:
        with torch.no_grad():
            made = played.networks["victim"](played.turn.latent, played.condition)
        return (played.fake - made).square().mean()

    return Term("echo", "generator", measure, lambda images: weight)


def frozen_weights(run: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    last = sorted((run / "checkpoint").iterdir())[-1] / "state.safetensors"
    found = load_file(last)
    return {name: value for name, value in found.items() if name.startswith("network.victim.")}


def test_a_third_network_is_heard_and_never_moves(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    victim = Part(f"{DENSE}:Discriminator", widths=(8,), dropout=0.5)
    chosen = recipe(networks={**players(), "victim": victim}, terms=(Part(towards),))
    unbroken(chosen, pictures, tmp_path, weights)
    train(chosen, pictures, tmp_path / "short", steps=1, seed=4, intervals=EVERY, quiet=True)
    before, after = (frozen_weights(tmp_path / run) for run in ("short", "whole"))
    assert before and all(torch.equal(before[name], after[name]) for name in before)
    assert logged(tmp_path / "whole")["generator/towards"] > 0


def test_a_third_network_may_come_from_another_run(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    other = train(recipe(), pictures, tmp_path / "other", steps=2, intervals=EVERY, quiet=True)
    victim = Part("sparring.artifact.pretrained:network", path=str(tmp_path / "other"))
    chosen = recipe(networks={**players(), "victim": victim}, terms=(Part(echo),))
    unbroken(chosen, pictures, tmp_path, weights)
    found = frozen_weights(tmp_path / "whole")
    own = other.networks["generator"].state_dict()
    assert found.keys() == {f"network.victim.{name}" for name in own}
    assert all(torch.equal(found[f"network.victim.{name}"], value) for name, value in own.items())
    for path, name, says in (
        ("other", "judge", "has no 'judge'"),
        ("none", "x", "no run or model"),
    ):
        with pytest.raises(InputError, match=says):
            trained(other.manifest.spec, str(tmp_path / path), name)
    with pytest.raises(InputError, match="works on samples of shape"):
        trained(Spec((2,), 4), str(tmp_path / "other"))


# Latents with gradients.


def test_a_latent_is_found_again_by_going_downhill(
    recipe: Build, pictures: str, tmp_path: Path
) -> None:
    model = train(recipe(), pictures, tmp_path / "run", steps=3, intervals=EVERY, quiet=True)
    torch.manual_seed(0)
    wanted = model.generate(torch.randn(70, 4))
    assert not wanted.requires_grad
    latent = torch.zeros(70, 4, requires_grad=True)
    optimizer = torch.optim.Adam([latent], 0.1)
    errors = []
    for _ in range(60):
        optimizer.zero_grad()
        error = (model.generate(latent) - wanted).square().mean()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < 0.02 * errors[0]
    assert all(weight.grad is None for weight in model.networks["generator"].parameters())


def test_a_duel_hands_its_networks_to_terms() -> None:
    seen: list[Round] = []

    def measure(played: Round) -> Tensor:
        seen.append(played)
        return played.fake.sum() * 0.0

    networks = {
        "generator": lambda latent, condition: latent,
        "discriminator": lambda sample, condition: Verdict(sample),
        "victim": abs,
    }
    game = Duel(non_saturating(), (Term("seen", "generator", measure, lambda images: 1.0),))
    turn = Turn(0, 0, torch.zeros(2, 1, requires_grad=True), lambda value: value)
    game.losses("generator", networks, Batch(torch.ones(2, 1), Condition()), turn)
    assert seen[0].networks["victim"] is abs


# A warm-up with another game.


class Likelihood(nn.Module):
    """The generator alone, which pays how unlikely real samples are around what it makes."""

    players: ClassVar[dict[str, tuple[str, ...]]] = {"generator": ("generator",)}
    kept: ClassVar[tuple[str, ...]] = ("generator",)
    swapped: ClassVar[frozenset[str]] = frozenset()
    doors: ClassVar[frozenset[str]] = frozenset()

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        made = networks["generator"](turn.latent, batch.condition)
        return Played({"likelihood": (made - batch.real).square().mean() / 2}, {})

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        return networks["generator"](latent, condition)


class Elsewhere(Likelihood):
    players: ClassVar[dict[str, tuple[str, ...]]] = {"generator": ("discriminator",)}


@pytest.mark.parametrize("warmup", [16, 24, 32])
def test_a_warm_up_has_its_own_game_and_turns(
    warmup: int, recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    chosen = recipe(warmup=warmup, warmup_game=Part(Likelihood), warmup_turns=("generator",) * 2)
    unbroken(chosen, pictures, tmp_path, weights)
    lines = [
        json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    ]
    early = [("generator/likelihood" in line, "loss/discriminator" in line) for line in lines]
    steps = warmup // 8
    assert early == [(True, False)] * steps + [(False, True)] * (6 - steps)


def test_a_warm_up_without_a_game_is_the_last_players_own(
    recipe: Build, pictures: str, tmp_path: Path, weights: Weights
) -> None:
    unbroken(recipe(warmup=24), pictures, tmp_path, weights)
    lines = (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    assert ["loss/discriminator" in json.loads(line) for line in lines] == [False] * 3 + [True] * 3


def test_what_a_warm_up_cannot_be(recipe: Build, pictures: str, tmp_path: Path) -> None:
    for changes, says in (
        ({"warmup_turns": ("genrator",)}, "did you mean 'generator'"),
        ({"warmup_game": Part(Elsewhere)}, "'generator' moves discriminator in the warm-up"),
    ):
        with pytest.raises(InputError, match=says):
            train(recipe(warmup=8, **changes), pictures, tmp_path / "run", steps=2, quiet=True)
        assert not (tmp_path / "run").exists()
