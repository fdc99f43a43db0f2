"""State: everything that moves during a run, and its way to disk and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import build_game, build_network
from sparring.core.errors import InputError
from sparring.core.streams import seed_for
from sparring.training.engine import Engine


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    images: int = 0
    """Real samples seen."""
    batches: int = 0
    """Batches drawn from the data."""
    seconds: float = 0.0
    """Time spent training, over all sittings."""
    skipped: int = 0
    """Turns skipped for a non-finite loss or gradient."""
    rollbacks: int = 0
    rate_scale: float = 1.0
    """What rollbacks left of the learning rates."""
    best: float | None = None
    """The lowest in-training score so far, and its step."""
    best_step: int | None = None


class State:
    """Networks, their averages, optimisers, the game's own state, and the progress."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        recipe = manifest.recipe
        self.progress = Progress()
        self.game = build_game(manifest)
        self.networks: dict[str, nn.Module] = {}
        for name in recipe.networks:
            torch.manual_seed(seed_for("init", manifest.seed, name))
            self.networks[name] = _channels_last(build_network(manifest, name))
        self.averaged = {name: _frozen_copy(self.networks[name]) for name in self.game.kept}
        self.wrapped = {name: engine.wrap(network) for name, network in self.networks.items()}
        for module in (*self.averaged.values(), self.game):
            if isinstance(module, nn.Module):
                module.to(engine.device)
        self.optimizers = {
            player: recipe.optimizers[player].build(self.parameters(player))
            for player in self.game.players
        }
        self.base_rates = {
            player: [group["lr"] for group in optimizer.param_groups]
            for player, optimizer in self.optimizers.items()
        }

    def parameters(self, player: str) -> list[nn.Parameter]:
        """The weights that move in a player's turn."""
        names = self.game.players[player]
        return [p for name in names for p in self.networks[name].parameters()]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors but the averaged networks', by dotted name."""
        named = {f"network.{n}": net.state_dict() for n, net in self.networks.items()}
        named["game"] = self.game.state_dict()
        for player, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                named[f"optimizer.{player}.{index}"] = values
        return {f"{a}.{b}": value for a, group in named.items() for b, value in group.items()}

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

        Raises:
            InputError: what is on disk does not fit this recipe.
        """
        try:
            self._load(_tree(tensors), averaged, facts)
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise InputError(
                f"the checkpoint does not fit the run's recipe.json ({reason})"
            ) from error

    def _load(
        self,
        tree: Mapping[str, Any],
        averaged: Mapping[str, Mapping[str, Tensor]],
        facts: Mapping[str, Any],
    ) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(_flat(tree["network"][name]))
        for name, network in self.averaged.items():
            network.load_state_dict(averaged[name])
        self.game.load_state_dict(_flat(tree.get("game", {})))
        for player, optimizer in self.optimizers.items():
            moments = tree.get("optimizer", {}).get(player, {})
            state = {int(index): values for index, values in moments.items()}
            optimizer.load_state_dict({"state": state, "param_groups": facts["groups"][player]})
            _match_layout(optimizer)
        self.progress = Progress(**facts["progress"])


def _channels_last(network: nn.Module) -> nn.Module:
    """Picture networks run fastest with channels innermost; others stay as they are."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Fused optimisers walk weights and moments in step, so both need one memory layout."""
    for weight, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                values[name] = torch.empty_like(weight).copy_(value)


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
