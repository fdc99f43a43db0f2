"""What games cost, what they keep, and that the cycle learns without pairs."""

from __future__ import annotations

import pkgutil
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

import sparring.games
from sparring.core.errors import InputError
from sparring.core.part import public_names, resolve
from sparring.core.schedule import after
from sparring.core.types import Batch, Condition, Round, Term, Turn, Verdict, door
from sparring.games.contrast import Contrast
from sparring.games.cycle import Cycle, Pool
from sparring.games.duel import Duel
from sparring.losses.adversarial import least_squares, relativistic
from sparring.losses.penalties import r1, r2
from sparring.losses.pictures import feature_matching, l1


def turn(step: int = 0, count: int = 2) -> Turn:
    return Turn(step, 0, torch.zeros(count, 0), lambda value: value)


class Mixer(nn.Module):
    """A 1 x 1 convolution: it can permute colours and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        assert condition.map is not None
        return self.mix(condition.map)


class Judge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 32, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 1),
        )

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        return Verdict(self.layers(sample).flatten(1))


ROLES = Cycle.players.items()


def players(seed: int = 0) -> dict[str, nn.Module]:
    torch.manual_seed(seed)
    return {
        "generator": Mixer(),
        "inverse": Mixer(),
        "discriminator": Judge(),
        "source_discriminator": Judge(),
    }


def test_exact_inverses_pay_no_cycle() -> None:
    networks, pictures = players(), torch.rand(2, 3, 4, 4)
    with torch.no_grad():
        networks["generator"].mix.weight.copy_(2 * torch.eye(3)[:, :, None, None])
        networks["inverse"].mix.weight.copy_(torch.eye(3)[:, :, None, None] / 2)
        for name in ("generator", "inverse"):
            networks[name].mix.bias.zero_()
    batch = Batch(pictures, Condition(map=pictures))
    costs = Cycle(least_squares(), identity=1.0).losses("generator", networks, batch, turn()).losses
    assert costs["cycle_source"].item() == pytest.approx(0.0, abs=1e-6)
    # generator doubles, inverse halves: |2x - x| + |x/2 - x|
    assert costs["identity"].item() == pytest.approx(1.5 * float(pictures.mean()), rel=1e-5)


def test_the_pool_gives_back_old_fakes_and_keeps_its_size() -> None:
    torch.manual_seed(0)
    pool = Pool(8)
    fakes = [torch.full((4, 1, 2, 2), float(step)) for step in range(30)]
    given = [pool(fake)[:, 0, 0, 0] for fake in fakes]
    assert len(pool.kept) == 8
    assert all(torch.equal(given[step], fakes[step][:, 0, 0, 0]) for step in (0, 1))
    late = torch.cat([old == step for step, old in enumerate(given[2:], start=2)])
    assert 0.3 < float(late.float().mean()) < 0.7
    assert max(float(old.max()) for old in given) <= 29


def test_a_pool_comes_back_from_its_state() -> None:
    torch.manual_seed(0)
    pool, other = Pool(4), Pool(4)
    pool(torch.rand(6, 3, 2, 2))
    other.load_state_dict(pool.state_dict())
    assert torch.equal(other.kept, pool.kept)


def test_a_cycle_refuses_what_it_cannot_play() -> None:
    for loss, terms in ((relativistic(), ()), (least_squares(), (l1(1.0),))):
        with pytest.raises(InputError, match="no generator's terms and no relativistic loss"):
            Cycle(loss, terms)


def test_both_discriminators_of_a_cycle_pay_their_penalties() -> None:
    networks = players()
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
    plain, game = Cycle(least_squares(), pool=0), Cycle(least_squares(), (r1(3.0),), pool=0)
    costs = game.losses("discriminator", networks, batch, turn()).losses
    bare = plain.losses("discriminator", networks, batch, turn()).losses
    torch.testing.assert_close(costs["adversarial"], bare["adversarial"])
    squares = []
    for name, real in (
        ("discriminator", batch.real),
        ("source_discriminator", batch.condition.map),
    ):
        assert real is not None
        seen = real.detach().requires_grad_()
        scores = networks[name](seen, Condition()).logits.mean(1).sum()
        squares.append(torch.autograd.grad(scores, seen)[0].square().sum((1, 2, 3)).mean())
    torch.testing.assert_close(costs["r1"], 3.0 * (squares[0] + squares[1]) / 2 / 2)


def test_both_discriminators_costs_are_adversarial_and_told_apart() -> None:
    networks, sources = players(), torch.rand(2, 3, 4, 4)
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=sources))
    game = Cycle(least_squares(), cycle=3.0, identity=0.0, pool=0)
    played = game.losses("discriminator", networks, batch, turn())
    assert set(played.losses) == {"adversarial"}
    fakes = [networks[n](None, Condition(map=m)) for n, m in _crossed(batch)]
    judged = [
        (networks[name](real, Condition()).logits, networks[name](fake, Condition()).logits)
        for name, real, fake in zip(
            ("discriminator", "source_discriminator"), (batch.real, sources), fakes, strict=True
        )
    ]
    halves = [((real - 1).square().mean() + fake.square().mean()) / 4 for real, fake in judged]
    torch.testing.assert_close(played.losses["adversarial"], halves[0] + halves[1])
    torch.testing.assert_close(played.stats["logits/real_source"], judged[1][0].mean().detach())


def _crossed(batch: Batch) -> list[tuple[str, Tensor]]:
    assert batch.condition.map is not None
    return [("generator", batch.condition.map), ("inverse", batch.real)]


def test_the_log_tells_the_cycle_error_unweighed() -> None:
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
    game = Cycle(least_squares(), cycle=3.0)
    costs, stats = game.losses("generator", players(), batch, turn())
    for way in ("source", "sample"):
        torch.testing.assert_close(
            3.0 * stats[f"cycle_error/{way}"], costs[f"cycle_{way}"].detach()
        )


def test_a_batch_without_sources_is_refused() -> None:
    with pytest.raises(InputError, match="a cycle needs sources"):
        Cycle(least_squares()).losses(
            "generator", players(), Batch(torch.rand(2, 3, 4, 4), Condition()), turn()
        )


class Shown(Mixer):
    """Its encoder gives back what it is given."""

    def forward(self, latent: Tensor, condition: Condition, features: bool = False) -> Any:
        made = super().forward(latent, condition)
        return (made, (condition.map,)) if features else made


def contrasted(samples: Tensor, sources: Tensor, **settings: Any) -> dict[str, Tensor]:
    """Costs of a generator that doubles, where directions of colours are compared as they are."""
    networks = {"generator": Shown(), "discriminator": Judge()}
    with torch.no_grad():
        networks["generator"].mix.weight.copy_(2 * torch.eye(3)[:, :, None, None])
        networks["generator"].mix.bias.zero_()

    def direct(features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(nn.functional.normalize(feature, dim=1) for feature in features)

    batch = Batch(samples, Condition(map=sources))
    game = Contrast(least_squares(), **settings)
    return game.losses("generator", {**networks, "projector": direct}, batch, turn()).losses


def test_a_contrast_is_the_cross_entropy_of_cosines() -> None:
    sources = torch.randn(2, 3, 2, 2)
    cost = contrasted(sources, sources, contrast=3.0, patches=4, temperature=0.5)["contrast"]
    units = [nn.functional.normalize(one.flatten(1).T, dim=1) for one in sources]
    # Doubled colours keep their direction, so queries and keys are the same vectors.
    scores = [(unit @ unit.T / 0.5).softmax(1).diagonal().log() for unit in units]
    assert cost.item() == pytest.approx(-3.0 * torch.stack(scores).mean().item(), rel=1e-5)


def test_a_contrast_pays_for_changing_what_was_right() -> None:
    samples, sources = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    cost = contrasted(samples, sources, identity=5.0)["identity"]
    assert cost.item() == pytest.approx(5.0 * samples.mean().item(), rel=1e-5)  # |2x - x|
    assert set(contrasted(samples, sources, identity=0.0)) == {"adversarial", "contrast"}


def test_a_contrast_refuses_sources_of_another_shape() -> None:
    with pytest.raises(InputError, match="sources of its samples' shape"):
        contrasted(torch.rand(2, 3, 4, 4), torch.rand(2, 1, 4, 4))


class Grey(Mixer):
    """Starts as the mean of all colours, give or take: it knows of no permutation."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.normal_(self.mix.weight, 1 / 3, 0.05)
        nn.init.zeros_(self.mix.bias)


