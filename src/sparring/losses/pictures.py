"""What a generator of pictures pays beside its adversarial loss: functions that return a Term.

`weight` is a number or a schedule of images seen; a term whose weight is the number 0 measures
nothing. With `every` above 1 it is due on every so manieth step and weighs that much more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.ranges import Above, Amount, Every
from sparring.core.schedule import Schedule, scheduled
from sparring.core.types import Measure, Round, Term
from sparring.networks.backbone import block_features, coloured

Weight = Amount | Schedule
Features = Callable[[Tensor], Tensor | Sequence[Tensor]]
BLOCKS = 16
"""Blocks of EfficientNet-Lite0."""


def l1(weight: Weight = 100.0, every: Every = 1) -> Term:
    """E |fake - real|, the mean over all numbers (pix2pix: Isola et al., 2017, eq. 3)."""
    return _term("l1", lambda played: _error(played).mean(), weight, every)


def charbonnier(weight: Weight = 100.0, every: Every = 1, epsilon: Above = 1e-3) -> Term:
    """E sqrt((fake - real)^2 + epsilon^2), a smooth L1 (Lai et al., 2017, LapSRN)."""
    if not epsilon > 0.0:
        raise InputError(f"charbonnier.epsilon must be above 0, not {epsilon!r}.")

    def measure(played: Round) -> Tensor:
        return (_error(played).square() + epsilon**2).sqrt().mean()

    return _term("charbonnier", measure, weight, every)


def hole_l1(weight: Weight = 1.0, every: Every = 1, hole: Amount = 6.0) -> Term:
    """L1 on what was known, and `hole` times L1 on what was missing (Liu et al., 2018).

    The condition's last channel is the mask (1 = missing). As in the paper (partial convolutions,
    section 3.3, which has `hole` = 6) both sums are divided by the count of all numbers.

    Raises:
        InputError: at the first turn, where the task gives no mask.
    """

    def measure(played: Round) -> Tensor:
        given = played.condition.map
        if given is None or given.shape[1] != played.real.shape[1] + 1:
            raise InputError("the loss 'hole_l1' needs a task that gives a mask, such as Inpaint.")
        return (_error(played) * (1.0 + (hole - 1.0) * given[:, -1:].float())).mean()

    return _term("hole_l1", measure, weight, every)


def feature_matching(weight: Weight = 10.0, every: Every = 1) -> Term:
    """L1 between the discriminator's features of real and of fake (Wang et al., 2018, eq. 4).

    The mean over each layer, then over layers.

    Raises:
        InputError: at the first turn, where the discriminator keeps no features.
    """

    def measure(played: Round) -> Tensor:
        assert played.real_verdict is not None, "a term that reads the verdict on real samples"
        real, fake = played.real_verdict.features, played.fake_verdict.features
        if not fake:
            raise InputError("feature_matching needs a discriminator with keep_features=True.")
        return _distance(real, fake)

    return _term("feature_matching", measure, weight, every, reads_real=True)


def perceptual(
    weight: Weight = 1.0,
    every: Every = 1,
    network: str | Features = "efficientnet",
    layers: Sequence[int] = (0, 2, 4, 10),
) -> Term:
    """L1 between a frozen network's features of fake and of real (Johnson et al., 2016, eq. 2).

    The paper squares; L1 is that of Wang et al. (2018). "efficientnet" is EfficientNet-Lite0 (an
    extra) at the picture's own extent, at least 32 px; `layers` are blocks of it, 0 to 15, and
    the default ones have a half to a sixteenth of the extent. Any other `network` is a function
    or a Part of one: it maps (N, 3, H, W) in [-1, 1] to one or several tensors. It is no part of
    the run: nothing of it is trained or saved. Its blocks' features are of like size, so each
    layer counts alike.

    Raises:
        InputError: an unknown network or layer; at the first turn, a missing extra.
    """
    features = _features_of(network, tuple(layers))

    def measure(played: Round) -> Tensor:
        with torch.no_grad():
            real = features(played.real.detach().float())
        return _distance(real, features(played.fake.float()))

    return _term("perceptual", measure, weight, every)


def total_variation(weight: Weight = 0.1, every: Every = 1) -> Term:
    """E |x - neighbour below| + E |x - neighbour to the right| (Rudin et al., 1992; here L1)."""

    def measure(played: Round) -> Tensor:
        fake = played.fake.float()
        return fake.diff(dim=-2).abs().mean() + fake.diff(dim=-1).abs().mean()

    return _term("total_variation", measure, weight, every)


def _term(
    name: str, measure: Measure, weight: Weight, every: int, reads_real: bool = False
) -> Term:
    if not isinstance(every, int) or every < 1:
        raise InputError(f"{name}.every must be a whole number above 0, not {every!r}.")
    return Term(name, "generator", measure, scheduled(weight), every, reads_real=reads_real)


def _error(played: Round) -> Tensor:
    return (played.fake.float() - played.real.float()).abs()


def _distance(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The mean over layers of the mean absolute difference."""
    pairs = zip(real, fake, strict=True)
    return torch.stack([(f.float() - r.detach().float()).abs().mean() for r, f in pairs]).mean()


def _features_of(
    network: str | Features, layers: tuple[int, ...]
) -> Callable[[Tensor], Sequence[Tensor]]:
    if callable(network):
        return _own_features(network)
    if network != "efficientnet":
        raise InputError(f"perceptual.network is 'efficientnet' or a Part, not {network!r}.")
    if not layers or not all(isinstance(i, int) and 0 <= i < BLOCKS for i in layers):
        raise InputError(f"perceptual.layers are whole numbers from 0 to 15, not {layers!r}.")
    # Loaded at the first turn: a trained model is read without the extra.
    return lambda pictures: block_features(pictures, layers)


def _own_features(network: Features) -> Callable[[Tensor], Sequence[Tensor]]:
    if isinstance(network, nn.Module):
        network.eval().requires_grad_(False)

    def read(pictures: Tensor) -> Sequence[Tensor]:
        if isinstance(network, nn.Module):
            network.to(pictures.device)
        found = network(coloured(pictures))
        return (found,) if isinstance(found, Tensor) else found

    return read
