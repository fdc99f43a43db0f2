"""One training step: every player of the recipe takes its turns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from sparring.artifact.manifest import Manifest
from sparring.core.schedule import Schedule, after, scheduled
from sparring.core.streams import seed_for, stream
from sparring.core.types import Batch, Played, Turn, door
from sparring.networks.heads import Setting
from sparring.training.ema import update_average
from sparring.training.engine import Engine, one_or_nan
from sparring.training.gradients import total
from sparring.training.guard import Guard
from sparring.training.state import State

Draw = Callable[[int], Batch]
"""Batch number -> this process's share of that batch, encoded, on the device."""


class Stepper:
    """Takes steps; all randomness is a function of seed, step, turn and process."""

    def __init__(self, manifest: Manifest, state: State, engine: Engine, draw: Draw) -> None:
        recipe = manifest.recipe
        self.manifest, self.state, self.engine, self.draw = manifest, state, engine, draw
        self.guard = Guard()
        # Walking a network's modules anew each turn costs as much as a small network's own work.
        self.weights = {name: list(net.parameters()) for name, net in state.networks.items()}
        self.rates = {p: _schedule(v) for p, v in recipe.learning_rates.items()}
        self.betas = None if recipe.betas is None else _schedule(recipe.betas)
        every = (*state.networks.values(), *state.averaged.values())
        self.network_settings = [
            m for net in every for m in net.modules() if isinstance(m, Setting)
        ]
        self.half_life = _schedule(recipe.ema)
        self.opens = after(1.0, recipe.warmup)
        """Above 0 once the warm-up is over."""
        self.early = recipe.opening.turns
        self.game = state.game
        self.gradients = {player: part.build() for player, part in recipe.gradients.items()}

    def step(self, everyone: bool = False) -> dict[str, Tensor]:
        """One step; scalars for the log are returned.

        With `everyone` all have their turns even in the warm-up.

        Raises:
            Diverged: too many turns in a row were not finite.
        """
        recipe, progress = self.manifest.recipe, self.state.progress
        values: dict[str, Tensor] = {}
        self._follow_schedules()
        warm = everyone or bool(self.opens(progress.images))
        self.game = self.state.game if warm else self.state.games.get("warmup", self.state.game)
        turns = recipe.turns if warm else self.early
        # Numbered from the end: with or without others before it, a turn draws the same.
        for index, player in enumerate(turns, start=len(recipe.turns) - len(turns)):
            values.update(self._turn(index, player))
        half_life = self.half_life(progress.images)
        for name, averaged in self.state.averaged.items():
            update_average(averaged, self.state.networks[name], recipe.images_a_step, half_life)
        progress.step += 1
        progress.images += recipe.images_a_step
        return values

    def settings(self) -> dict[str, float]:
        """What the schedules say now."""
        images = self.state.progress.images
        strength = door(self.state.game, "strength")
        rates = {p: o.param_groups[0]["lr"] for p, o in self.state.optimizers.items()}
        return {
            **{f"learning_rate/{player}": rate for player, rate in rates.items()},
            "ema_half_life": self.half_life(images),
            **({"augmentation": strength(images)} if strength else {}),
        }

    def _turn(self, index: int, player: str) -> dict[str, Tensor]:
        progress, engine, seed = self.state.progress, self.engine, self.manifest.seed
        engine.reseed(seed_for("turn", seed, progress.step, index, engine.rank))
        batch = self.draw(progress.batches)
        progress.batches += 1
        turn = Turn(progress.step, progress.images, self._latent(index), engine.mean)
        self.state.optimizers[player].zero_grad()
        played = self._learn(player, batch, turn)
        loss = total(played).detach()
        norm = self._move(player)
        costs = {f"{player}/{name}": cost.detach() for name, cost in played.losses.items()}
        totals = {f"loss/{player}": loss, f"gradient_norm/{player}": norm}
        return {**totals, **costs, **played.stats}

    def _learn(self, player: str, batch: Batch, turn: Turn) -> Played:
        """Leave gradients on the player's weights, averaged over processes."""
        own, game = self.gradients.get(player), self.game
        seat = self._seat(player)
        if own is None:
            played = game.losses(player, seat, batch, turn)
            self.engine.backward(total(played))
            return played
        # Without the distributed wrapper, which would average gradients of single samples.
        play = functools.partial(game.losses, player, self.state.networks)
        weights = [p for name in game.players[player] for p in self.weights[name]]
        played = own(play, batch, turn, weights)
        spread = one_or_nan(total(played))
        for weight in weights:
            if weight.grad is not None:
                weight.grad = self.engine.mean(weight.grad * spread)
        return played

    def _latent(self, index: int) -> Tensor:
        """This process's rows of the turn's latents, the same for any number of processes."""
        recipe, engine = self.manifest.recipe, self.engine
        keys = ("train", self.manifest.seed, self.state.progress.step, index)
        latent = torch.randn(recipe.batch, recipe.latent, generator=stream(*keys))
        rows = recipe.batch // engine.world
        mine = latent[rows * engine.rank : rows * (engine.rank + 1)]
        return mine.to(engine.device, non_blocking=True)

    def _seat(self, player: str) -> dict[str, nn.Module]:
        """The networks for a turn: the player's own learn, the others are frozen."""
        moving = self.game.players[player]
        for name, weights in self.weights.items():
            for weight in weights:
                weight.requires_grad = name in moving
        return {
            name: self.state.wrapped[name] if name in moving else network
            for name, network in self.state.networks.items()
        }

    def _move(self, player: str) -> Tensor:
        """Step the player's optimiser, unless a gradient (or loss: `backward`) is not finite.

        Gradients were averaged, so all processes see the same norm and need not ask each other.
        """
        state, recipe = self.state, self.manifest.recipe
        weights = [p for name in self.game.players[player] for p in self.weights[name]]
        gradients = [p.grad for p in weights if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        finite = bool(torch.isfinite(norm))
        if finite:
            state.optimizers[player].step()
            if player in recipe.clip:
                clip_weights(weights, recipe.clip[player])
        else:
            state.progress.skipped += 1
        self.guard.saw(finite)
        return norm

    def _follow_schedules(self) -> None:
        progress = self.state.progress
        for setting in self.network_settings:
            setting.follow(progress.images)
        for player, optimizer in self.state.optimizers.items():
            schedule = self.rates.get(player)
            for group, base in zip(
                optimizer.param_groups, self.state.base_rates[player], strict=True
            ):
                rate = schedule(progress.images) if schedule else base
                group["lr"] = rate * progress.rate_scale
                if self.betas is not None:
                    group["betas"] = (group["betas"][0], self.betas(progress.images))


@torch.no_grad()
def clip_weights(parameters: list[nn.Parameter], limit: float) -> None:
    """Force every weight into [-limit, limit] (Arjovsky et al. 2017, algorithm 1)."""
    for weight in parameters:
        weight.clamp_(-limit, limit)


def penalty_share(values: Mapping[str, float], player: str) -> float:
    """How much of a player's absolute cost is not its adversarial loss, in [0, 1]."""
    costs = {name: abs(v) for name, v in values.items() if name.startswith(f"{player}/")}
    total = sum(costs.values())
    return 1.0 - costs.get(f"{player}/adversarial", 0.0) / total if total else 0.0


def _schedule(value: object) -> Schedule:
    build = getattr(value, "build", None)
    return scheduled(build() if build else value)  # type: ignore[arg-type]
