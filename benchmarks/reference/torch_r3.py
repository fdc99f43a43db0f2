"""A plain eager fp32 loop of r3's game: the reference of sound_steps.py.

The usual one: generator and discriminator take turns on the same batch, real and fake go through
the discriminator one after the other, R1 and R2 on every eighth step.
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.types import Batch

EVERY = 8


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    batches: list[Batch],
    gamma: float,
    latent: int,
    warmup: int = 2,
) -> float:
    """Samples per second over the batches after the first few."""
    players = (generator, discriminator)
    ours, theirs = (torch.optim.Adam(p.parameters(), 1e-3, (0.0, 0.99)) for p in players)
    begin, seen = 0.0, 0
    for step, (real, condition, *_) in enumerate(batches):
        if step == warmup:
            begin = time.perf_counter()
        seen += len(real) * (step >= warmup)
        fake = generator(torch.randn(len(real), latent), condition)
        due = step % EVERY == 0
        shown = real.detach().requires_grad_(due), fake.detach().requires_grad_(due)
        theirs.zero_grad()
        true, false = (discriminator(one, condition).logits for one in shown)
        cost = F.softplus(false - true).mean()
        if due:
            slopes = torch.autograd.grad((true.sum(), false.sum()), shown, create_graph=True)
            cost = cost + EVERY * gamma / 2 * sum(map(_size, slopes))
        cost.backward()
        theirs.step()
        ours.zero_grad()
        with torch.no_grad():
            true = discriminator(real, condition).logits
        F.softplus(true - discriminator(fake, condition).logits).mean().backward()
        ours.step()
    return seen / (time.perf_counter() - begin)


def _size(slope: Tensor) -> Tensor:
    return slope.square().flatten(1).sum(1).mean()
