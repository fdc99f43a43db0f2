"""State: everything that moves during a run, and its way to disk and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.ranges import LARGEST, Amount, Count, Number, fitted
from sparring.core.recipe import Recipe
from sparring.core.storage import check_alike
from sparring.core.streams import seed_for
from sparring.core.types import Game
from sparring.training.engine import Engine


@dataclass
class Progress:
    """How far a run has come."""

    step: Count = 0
    images: Count = 0
    """Real samples seen."""
    batches: Count = 0
    """Batches drawn from the data."""
    seconds: Amount = 0.0
    """Time spent training, over all sittings."""
    skipped: Count = 0
    """Turns skipped for a non-finite loss or gradient."""
    rollbacks: Count = 0
    rate_scale: Amount = 1.0
    """What rollbacks left of the learning rates."""
    best: Number | None = None
    """The lowest in-training score so far, and its step."""
    best_step: Count | None = None


class State:
    """Networks, their averages, optimisers, the game's own state, and the progress."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        recipe = manifest.recipe
        self.progress, self.device = Progress(), engine.device
        self.games = games_of(recipe)
        self.networks: dict[str, nn.Module] = {}
        for name in recipe.networks:
            torch.manual_seed(seed_for("init", manifest.seed, name))
            self.networks[name] = _channels_last(build_network(manifest, name))
            if not any(name in names for names in self.players.values()):
                self.networks[name].eval().requires_grad_(False)
        self.averaged = {name: _frozen_copy(self.networks[name]) for name in self.game.kept}
        self.wrapped = {name: engine.wrap(network) for name, network in self.networks.items()}
        for module in (*self.averaged.values(), *self.games.values()):
            if isinstance(module, nn.Module):
                module.to(engine.device)
        self.optimizers = {
            player: recipe.optimizers[player].build(self.parameters(player))
            for player in self.players
        }
        self.samples = (manifest.spec.shape, manifest.spec.map)
        self.growing = {
            f"{which}.{name}"
            for which, game in self.games.items()
            for name, value in game.state_dict().items()
            if not value.numel()
        }
        self.base_rates = {
            player: [group["lr"] for group in optimizer.param_groups]
            for player, optimizer in self.optimizers.items()
        }

    @property
    def game(self) -> Game:
        """The game of the recipe, apart from that of its warm-up."""
        return self.games["game"]

    @property
    def players(self) -> dict[str, tuple[str, ...]]:
        """The networks that move in the turn of each player of any game."""
        return {player: names for g in self.games.values() for player, names in g.players.items()}

    def begin(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Start networks and their averages from these weights, by name."""
        for name, tensors in weights.items():
            self.networks[name].load_state_dict(tensors)
            if name in self.averaged:
                self.averaged[name].load_state_dict(tensors)

    def play(self, recipe: Recipe) -> None:
        """Go on with the recipe's games, made anew and put where the present ones are."""
        former, self.games = self.games, games_of(recipe)
        for name, game in self.games.items():
            if isinstance(game, nn.Module):
                game.to(self.device)
            game.load_state_dict(former[name].state_dict())

    def parameters(self, player: str) -> list[nn.Parameter]:
        """The weights that move in a player's turn."""
        names = self.players[player]
        return [p for name in names for p in self.networks[name].parameters()]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors but the averaged networks', by dotted name."""
        named = {name: game.state_dict() for name, game in self.games.items()}
        for player, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                named[f"optimizer.{player}.{index}"] = values
        return {**self.playing(), **_flat(named)}

    def playing(self) -> dict[str, Tensor]:
        """The weights of all networks as they play, by dotted name."""
        return _flat({"network": {n: net.state_dict() for n, net in self.networks.items()}})

    def facts(self) -> dict[str, Any]:
        """All that is not a tensor, in JSON's own types."""
        groups = {p: o.state_dict()["param_groups"] for p, o in self.optimizers.items()}
        return {"progress": asdict(self.progress), "groups": groups}

    def load(
        self,
        tensors: Mapping[str, Tensor],
        averaged: Mapping[str, Mapping[str, Tensor]],
        facts: Mapping[str, Any],
    ) -> None:
        """Take everything back, exactly as `tensors` and `facts` gave it.

        Nothing is used before all of it is known to be what this run would have written: fused
        optimisers read moments of another shape than their weights' from foreign memory.

        Raises:
            InputError: it is not.
        """
        check_alike("the state", tensors, self._wanted(tensors))
        for name, network in self.averaged.items():
            check_alike(f"the averaged {name}", averaged[name], network.state_dict())
        _check_counters(tensors)
        groups = {p: _groups(o, facts, p) for p, o in self.optimizers.items()}
        progress = progress_of(facts)
        try:
            self._load(_tree(tensors), averaged, groups)
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise InputError(str(error).splitlines()[-1].strip()) from error
        self.progress = progress

    def _load(
        self,
        tree: Mapping[str, Any],
        averaged: Mapping[str, Mapping[str, Tensor]],
        groups: Mapping[str, list[dict[str, Any]]],
    ) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(_flat(tree["network"][name]))
        for name, network in self.averaged.items():
            network.load_state_dict(averaged[name])
        for name, game in self.games.items():
            game.load_state_dict(_flat(tree.get(name, {})))
        for player, optimizer in self.optimizers.items():
            moments = tree.get("optimizer", {}).get(player, {})
            state = {int(index): values for index, values in moments.items()}
            optimizer.load_state_dict({"state": state, "param_groups": groups[player]})
            _match_layout(optimizer)

    def _wanted(self, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What `tensors` could have given, beside what is found.

        An optimiser has no moments of weights that had no turn yet, and a game may keep samples,
        as many as there were.
        """
        for optimizer in self.optimizers.values():
            _step_idly(optimizer)
        begun = {name.rpartition(".")[0] for name in found}
        wanted = {
            name: value
            for name, value in self.tensors().items()
            if not name.startswith("optimizer.") or name.rpartition(".")[0] in begun
        }
        for name in self.growing & found.keys():
            if found[name].shape[1:] in self.samples or not found[name].numel():
                wanted[name] = wanted[name].new_empty(found[name].shape)
        return wanted


def progress_of(facts: Mapping[str, Any]) -> Progress:
    """The progress that a checkpoint's facts tell.

    Raises:
        InputError: it is not what a run writes.
    """
    found: Progress = fitted("progress", facts.get("progress"), Progress)
    return found


def games_of(recipe: Recipe) -> dict[str, Game]:
    """The recipe's game, and that of its warm-up where it has one of its own.

    Raises:
        InputError: one player's turns would move other networks in the warm-up, or a network that
            a game plays with is none of the recipe's.
    """
    games = {"game": build_game(recipe)}
    if recipe.warmup_game is not None:
        games["warmup"] = build_game(recipe.opening)
    played = {
        name for g in games.values() for names in (*g.players.values(), g.kept) for name in names
    }
    if missing := sorted(played - recipe.networks.keys()):
        raise InputError(f"the recipe {recipe.name!r} has no network {' and '.join(missing)}.")
    for player, names in games["game"].players.items():
        early = games.get("warmup", games["game"]).players.get(player, names)
        if early != names:
            raise InputError(
                f"the player {player!r} moves {', '.join(early)} in the warm-up and then "
                f"{', '.join(names)}; give it another name in the warm-up's game."
            )
    return games


def _channels_last(network: nn.Module) -> nn.Module:
    """Pictures run fastest with channels innermost; sound, volumes and the rest stay as they are.

    Tensor by tensor, as a module's own `to` stops at the first one of five dimensions. By `to` and
    not `contiguous`, which would leave the strides of single channels and so the kernels chosen.
    """
    for values in (*network.parameters(), *network.buffers()):
        if values.dim() == 4:
            values.data = values.data.to(memory_format=torch.channels_last)
    return network


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Fused optimisers walk weights and moments in step, so both need one memory layout."""
    for weight, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                values[name] = torch.empty_like(weight).copy_(value)


def _step_idly(optimizer: torch.optim.Optimizer) -> None:
    """Let an optimiser make its moments, by a step along gradients of zero."""
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    optimizer.zero_grad()


def _check_counters(tensors: Mapping[str, Tensor]) -> None:
    """An optimiser counts its steps in tensors without axes."""
    for name, value in tensors.items():
        counts = name.startswith("optimizer.") and not value.dim()
        if counts and not 0.0 <= float(value) < LARGEST:
            raise InputError(f"the state: {name!r} is {float(value)}, which counts nothing.")


def _groups(
    optimizer: torch.optim.Optimizer, facts: Mapping[str, Any], player: str
) -> list[dict[str, Any]]:
    """The settings of a player's parameter groups, each of the kind that the optimiser has."""
    own = optimizer.state_dict()["param_groups"]
    read = fitted("groups", facts.get("groups"), dict[str, list[dict[str, Any]]]).get(player, [])
    if [group.keys() for group in read] != [group.keys() for group in own]:
        raise InputError(f"groups.{player} is not what the {player}'s optimiser has.")
    for group, ours in zip(read, own, strict=True):
        for name, value in group.items():
            if not _same_kind(value, ours[name], fixed=name == "params"):
                raise InputError(f"groups.{player}: {name} cannot be {str(value)[:80]!r}.")
    return read


def _same_kind(value: Any, ours: Any, fixed: bool) -> bool:
    """Finite numbers may have moved; all else is as the recipe says."""
    if isinstance(ours, list | tuple):
        same_length = isinstance(value, list) and len(value) == len(ours)
        return same_length and all(map(_same_kind, value, ours, [fixed] * len(ours)))
    if fixed or isinstance(ours, bool) or not isinstance(ours, int | float):
        return type(value) is type(ours) and bool(value == ours)
    return type(value) in (int, float) and abs(value) < LARGEST


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).eval().requires_grad_(False)


def _tree(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in tensors.items():
        *folders, leaf = path.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = value
    return tree


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Tensor]:
    flat: dict[str, Tensor] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
