"""What the recipes share whose generator is told how far it is from the true picture."""

from __future__ import annotations

from typing import Any

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.recipe import Recipe

NETWORKS = "sparring.networks"
TASKS = "sparring.tasks"
TERMS = "sparring.losses.pictures"


def picture_duel(
    name: str,
    generator: Part,
    task: Part,
    *,
    l1: float,
    adversarial: float,
    matching: float,
    perceptual: float,
    lr: float,
    batch: int,
    discriminator_width: int = 32,
    gamma: float = 0.5,
    lr_end: float = 1e-4,
    scales: int = 1,
    form: str = "concat",
    warmup: float = 0.0,
) -> Recipe:
    """A duel of patches whose generator also pays distances to the true picture.

    Without an adversarial weight the discriminator has no turn; in its `warmup` it has
    none yet, and the generator learns from L1 alone (as Ledig et al., 2017, section 3.2).

    Raises:
        InputError: a warm-up without L1.
    """
    discriminator = Part(
        f"{NETWORKS}.patch:Discriminator", width=discriminator_width, scales=scales, form=form
    )
    if warmup and not l1:
        raise InputError("before the discriminator (warmup) a generator learns from L1: set l1.")

    def late(weight: float) -> Any:
        if not (warmup and weight):
            return weight
        return Part("sparring.core.schedule:after", value=weight, images=warmup)

    weights = {"l1": l1, "perceptual": late(perceptual)}
    if adversarial and matching:
        weights["feature_matching"] = late(matching)
    terms = tuple(
        Part(f"{TERMS}:{term}", weight=weight) for term, weight in weights.items() if weight
    )
    if adversarial:
        terms = (*terms, Part("sparring.losses.penalties:r1", weight=gamma, every=8))
    fall = Part("sparring.core.schedule:cosine", start=lr, end=lr_end)
    optimizer = Part("sparring.training.optimizers:adam", lr=lr, beta1=0.5, beta2=0.99)
    turns: dict[str, Any] = {} if adversarial else {"turns": ("generator",)}
    return Recipe(
        name=name,
        game=Part("sparring.games.duel:Duel", weight=late(adversarial)),
        networks={"generator": generator, "discriminator": discriminator},
        optimizers=dict.fromkeys(("generator", "discriminator"), optimizer),
        learning_rates=dict.fromkeys(("generator", "discriminator"), fall),
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=terms,
        task=task,
        warmup=warmup if adversarial else 0.0,
        latent=0,
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
        batch=batch,
        **turns,
    )
