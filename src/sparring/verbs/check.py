"""Checks before step 1: does the recipe fit the data, and the run the machine?"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import torch
from torch import nn

from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.core.streams import seed_for
from sparring.core.types import AdversarialLoss, Batch, Condition, Spec, Turn
from sparring.data import Dataset
from sparring.training.state import games_of
from sparring.verbs.fitting import accepts_of, misfit

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.training.engine import Engine

WEIGHT_COPIES = 5
"""Times a weight is held: itself, gradient, two moments, average."""
KERNELS = 64 * 2**20
"""What torch takes beside, for its kernels' code and scratch."""
DRY = 2
"""Samples that a step is tried with; batch normalisation needs two."""
WRITING = 3
"""Times it is held while a checkpoint is written."""
BACKWARD = 1.5
"""What going backward takes, as a multiple of what was kept for it."""


def check_data(recipe: Recipe, dataset: Dataset) -> None:
    """The data can feed the recipe.

    Raises:
        InputError: too few items, samples that its networks cannot work on, or a condition that
            the data does not have.
    """
    count = dataset.count
    if count is not None and count < recipe.batch:
        raise InputError(
            f"{dataset.address} has {count} training items, fewer than one batch of "
            f"{recipe.batch}; lower it with --batch {max(count // 2, 1)} or add data."
        )
    if why := misfit(recipe, dataset):
        raise InputError(why)


def check_run(manifest: Manifest, world: int = 1, beside: int = 1) -> None:
    """Networks fit the data's shape, and the run fits the machine, by a dry run without data.

    Args:
        manifest: The run.
        world: Processes that share its batches.
        beside: Those of them that share this machine's memory.

    Raises:
        InputError: a network that fails on this shape, or more memory needed than there is.
    """
    batch, spec = manifest.recipe.batch, manifest.spec
    if not spec.latent and not spec.map:
        raise InputError("latent must be at least 1: this recipe makes samples of nothing else.")
    need = estimate_memory(manifest, world)
    need, free = need if torch.cuda.is_available() else need * beside, free_memory()
    if need > free:
        raise InputError(
            f"this run needs about {need / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; "
            f"lower --batch (now {batch}), --size or the networks' width."
        )


def shared_out(manifest: Manifest, engine: Engine) -> Manifest:
    """The manifest with a batch that all processes have equal shares of, said where it is new."""
    asked, world = manifest.recipe.batch, engine.world
    batch = max(asked - asked % world, world)
    if batch == asked:
        return manifest
    if engine.main:
        print(
            f"warning: a batch of {asked} cannot be shared equally by {world} processes; "
            f"it is {batch} now.",
            file=sys.stderr,
        )
    return replace(manifest, recipe=manifest.recipe.replace(batch=batch))


