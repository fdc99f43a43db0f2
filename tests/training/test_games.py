"""The cycle game: what it costs, what its pool keeps, and that it learns without pairs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sparring.errors import InputError
from sparring.games.cycle import Cycle, Pool
from sparring.losses.adversarial import least_squares, relativistic
from sparring.types import Batch, Condition, Turn, Verdict


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


def players() -> dict[str, nn.Module]:
    torch.manual_seed(0)
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
    assert float(costs["cycle_source"]) == pytest.approx(0.0, abs=1e-6)
    # generator doubles, inverse halves: |2x - x| + |x/2 - x|
    assert float(costs["identity"]) == pytest.approx(1.5 * float(pictures.mean()), rel=1e-5)


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
    with pytest.raises(InputError, match="no further terms"):
        Cycle(relativistic())


def test_a_colour_permutation_is_found_without_pairs() -> None:
    networks = players()
    game = Cycle(least_squares(), cycle=5.0, identity=0.0, pool=0)
    optimizers = {
        player: torch.optim.Adam(
            [p for name in names for p in networks[name].parameters()], 5e-3, betas=(0.5, 0.99)
        )
        for player, names in game.players.items()
    }
    generator = torch.Generator().manual_seed(1)

    def sources() -> Tensor:
        """Red is mostly dark, green mostly bright, blue in the middle."""
        noise = torch.rand(16, 3, 4, 4, generator=generator)
        powers = torch.tensor([4.0, 0.3, 1.0])[None, :, None, None]
        return noise.pow(powers) * 2 - 1

    order = [1, 2, 0]
    for step in range(800):
        for player in ("discriminator", "generator"):
            batch = Batch(sources()[:, order], Condition(map=sources()))
            cost = torch.stack(
                list(game.losses(player, networks, batch, turn(step)).losses.values())
            )
            for p in (p for net in networks.values() for p in net.parameters()):
                p.grad = None
            cost.sum().backward()
            optimizers[player].step()
    given = sources()
    made = networks["generator"](torch.zeros(16, 0), Condition(map=given))
    error = float((made - given[:, order]).abs().mean())
    untouched = float((given - given[:, order]).abs().mean())
    assert error < 0.25 * untouched, f"{error:.3f} against {untouched:.3f}"
