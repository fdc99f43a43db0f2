"""Gradients that come about in another way than backward through the mean of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.types import Batch, Gradients, Play, Played, Turn


def private(limit: float = 1.0, noise: float = 1.0) -> Gradients:
    """Each sample's gradient cut to a length, then their mean with noise (Abadi et al., 2016).

    The noise is normal with a deviation of `noise` x `limit` / samples; with several processes
    each adds its own. The player plays sample by sample, so nothing may mix a batch.

    Raises:
        InputError: a limit or noise out of range.
    """
    if not limit > 0.0 or noise < 0.0:
        raise InputError("private gradients need a limit above 0 and noise of at least 0.")

    def learn(play: Play, batch: Batch, turn: Turn, parameters: Sequence[nn.Parameter]) -> Played:
        count = len(batch.real)
        totals = [torch.zeros_like(weight) for weight in parameters]
        each = []
        for row in range(count):
            rows = slice(row, row + 1)
            played = play(batch.rows(rows), turn._replace(latent=turn.latent[rows]))
            each.append(played)
            slopes = torch.autograd.grad(
                total(played), parameters, allow_unused=True, materialize_grads=True
            )
            share = min(1.0, limit / max(float(nn.utils.get_total_norm(slopes)), 1e-12))
            torch._foreach_add_(totals, list(slopes), alpha=share)
        for weight, summed in zip(parameters, totals, strict=True):
            weight.grad = (summed + noise * limit * torch.randn_like(summed)) / count
        return _mean(each)

    return learn


def total(played: Played) -> Tensor:
    """All costs of a turn in one number, in float32."""
    return torch.stack([cost.float() for cost in played.losses.values()]).sum()


def _mean(each: Sequence[Played]) -> Played:
    losses, stats = (
        {name: torch.stack([found[name].detach() for found in kind]).mean() for name in kind[0]}
        for kind in ([one.losses for one in each], [one.stats for one in each])
    )
    return Played(losses, stats)
