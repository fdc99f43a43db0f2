"""What the discriminator pays for steepness or overconfidence: functions that return a Term.

Penalties are measured in float32 through the discriminator's own forward pass. `weight` is a
number or a schedule of images seen; with `every` above 1 a term is due on every so manieth step
and then weighs that much more (lazy regularisation: Karras et al., 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.ranges import Above, Amount, Below, Every
from sparring.core.schedule import Schedule, scheduled
from sparring.core.types import Measure, Round, Term

Weight = Amount | Schedule
NO_GENERATOR = ("cpu", "meta")
"""Device types without a generator of their own beside torch's first."""


def r1(weight: Weight = 1.0, every: Every = 1) -> Term:
    """E |grad D(real)|^2 / 2, weighed by gamma (Mescheder et al., 2018, eq. 9)."""
    return _term("r1", lambda played: _steepness(played.gradient("real")), weight, every, "real")


def r2(weight: Weight = 1.0, every: Every = 1) -> Term:
    """E |grad D(fake)|^2 / 2, weighed by gamma (Mescheder et al., 2018, eq. 10)."""
    return _term("r2", lambda played: _steepness(played.gradient("fake")), weight, every, "fake")


def gradient_penalty(weight: Weight = 10.0, every: Every = 1, target: Amount = 1.0) -> Term:
    """E (|grad D(x)| - target)^2 at points between real and fake (Gulrajani et al., 2017, eq. 3).

    Each x lies at a uniformly random place on the line from one real to one fake sample.
    """

    def measure(played: Round) -> Tensor:
        share = _column(torch.rand(len(played.real), device=played.real.device), played.real)
        real, fake = played.real.detach().float(), played.fake.detach().float()
        return _norm_error(played, "fake", torch.lerp(real, fake, share), target)

    return _term("gradient_penalty", measure, weight, every)


def dragan(
    weight: Weight = 10.0, every: Every = 1, target: Amount = 1.0, spread: Above = 0.5
) -> Term:
    """E (|grad D(x)| - target)^2 at noisy real samples (Kodali et al., 2017).

    The noise is normal, with `spread` times the standard deviation of all numbers in the batch.
    """

    def measure(played: Round) -> Tensor:
        real, mean = played.real.detach().float(), played.turn.mean
        variance = mean(real.square().mean()) - mean(real.mean()).square()
        noise = spread * variance.clamp_min(0.0).sqrt() * torch.randn_like(real)
        return _norm_error(played, "real", real + noise, target)

    return _term("dragan", measure, weight, every)


def finite_r1(weight: Weight = 1.0, every: Every = 1, sigma: Above = 0.1) -> Term:
    """R1 without a double backward: E (D(x + sigma e) - D(x))^2 / (2 sigma^2) at real samples.

    With e standard normal its mean tends to R1 as sigma tends to 0 (approximated R1: Lin et al.,
    2025, arXiv 2501.08316). In bfloat16 a small sigma measures rounding errors.
    """
    return _finite("finite_r1", "real", weight, every, sigma)


def finite_r2(weight: Weight = 1.0, every: Every = 1, sigma: Above = 0.1) -> Term:
    """R2 without a double backward: `finite_r1` at fake samples."""
    return _finite("finite_r2", "fake", weight, every, sigma)


def lecam(weight: Weight = 0.3, every: Every = 1, decay: Below = 0.99) -> Term:
    """E (D(real) - a_fake)^2 + E (D(fake) - a_real)^2 (LeCam: Tseng et al., 2021).

    The anchors a are running means of the logits on real and on fake samples, saved with the
    run. Of little use with the relativistic loss, whose logits are free to drift together.
    """
    if not 0.0 <= decay < 1.0:
        raise InputError(f"decay must lie in [0, 1), not {decay!r}.")
    return _term("lecam", _LeCam(decay), weight, every)


class _LeCam(nn.Module):
    """The measure of `lecam`; the anchors start at the first means."""

    real: Tensor
    fake: Tensor

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("real", torch.tensor(torch.nan))
        self.register_buffer("fake", torch.tensor(torch.nan))

    def forward(self, played: Round) -> Tensor:
        assert played.real_verdict is not None, "the discriminator's turn judges real samples"
        real, fake = played.real_verdict.logits.float(), played.fake_verdict.logits.float()
        self._move(self.real, played.turn.mean(real.detach().mean()))
        self._move(self.fake, played.turn.mean(fake.detach().mean()))
        # Clones, because the anchors may move again before this graph is walked back.
        anchors = self.real.clone(), self.fake.clone()
        return (real - anchors[1]).square().mean() + (fake - anchors[0]).square().mean()

    def _move(self, anchor: Tensor, mean: Tensor) -> None:
        moved = torch.where(anchor.isnan(), mean, self.decay * anchor + (1 - self.decay) * mean)
        # A non-finite step is skipped by the loop, and must leave no trace here either.
        anchor.copy_(torch.where(mean.isfinite(), moved, anchor))


def _term(name: str, measure: Measure, weight: Weight, every: int, *gradients: str) -> Term:
    if not isinstance(every, int) or every < 1:
        raise InputError(f"{name}.every must be a whole number above 0, not {every!r}.")
    return Term(name, "discriminator", measure, scheduled(weight), every, frozenset(gradients))


def _steepness(gradient: Tensor) -> Tensor:
    return gradient.float().flatten(1).square().sum(1).mean() / 2.0


def _norm_error(played: Round, which: str, points: Tensor, target: float) -> Tensor:
    """E (|grad D(points)| - target)^2."""
    points = points.requires_grad_(True)
    logits = played.discriminate_as(which, points).logits.float().mean(1).sum()
    (gradient,) = torch.autograd.grad(logits, points, create_graph=True)
    # The tiny constant keeps the root's own gradient finite where D is flat.
    norm = (gradient.float().flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norm - target).square().mean()


def _finite(name: str, which: str, weight: Weight, every: int, sigma: float) -> Term:
    if not sigma > 0.0:
        raise InputError(f"{name}.sigma must be above 0, not {sigma!r}.")

    def measure(played: Round) -> Tensor:
        points = getattr(played, which).detach().float()
        noise = sigma * torch.randn_like(points)
        change = _change(played, which, points, points + noise) / sigma
        return change.mean(1).square().mean() / 2.0

    return _term(name, measure, weight, every)


def _change(played: Round, which: str, points: Tensor, moved: Tensor) -> Tensor:
    """D(moved) - D(points), both under the same augmentation and dropout."""
    before = _random_state(points.device)
    there = played.discriminate_as(which, moved).logits.float()
    after = _random_state(points.device)
    if all(map(torch.equal, before, after)):
        # Nothing was drawn at random, so the verdict at hand is the one to compare with.
        return there - getattr(played, f"{which}_verdict").logits.float()
    _set_random_state(points.device, before)
    return there - played.discriminate_as(which, points).logits.float()


def _random_state(device: torch.device) -> list[Tensor]:
    """The states of torch's generators, the CPU's first."""
    states = [torch.get_rng_state()]
    if device.type not in NO_GENERATOR:
        states.append(torch.get_device_module(device).get_rng_state())
    return states


def _set_random_state(device: torch.device, states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.get_device_module(device).set_rng_state(states[1])


def _column(values: Tensor, like: Tensor) -> Tensor:
    """(N,) as (N, 1, ...), to multiply `like`."""
    return values.reshape(-1, *[1] * (like.dim() - 1))
