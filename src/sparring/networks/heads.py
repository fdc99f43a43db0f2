"""Heads: the last touch of a generator, which brings every number into its range.

A sample is of one kind, or of blocks of numbers that belong together, each with its own head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.precision import precise
from sparring.core.schedule import Schedule, scheduled
from sparring.core.streams import stream
from sparring.core.types import Spec
from sparring.networks.layers import bounded, choose

CHOICES = {
    "plain": (False, False),
    "straight": (False, True),
    "gumbel": (True, False),
    "straight_gumbel": (True, True),
}
"""How a softmax block chooses -> whether by chance, and whether one number is 1 and the rest 0."""


STEEP = 1.25
"""How much steeper opacity is than colours, so that it easily is none, or whole, to the bit."""


def laid(made: Tensor) -> Tensor:
    """Straight colours and their opacity, in [-1, 1], as a sample: the colours lie on white.

    What is not seen so takes no part in what the sample is judged by, and no colour in [-1, 1]
    comes out darker than its opacity allows.
    """
    share = ((STEEP * made[:, -1:] + 1) / 2).clamp(0, 1)
    return torch.cat([made[:, :-1] * share + 1 - share, 2 * share - 1], dim=1)


class Setting(nn.Module):
    """A number of a network that follows a schedule: each step sets it, and a model keeps it."""

    value: Tensor

    def __init__(self, value: float | Schedule) -> None:
        super().__init__()
        self.schedule = scheduled(value)
        self.register_buffer("value", torch.tensor(float(self.schedule(0))))

    def follow(self, images: int) -> None:
        """Take the value that the schedule has after so many images."""
        self.value.fill_(self.schedule(images))

    def forward(self) -> Tensor:
        """The value now, a scalar."""
        return self.value


class Head(nn.Module):
    """Numbers (N, *shape) to a sample (N, *shape) in float32.

    Args:
        spec: Of the sample; its blocks lie side by side along the first axis of a sample.
        head: "tanh", "leaky" or "linear" where there are no blocks; the spec's own if None.
        softmax: How blocks of that head are filled. "plain": with probabilities. "straight": 1
            for the most probable and 0 for all others, with the slope of the probabilities
            (Bengio et al., 2013). "gumbel": as drawn by chance, softly (Jang et al., 2017, and
            Maddison et al., 2017); "straight_gumbel": drawn, 1 and 0. Out of training the chance
            follows from the latent, so that a sample is a function of it.
        temperature: What logits of softmax blocks are divided by: a number or a schedule.

    Raises:
        InputError: blocks that do not add up to the sample, or a setting out of range.
    """

    def __init__(
        self,
        spec: Spec,
        head: str | None = None,
        softmax: str = "plain",
        temperature: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.head, self.blocks = head or spec.head, spec.blocks
        self.clear = spec.head == "opacity"
        self.drawn, self.hard = choose("softmax", softmax, CHOICES)
        for block in self.blocks:
            choose("head", block.head, dict.fromkeys(("softmax", "tanh", "leaky", "linear")))
        total = sum(block.size for block in self.blocks)
        if self.blocks and total != spec.shape[0]:
            raise InputError(f"blocks of {total} numbers do not make samples of {spec.shape}.")
        softened = any(block.head == "softmax" for block in self.blocks)
        if softened and not scheduled(temperature)(0) > 0.0:
            raise InputError("a softmax's temperature must be above 0.")
        self.temperature = Setting(temperature) if softened else None

    def forward(self, sample: Tensor, latent: Tensor) -> Tensor:
        """The sample; `latent` (N, L) decides what is drawn out of training."""
        if not self.blocks:
            made = bounded(sample, self.head)
            return laid(made) if self.clear else made
        chosen = sample + self._noise(sample, latent) if self.drawn else sample
        parts = zip(self.blocks, self._split(sample), self._split(chosen), strict=True)
        return torch.cat(
            [
                self._chosen(logits) if block.head == "softmax" else bounded(part, block.head)
                for block, part, logits in parts
            ],
            dim=1,
        )

    def _split(self, sample: Tensor) -> tuple[Tensor, ...]:
        return sample.split([block.size for block in self.blocks], dim=1)

    def _chosen(self, logits: Tensor) -> Tensor:
        assert self.temperature is not None
        soft = F.softmax(precise(logits) / self.temperature(), dim=1)
        if not self.hard:
            return soft
        one = torch.zeros_like(soft).scatter(1, soft.argmax(1, keepdim=True), 1.0)
        return one + (soft - soft.detach())  # in this order exactly 1 and 0

    def _noise(self, sample: Tensor, latent: Tensor) -> Tensor:
        """Gumbel noise, -log of exponential noise."""
        if self.training or sample.is_meta or not latent.shape[1]:
            return -torch.empty_like(sample, dtype=torch.float32).exponential_().log()
        rows = latent.detach().float().cpu().numpy()
        streams = [stream("head", row.tobytes().hex()) for row in rows]
        drawn = [torch.empty(sample.shape[1:]).exponential_(generator=one) for one in streams]
        return -torch.stack(drawn).log().to(sample.device)
