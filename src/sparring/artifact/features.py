"""A generator's first grid of features, and what is added to it (Kang et al. 2021).

A latent says what a picture shows; much of how exactly is said no earlier than in this grid.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import Tensor, nn

from sparring.core.streams import latents

if TYPE_CHECKING:
    from sparring.artifact.model import Model


def first_grid(model: Model) -> tuple[nn.Module, Tensor] | None:
    """The layer that makes the first features in space, and those of two random samples.

    None where there are none, as in a dense generator.
    """
    space = model.manifest.spec.shape[1:]
    met: list[tuple[nn.Module, Tensor]] = []

    def meet(layer: nn.Module, given: tuple[Tensor, ...], made: object) -> None:
        if isinstance(made, Tensor) and made.dim() == len(space) + 2:
            met.append((layer, made.detach()))

    hooks = [m.register_forward_hook(meet) for n in model.networks.values() for m in n.modules()]
    try:
        model.generate(latents(0, range(2), model.manifest.spec.latent), model.condition(range(2)))
    finally:
        for hook in hooks:
            hook.remove()
    for layer, made in met:
        smaller = all(a < b for a, b in zip(made.shape[2:], space, strict=True))
        if space and smaller and sum(layer is other for other, _ in met) == 1:
            return layer, made
    return None


def layer_for(model: Model, grid: Tensor | None) -> nn.Module | None:
    """The layer that a grid is added to; finding it makes two samples, so a loop asks once."""
    found = None if grid is None else first_grid(model)
    return None if found is None else found[0]


@contextlib.contextmanager
def added(layer: nn.Module | None, grid: Tensor | None) -> Iterator[None]:
    """While it lasts, the rows of grid (N, C, *space) are added to features of as many samples.

    They go by the order of the samples, which may be made in pieces.
    """
    if grid is None or layer is None:
        yield
        return
    rows, done = grid, 0

    def add(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        nonlocal done
        more = rows[done : done + len(made)]
        done += len(made)
        return made + more.to(made)

    hook = layer.register_forward_hook(add)
    try:
        yield
    finally:
        hook.remove()