def coloured(count: int, generator: torch.Generator) -> Tensor:
    """Single pixels: red is mostly dark, green mostly bright, blue a little dark."""
    powers = torch.tensor([4.0, 0.3, 1.5])[None, :, None, None]
    return torch.rand(count, 3, 1, 1, generator=generator).pow(powers) * 2 - 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_colour_permutation_is_found_without_pairs(seed: int) -> None:
    order, steps, rate = [1, 2, 0], 150, 1e-2
    generator = torch.Generator().manual_seed(seed)
    networks = players(seed) | {"generator": Grey(), "inverse": Grey()}
    game = Cycle(least_squares(), cycle=1.0, identity=0.0, pool=0)
    weights = {p: [w for n in names for w in networks[n].parameters()] for p, names in ROLES}
    optimizers = {p: torch.optim.Adam(w, rate, betas=(0.0, 0.99)) for p, w in weights.items()}
    for step in range(steps):
        for player in ("discriminator", "generator"):
            optimizers[player].param_groups[0]["lr"] = rate * (1 - step / steps)
            samples, sources = coloured(128, generator)[:, order], coloured(128, generator)
            batch = Batch(samples, Condition(map=sources))
            costs = game.losses(player, networks, batch, turn(step, 128)).losses
            cost = torch.stack(list(costs.values())).sum()
            for weight, slope in zip(
                weights[player], torch.autograd.grad(cost, weights[player]), strict=True
            ):
                weight.grad = slope
            optimizers[player].step()
    given = coloured(512, generator)
    partner = given[:, order]
    with torch.no_grad():
        made = networks["generator"](torch.zeros(512, 0), Condition(map=given))
    error = (made - partner).abs().mean()
    untouched = (given - partner).abs().mean()
    # What the marginals alone give away: the best constant colour.
    blind = (partner - partner.median(0).values).abs().mean()
    assert error < 0.15 * untouched and error < 0.4 * blind, (error, untouched, blind)


