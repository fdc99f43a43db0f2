"""What the recipes share whose generator is told how far it is from the true picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Factor, Rate, Size
from sparring.core.recipe import Recipe

NETWORKS = "sparring.networks"
TASKS = "sparring.tasks"
TERMS = "sparring.losses.pictures"


@dataclass(frozen=True, kw_only=True)
class PictureDuel:
    """How such players are paid, and how they learn.

    Args:
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1.
        gamma: weight of R1 on real samples; the recipe's own if not given.
        discriminator_width: channels of the discriminator after its first halving.
        scales: discriminators, each at half the extent of the one before.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
        batch: real samples a turn.
    """

    l1: Amount = 50.0
    perceptual: Amount = 0.0
    matching: Amount = 10.0
    adversarial: Amount = 1.0
    warmup: Amount = 0.0
    gamma: Amount | None = 0.5
    discriminator_width: Size = 32
    scales: Factor = 1
    lr: Rate = 5e-4
    lr_end: Rate = 1e-4
    batch: Batch = 8


def picture_duel(
    name: str,
    generator: Part,
    task: Part,
    duel: PictureDuel,
    form: str = "concat",
    judged: str = "patch",
) -> Recipe:
    """A duel of patches whose generator also pays distances to the true sample.

    The discriminator is that of the network `judged`. Without an adversarial weight it has no
    turn; in the `warmup` it has none yet, and the generator learns from L1 alone (as Ledig et al.,
    2017, section 3.2).

    Raises:
        InputError: a warm-up without L1.
    """
    if duel.warmup and not duel.l1:
        raise InputError("before the discriminator (warmup) a generator learns from L1: set l1.")
    discriminator = Part(
        f"{NETWORKS}.{judged}:Discriminator",
        width=duel.discriminator_width,
        scales=duel.scales,
        form=form,
    )
    fall = Part("sparring.core.schedule:cosine", start=duel.lr, end=duel.lr_end)
    optimizer = Part("sparring.training.optimizers:adam", lr=duel.lr, beta1=0.5, beta2=0.99)
    turns: dict[str, Any] = {} if duel.adversarial else {"turns": ("generator",)}
    return Recipe(
        name=name,
        game=Part("sparring.games.duel:Duel", weight=_late(duel, duel.adversarial)),
        networks={"generator": generator, "discriminator": discriminator},
        optimizers=dict.fromkeys(("generator", "discriminator"), optimizer),
        learning_rates=dict.fromkeys(("generator", "discriminator"), fall),
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=_terms(duel),
        task=task,
        warmup=duel.warmup if duel.adversarial else 0.0,
        latent=0,
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
        batch=duel.batch,
        **turns,
    )


def _terms(duel: PictureDuel) -> tuple[Part, ...]:
    """What the players pay beside the adversarial loss."""
    weights = {"l1": duel.l1, "perceptual": _late(duel, duel.perceptual)}
    if duel.adversarial and duel.matching:
        weights["feature_matching"] = _late(duel, duel.matching)
    terms = tuple(
        Part(f"{TERMS}:{term}", weight=weight) for term, weight in weights.items() if weight
    )
    if not duel.adversarial:
        return terms
    return (*terms, Part("sparring.losses.penalties:r1", weight=duel.gamma, every=8))


def _late(duel: PictureDuel, weight: Amount) -> Any:
    """The weight, from the end of the warm-up on."""
    if not (duel.warmup and weight):
        return weight
    return Part("sparring.core.schedule:after", value=weight, images=duel.warmup)
