"""Inside a duel: what the discriminator says of samples, and where it would have them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.streams import latents
from sparring.core.types import Batch, Condition
from sparring.training import checkpoint, live
from sparring.training.initial import parted, playing


@dataclass(frozen=True)
class Players:
    """Both players as they stood at a step of a run, not averaged."""

    step: int
    model: Model
    discriminator: nn.Module

    def fakes(self, condition: Condition, count: int, seed: int = 0) -> Tensor:
        """Samples (count, *shape) that the generator makes, always of the same latents."""
        latent = latents(seed, range(count), self.model.manifest.spec.latent)
        # A copy: what inference mode made can be given no slope.
        return self.model.generate(latent, condition).clone()

    def logits(self, samples: Tensor, condition: Condition) -> Tensor:
        """The verdict on each sample (N, *shape) as one number (N,): the mean of its logits."""
        found: Tensor = self.discriminator(samples, condition).logits.float().mean(1)
        return found


def players(run: Path, step: int | None = None, trusted: Iterable[str] = ()) -> Players:
    """Both players of a run at a checkpoint, the last one if no step is named.

    Raises:
        InputError: no such checkpoint, or a game without a generator and a discriminator.
    """
    done = checkpoint.steps(run)
    if not done or (step is not None and step not in done):
        which = "" if step is None else f" of step {step}"
        raise InputError(f"{run.name} has no checkpoint{which} to look into.")
    step = done[-1] if step is None else step
    place = run / "checkpoint" / f"step-{step:08d}"
    return _players(step, Manifest.read(place / "model", trusted), playing(place))


def players_now(run: Path, trusted: Iterable[str] = ()) -> Players | None:
    """Both players as the run that trains has last shown them since its last checkpoint, if it has.

    Raises:
        InputError: a game without a generator and a discriminator.
    """
    found = live.seen(run)
    if found is None or found[0] <= max(checkpoint.steps(run), default=-1):
        return None
    return _players(found[0], Manifest.read(run, trusted), parted(found[1]))


def _players(step: int, manifest: Manifest, weights: Mapping[str, Mapping[str, Tensor]]) -> Players:
    if not {"generator", "discriminator"} <= weights.keys():
        raise InputError(
            f"{manifest.recipe.name!r} has no single pair of generator and discriminator to look "
            f"into; it has {', '.join(sorted(weights))}."
        )
    names = {"discriminator", *build_game(manifest.recipe).kept}
    networks = {name: build_network(manifest, name) for name in sorted(names)}
    for name, network in networks.items():
        network.load_state_dict(weights[name])
        network.eval().requires_grad_(False)
    discriminator = networks.pop("discriminator")
    return Players(step, Model(manifest, networks), discriminator)


def field(found: Players, low: Tensor, high: Tensor, side: int) -> Tensor:
    """The discriminator's logits (side, side) over a rectangle of points; row 0 is at low[1].

    Raises:
        InputError: samples that are no points of the plane.
    """
    if found.model.manifest.spec.shape != (2,):
        raise InputError("a field is drawn of points with two numbers only.")
    x, y = (torch.linspace(float(a), float(b), side) for a, b in zip(low, high, strict=True))
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    points = torch.stack([columns.flatten(), rows.flatten()], dim=1)
    with torch.no_grad():
        told = found.model.condition([0] * len(points))
        return found.logits(points, told).reshape(side, side)


def pulls(found: Players, batch: Batch, fakes: Tensor) -> Tensor:
    """Where the generator's own loss would move its samples: minus its slope there, (N, *shape).

    Relativistic losses see as many real samples beside them.

    Raises:
        InputError: a recipe without an adversarial loss.
    """
    loss = found.model.manifest.recipe.loss
    if loss is None:
        raise InputError(f"{found.model.manifest.recipe.name!r} has no adversarial loss.")
    moved = fakes.detach().requires_grad_(True)
    told = batch.condition.rows(slice(len(fakes)))
    real = found.discriminator(batch.real[: len(fakes)], told).logits.float()
    fake = found.discriminator(moved, told).logits.float()
    (slope,) = torch.autograd.grad(loss.build().generator(real, fake), moved)
    return -slope * len(fakes)


def slopes(found: Players, samples: Tensor, condition: Condition) -> Tensor:
    """Where the discriminator looks: the size of its verdict's slope everywhere, (N, *space)."""
    seen = samples.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(found.logits(seen, condition).sum(), seen)
    return slope.square().sum(1).sqrt()