def estimate_memory(manifest: Manifest, world: int = 1) -> int:
    """Bytes that a process's step holds at most: weights with their optimiser's, and activations.

    Every process has all weights, and gradients in buckets to be averaged, but only its share of
    the batch. The networks run on torch's meta device: shapes are computed, nothing is allocated.
    """
    with torch.device("meta"):
        names = manifest.recipe.networks
        networks = {name: build_network(manifest, name) for name in names}
        weights = sum(p.numel() for net in networks.values() for p in net.parameters())
        kept = max(_kept(networks, turn) for turn in _dry_turns(manifest, networks))
    share = -(-manifest.recipe.batch // world)
    copies = WEIGHT_COPIES + (world > 1)
    step = max(BACKWARD * kept / DRY * share, 4 * WRITING * weights)
    return int(KERNELS + 4 * copies * weights + step)


def free_memory() -> int:
    """Bytes free on the device that a run would use."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def check_network(part: Any, spec: Spec, outputs: int | None = None) -> None:
    """A user's network keeps the contract: shapes, gradients, batch of one.

    A generator maps (latent, condition) to (N, *shape), a discriminator (sample, condition)
    to a Verdict with logits (N, K), or (N, P K) where the spec has a map and it judges P patches.

    Raises:
        InputError: it does not accept the spec, or does another thing.
    """
    if why := accepts_of(part).refusal(spec):
        raise InputError(f"{part.call} {why}.")
    network, condition = part.build(spec), _example_condition(spec, 2)
    generator = outputs is None
    given = torch.randn(2, spec.latent) if generator else torch.randn(2, *spec.shape)
    answer = network(given, condition)
    got = tuple(answer.shape) if generator else tuple(answer.logits.shape)
    wanted: tuple[Any, ...] = (2, *spec.shape) if generator else (2, outputs)
    # Of pictures made from maps, a discriminator may judge patch by patch.
    patches = spec.map and not generator and got[:1] == (2,) and len(got) == 2
    if got != wanted and not (patches and got[1] % outputs == 0):
        raise InputError(f"{part.call} gave shape {got} where the contract asks for {wanted}.")
    (answer if generator else answer.logits).sum().backward()
    idle = [name for name, p in network.named_parameters() if p.requires_grad and p.grad is None]
    if idle:
        raise InputError(f"{part.call} has weights that no gradient reaches: {', '.join(idle)}.")


def check_loss(loss: AdversarialLoss) -> None:
    """A user's loss keeps the contract: scalars that pull the two players apart.

    Raises:
        InputError: a player's cost is no scalar, or its gradient points the wrong way.
    """
    # Half-way between 0 and 1: no loss's margin or target lies there, where its slope is 0.
    real = torch.full((4, 1), 0.5, requires_grad=True)
    fake = torch.full((4, 1), 0.5, requires_grad=True)
    for name, cost, sign in (
        ("discriminator", loss.discriminator(real, fake), 1.0),
        ("generator", loss.generator(real.detach(), fake), -1.0),
    ):
        if cost.shape != ():
            raise InputError(f"the {name}'s loss has shape {tuple(cost.shape)}, not a scalar's.")
        (slope,) = torch.autograd.grad(cost, fake)
        if not bool((sign * slope > 0).all()):
            way = "fall" if sign > 0 else "rise"
            raise InputError(f"the {name}'s loss must {way} with a lower logit of fakes.")


def check_recipe(recipe: Recipe, spec: Spec) -> None:
    """A user's recipe keeps the contract: JSON and back, and a turn of every player.

    Raises:
        InputError: it does not.
    """
    if Recipe.from_json(recipe.to_json(), recipe.packages()) != recipe:
        raise InputError(f"the recipe {recipe.name!r} does not survive its own JSON.")
    game = recipe.game
    manifest = Manifest(recipe=recipe, domain=game, spec=spec, data={})
    torch.manual_seed(seed_for("check"))
    networks = {name: build_network(manifest, name) for name in recipe.networks}
    for turn in _turns(manifest, networks, 2):
        turn()


def _dry_turns(
    manifest: Manifest, networks: Mapping[str, nn.Module]
) -> Iterator[Callable[[], object]]:
    for turn in _turns(manifest, networks, DRY):
        yield functools.partial(_dry, turn, manifest)


def _dry(turn: Callable[[], object], manifest: Manifest) -> None:
    try:
        turn()
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"the recipe {manifest.recipe.name!r} cannot play on samples of shape "
            f"{manifest.spec.shape}: {reason}."
        ) from error


def _turns(
    manifest: Manifest, networks: Mapping[str, nn.Module], count: int
) -> Iterator[Callable[[], object]]:
    """A turn of each player of each game, on its own weights, as the step plays it."""
    spec, recipe = manifest.spec, manifest.recipe
    for name, game in games_of(recipe).items():
        played = recipe.opening if name == "warmup" else recipe
        for player in dict.fromkeys(played.turns):
            for network, module in networks.items():
                module.requires_grad_(network in game.players[player])
            batch = Batch(torch.randn(count, *spec.shape), _example_condition(spec, count))
            turn = Turn(0, 0, torch.randn(count, spec.latent), _same)
            yield functools.partial(game.losses, player, networks, batch, turn)


def _same(value: Tensor) -> Tensor:
    return value


def _example_condition(spec: Spec, count: int) -> Condition:
    return Condition(
        label=torch.zeros(count, dtype=torch.int64) if spec.classes else None,
        vector=torch.zeros(count, spec.vector) if spec.vector else None,
        map=torch.zeros(count, *spec.map) if spec.map else None,
        tokens=torch.zeros(count, spec.tokens[1], dtype=torch.int64) if spec.tokens else None,
    )


def _kept(networks: Mapping[str, nn.Module], turn: Callable[[], object]) -> int:
    """Bytes that a turn keeps to go backward, beside the weights."""
    kept: dict[int, Tensor] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.untyped_storage()._cdata] = value
        return value

    weights = {p.untyped_storage()._cdata for net in networks.values() for p in net.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(keep, _same):
        played = turn()
    del played
    return sum(v.untyped_storage().nbytes() for key, v in kept.items() if key not in weights)
