"""Directions of a latent space along which a model's samples change most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.core.streams import latents
from sparring.core.types import Condition

if TYPE_CHECKING:
    from sparring.artifact.model import Model

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

    generator = model.networks["generator"]
    hooks = [layer.register_forward_pre_hook(meet) for layer in generator.modules()]
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
    samples = samples - samples.mean(0)
    rank = min(latent.shape[1], samples.shape[1])
    components = torch.pca_lowrank(samples, q=rank, center=False)[2]
    found = torch.linalg.lstsq(samples @ components, latent).solution
    return torch.nn.functional.normalize(found, dim=1)
