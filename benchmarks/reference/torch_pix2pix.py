"""A plain eager fp32 loop for a pair-wise recipe: the reference of picture_steps.py.

The usual one: generator and discriminator take turns on the same batch, real and fake go through
the discriminator one after the other, every term is a line.
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.types import Batch


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    batches: list[Batch],
    weights: dict[str, float],
    latent: int,
    warmup: int = 2,
) -> float:
    """Images per second over the batches after the first few."""
    players = (generator, discriminator)
    ours, theirs = (torch.optim.Adam(p.parameters(), 1e-3, (0.5, 0.99)) for p in players)
    begin, seen = 0.0, 0
    for step, (real, condition, *_) in enumerate(batches):
        if step == warmup:
            begin = time.perf_counter()
        seen += len(real) * (step >= warmup)
        noise = torch.randn(len(real), latent)
        fake = generator(noise, condition)
        theirs.zero_grad()
        cost = F.softplus(-discriminator(real, condition).logits).mean()
        cost = cost + F.softplus(discriminator(fake.detach(), condition).logits).mean()
        if weights["r1"] and step % 8 == 0:
            cost = cost + 8 * weights["r1"] / 2 * _slope(discriminator, real, condition)
        cost.backward()
        theirs.step()
        ours.zero_grad()
        verdict, true = discriminator(fake, condition), discriminator(real, condition)
        pairs = zip(verdict.features, true.features, strict=True)
        matched = torch.stack([(a - b.detach()).abs().mean() for a, b in pairs]).mean()
        cost = F.softplus(-verdict.logits).mean() + weights["l1"] * (fake - real).abs().mean()
        (cost + weights["feature_matching"] * matched).backward()
        ours.step()
    return seen / (time.perf_counter() - begin)


def _slope(discriminator: nn.Module, real: Tensor, condition: object) -> Tensor:
    watched = real.detach().requires_grad_()
    logits = discriminator(watched, condition).logits
    (slope,) = torch.autograd.grad(logits.mean(1).sum(), watched, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()
