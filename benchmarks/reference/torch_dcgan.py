"""Reference: a plain eager float32 PyTorch training loop, as a good tutorial writes it.

It is given the networks, so that a benchmark compares the same networks, batch and update rule.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from sparring.core.types import Condition

UNCONDITIONAL = Condition()


def endless(loader: DataLoader) -> Iterator[Tensor]:
    """Batches for ever, reshuffled every epoch."""
    while True:
        for (real,) in loader:
            yield real


def judge(discriminator: nn.Module, samples: Tensor) -> Tensor:
    """Logits (N, 1)."""
    return discriminator(samples, UNCONDITIONAL).logits


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    images: Tensor,
    batch: int,
    steps: int,
    latent: int,
    warmup: int = 5,
) -> float:
    """Train both networks in place and return the images per second of the timed steps.

    Args:
        generator: G(latent (N, latent), condition) -> samples like `images`.
        discriminator: D(samples, condition) -> Verdict.
        images: float32 (N, C, H, W) in [-1, 1].
        batch: Real samples a step; each player then sees as many fakes.
        steps: Timed steps, one update of D and one of G each.
        latent: Length of a latent vector.
        warmup: Steps made before the clock starts.
    """
    loader = DataLoader(TensorDataset(images), batch_size=batch, shuffle=True, drop_last=True)
    loss = nn.BCEWithLogitsLoss()
    adam_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    batches = endless(loader)
    generator.train()
    discriminator.train()

    began = time.perf_counter()
    for step in range(warmup + steps):
        if step == warmup:
            began = time.perf_counter()
        real = next(batches)

        discriminator.zero_grad()
        fake = generator(torch.randn(batch, latent), UNCONDITIONAL)
        loss_real = loss(judge(discriminator, real), ones)
        loss_fake = loss(judge(discriminator, fake.detach()), zeros)
        (loss_real + loss_fake).backward()
        adam_d.step()

        generator.zero_grad()
        fake = generator(torch.randn(batch, latent), UNCONDITIONAL)
        loss(judge(discriminator, fake), ones).backward()
        adam_g.step()
    return steps * batch / (time.perf_counter() - began)
