"""What fully sharded weights (FSDP2) do in a turn of r3: gradients against those of one process.

    torchrun --standalone --nproc_per_node 2 benchmarks/fsdp.py

Two processes on the CPU (gloo), each with half of the batch; docs/resume.md says what follows.
"""

from __future__ import annotations

import functools
import os
import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.core.types import Batch, Condition, Spec, Turn
from sparring.recipes import recipe_named

SHAPE, BATCH = (1, 28, 28), 8
UNSEEN = "logits.linear.bias"
"""A relativistic loss does not see it: its gradient is rounding noise."""


def networks(recipe: Recipe) -> dict[str, nn.Module]:
    spec, domain = (
        Spec(SHAPE, recipe.latent),
        Part("sparring.domains.image.domain:Image", shape=SHAPE),
    )
    manifest = Manifest(recipe=recipe, domain=domain, spec=spec, data={})
    torch.manual_seed(1)
    return {name: build_network(manifest, name) for name in recipe.networks}


def turn(recipe: Recipe, nets: dict[str, nn.Module], player: str, share: bool) -> None:
    """Leave the gradients of this player's turn: of all the batch, or of this process's share."""
    random = torch.Generator().manual_seed(2)
    real = torch.randn(BATCH, *SHAPE, generator=random)
    latent = torch.randn(BATCH, recipe.latent, generator=random)
    rows = slice(None)
    if share:
        part = BATCH // dist.get_world_size()
        rows = slice(part * dist.get_rank(), part * (dist.get_rank() + 1))
    for name, network in nets.items():
        network.requires_grad_(name == player)
    torch.manual_seed(3)
    told = Turn(0, 0, latent[rows], averaged if share else Tensor.clone)
    played = build_game(recipe).losses(player, nets, Batch(real[rows], Condition()), told)
    sum(played.losses.values(), torch.zeros(())).backward()


def averaged(value: Tensor) -> Tensor:
    value = value.clone()
    dist.all_reduce(value)
    return value / dist.get_world_size()


def difference(recipe: Recipe, player: str, whole: bool) -> str:
    """How far the gradients lie apart at most, relative to each tensor's largest."""
    one, many = networks(recipe), networks(recipe)
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for network in many.values():
        fully_shard(network, mesh=mesh, reshard_after_forward=not whole)
        network.set_reshard_after_backward(not whole)
    turn(recipe, one, player, share=False)
    try:
        turn(recipe, many, player, share=True)
    except RuntimeError as error:
        dist.barrier()
        return f"fails: {str(error).splitlines()[0]}"
    for network in many.values():
        network.reshard()
    far = 0.0
    for (name, a), b in zip(one[player].named_parameters(), many[player].parameters(), strict=True):
        if name == UNSEEN or a.grad is None:
            continue
        if not isinstance(b.grad, DTensor):
            return f"{name} has no gradient averaged over processes"
        far = max(far, float((b.grad.full_tensor() - a.grad).abs().max() / a.grad.abs().max()))
    return f"largest relative difference {far:.1e}"


def main() -> None:
    dist.init_process_group("gloo", timeout=timedelta(seconds=120))
    narrow = {"generator.width": 8, "discriminator.width": 8}
    recipe = recipe_named("r3").override(narrow)
    say = functools.partial(print, flush=True) if dist.get_rank() == 0 else (lambda *words: None)
    for name, made in (("r3", recipe), ("r3 without penalties", recipe.replace(terms=()))):
        for player in ("generator", "discriminator"):
            for whole in (False, True):
                kept = "weights kept whole in the turn" if whole else "weights sharded again"
                say(f"{name}, {player}, {kept}: {difference(made, player, whole)}")
    dist.destroy_process_group()
    # torch keeps every sharded module, and by it the group, whose threads abort about one in ten
    # interpreters that end (2.13): nothing is left to be done, so this one does not go through it.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
