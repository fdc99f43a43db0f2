"""Directions of a latent space along which a model's samples change most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.core.streams import latents
from sparring.core.types import Condition

if TYPE_CHECKING:
    from sparring.artifact.model import Model

RIDGE = 1e-3
"""Of probes, beside variances of 1."""
DRAWN = 512
"""Samples whose principal components stand in where no first layer reads the latent as it is."""


def strongest(model: Model, count: int) -> Tensor:
    """Unit directions (count or fewer, latent) of the latent space, the strongest first.

    Right singular vectors of the first layer's weight (Shen & Zhou 2021, SeFa). Where no layer
    reads the latent itself: latents regressed on the samples' principal components (Harkonen et
    al. 2020, GANSpace).
    """
    size = model.manifest.spec.latent
    weight = _first_weight(model)
    found = _fitted(model) if weight is None else torch.linalg.svd(weight, full_matrices=False)[2]
    return found[: min(count, size)]


def principal(model: Model, count: int) -> Tensor:
    """Unit directions (count or fewer, latent) along which a layer's activations vary most.

    Principal components of the second layer with weights, the first whose outputs are no linear
    function of the latent; latents are regressed on them (Harkonen et al. 2020, section 2.2).
    """
    met: list[Tensor] = []
    layers = [m for m in model.networks[_maker(model)].modules() if _has_weights(m)]

    def meet(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        met.append(made.detach().float().cpu().flatten(1))

    hook = layers[min(1, len(layers) - 1)].register_forward_hook(meet)
    latent = latents(0, range(DRAWN), model.manifest.spec.latent)
    try:
        model.generate(latent, model.condition([0] * DRAWN))
    finally:
        hook.remove()
    return _regressed(torch.cat(met), latent)[: min(count, latent.shape[1])]


def probes(rows: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Unit directions (K, S) in which what is seen (N, K) grows, and how well they tell it (K,).

    Ridge regression on rows (N, S) of variance 1; quality is the correlation on the last fifth,
    which is not fitted (as InterFaceGAN's hyperplanes: Shen et al. 2020).
    """
    fitted = len(rows) - len(rows) // 5
    x, y = rows[:fitted] - rows[:fitted].mean(0), seen[:fitted] - seen[:fitted].mean(0)
    square = x.T @ x + RIDGE * fitted * torch.eye(x.shape[1])
    weights = torch.linalg.solve(square, x.T @ y)
    said, true = rows[fitted:] @ weights, seen[fitted:]
    said, true = said - said.mean(0), true - true.mean(0)
    quality = torch.nn.functional.cosine_similarity(said, true, dim=0)
    return torch.nn.functional.normalize(weights.T, dim=1), quality


def moved(latent: Tensor, directions: Tensor, steps: Tensor) -> Tensor:
    """Latents (N, latent) shifted by so many steps (K,) along directions (K, latent)."""
    return latent + steps @ directions[: len(steps)]


def _first_weight(model: Model) -> Tensor | None:
    """The weight (units, latent) of the first layer that is given the latent, where one is."""
    latent = latents(0, range(2), model.manifest.spec.latent)
    met: list[Tensor] = []

    def meet(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        if not met and isinstance(layer, nn.Linear) and _begins_with(given[0], latent):
            met.append(layer.weight[:, : latent.shape[1]].detach().float().cpu())

    maker = model.networks[_maker(model)]
    hooks = [layer.register_forward_pre_hook(meet) for layer in maker.modules()]
    try:
        model.generate(latent, model.condition(range(2)))
    finally:
        for hook in hooks:
            hook.remove()
    return met[0] if met else None


def _begins_with(given: Tensor, latent: Tensor) -> bool:
    """Whether rows are a latent and perhaps more."""
    if given.dim() != 2 or given.shape[1] < latent.shape[1]:
        return False
    return torch.equal(given[:, : latent.shape[1]].float().cpu(), latent)


def _fitted(model: Model) -> Tensor:
    """The least-squares way from principal components of samples back to their latents."""
    latent = latents(0, range(DRAWN), model.manifest.spec.latent)
    told: Condition = model.condition([0] * DRAWN)
    samples = model.generate(latent, told).flatten(1)
    return _regressed(samples, latent)


def _regressed(found: Tensor, latent: Tensor) -> Tensor:
    """The least-squares way from principal components (N, F) back to latents, strongest first."""
    found = found - found.mean(0)
    rank = min(latent.shape[1], found.shape[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # it begins with random numbers, and ends alike
        components = torch.pca_lowrank(found, q=rank, center=False)[2]
    ways = torch.linalg.lstsq(found @ components, latent).solution
    return torch.nn.functional.normalize(ways, dim=1)


def _maker(model: Model) -> str:
    """The network that makes samples."""
    return "decoder" if "decoder" in model.networks else "generator"


def _has_weights(module: nn.Module) -> bool:
    return any(True for _ in module.parameters(recurse=False)) and not list(module.children())