class Counting(Judge):
    """Counts how often it is asked, and shows its features."""

    asked = 0

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        self.asked += 1
        return Verdict(self.layers(sample).flatten(1), (self.layers[0](sample),))


@pytest.mark.parametrize("matching", [False, True])
def test_without_adversarial_weight_only_terms_ask_the_discriminator(matching: bool) -> None:
    networks = {"generator": Mixer(), "discriminator": Counting()}
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
    terms = (l1(1.0), *([feature_matching(2.0)] if matching else ()))
    costs = Duel(least_squares(), terms, weight=0.0).losses("generator", networks, batch, turn())
    assert set(costs.losses) == {term.name for term in terms}
    assert networks["discriminator"].asked == 2 * matching
    if matching:
        look = networks["discriminator"].layers[0]
        fake = networks["generator"](torch.zeros(2, 0), batch.condition)
        expected = 2.0 * (look(fake) - look(batch.real)).abs().mean()
        torch.testing.assert_close(costs.losses["feature_matching"], expected)


def test_a_term_is_not_measured_while_its_weight_is_zero() -> None:
    networks = {"generator": Mixer(), "discriminator": Counting()}
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
    game = Duel(least_squares(), (l1(1.0), feature_matching(after(2.0, 100))), weight=after(1, 100))
    early = game.losses("generator", networks, batch, turn())
    assert set(early.losses) == {"l1"} and networks["discriminator"].asked == 0
    late = game.losses("generator", networks, batch, turn()._replace(images=100))
    assert set(late.losses) == {"l1", "adversarial", "feature_matching"}


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_an_unasked_verdict_lives_where_the_fake_does(device: str) -> None:
    seen: list[Round] = []

    def measure(played: Round) -> Tensor:
        seen.append(played)
        return played.fake.mean()

    term = Term("watched", "generator", measure, lambda images: 1.0)
    with torch.device(device):
        networks = {"generator": Mixer(), "discriminator": Counting()}
        batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
        Duel(least_squares(), (term,), weight=0.0).losses("generator", networks, batch, turn())
    assert seen[0].fake_verdict.logits.device.type == device
    assert seen[0].fake_verdict.logits.shape == (2, 0)


def test_both_players_see_fakes_as_the_task_finishes_them() -> None:
    seen: list[Tensor] = []

    class Watching(Judge):
        def forward(self, sample: Tensor, condition: Condition) -> Verdict:
            seen.append(sample)
            return super().forward(sample, condition)

    def finish(fake: Tensor, condition: Condition) -> Tensor:
        return torch.full_like(fake, 0.25)

    networks = {"generator": Mixer(), "discriminator": Watching()}
    batch = Batch(torch.rand(2, 3, 4, 4), Condition(map=torch.rand(2, 3, 4, 4)))
    game = Duel(least_squares(), (l1(1.0),), finish=finish)
    costs = game.losses("generator", networks, batch, turn()).losses
    game.losses("discriminator", networks, batch, turn())
    assert all(bool((sample[-2:] == 0.25).all()) for sample in seen) and len(seen) == 2
    torch.testing.assert_close(costs["l1"], (batch.real - 0.25).abs().mean())


GAMES = [
    resolve(f"{module.name}:{name}")
    for module in pkgutil.iter_modules(sparring.games.__path__, "sparring.games.")
    for name in public_names(module.name)
    if "players" in dir(resolve(f"{module.name}:{name}"))
]


@pytest.mark.parametrize("game", GAMES)
def test_a_game_says_which_doors_it_has(game: Any) -> None:
    doors = {"reverse", "encode", "reconstruct", "strength"}
    assert game.doors == doors & {*dir(game)}
    assert game.swapped <= {name for names in game.players.values() for name in names}


def test_a_door_that_is_not_declared_is_shut() -> None:
    class Closed(Duel):
        doors: ClassVar[frozenset[str]] = frozenset()

    assert door(Duel(least_squares()), "strength") is not None
    assert door(Closed(least_squares()), "strength") is None


class Echo(nn.Module):
    """Makes the vector that it is told."""

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        assert condition.vector is not None
        return condition.vector


class Squares(nn.Module):
    """Sees squares, and judges them by their squares: a slope of x^2 at x."""

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        seen = sample.square()
        return Verdict(seen.square().sum(1, keepdim=True) / 2, seen=(seen,))


def test_slopes_where_a_discriminator_sees_are_each_side_s_own_in_a_joint_pass() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(3, 4), 2 * torch.randn(3, 4)
    networks = {"generator": Echo(), "discriminator": Squares()}
    batch = Batch(real.clone(), Condition(vector=fake))
    game = Duel(least_squares(), (r1(), r2()))
    costs = game.losses("discriminator", networks, batch, turn(count=3)).losses
    for name, sample in (("r1", real), ("r2", fake)):
        wanted = (sample**4).sum(1).mean() / 2
        torch.testing.assert_close(costs[name].detach(), wanted)
