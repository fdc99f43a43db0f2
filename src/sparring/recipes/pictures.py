"""Recipes that make a picture from a picture."""

from __future__ import annotations

from typing import Any

from sparring.part import Part
from sparring.recipe import Recipe

NETWORKS = "sparring.networks"
TERMS = "sparring.losses.pictures"


def pix2pix(
    *,
    width: int = 32,
    judge_width: int = 32,
    scales: int = 1,
    l1: float = 50.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    gamma: float = 0.1,
    flip: bool = True,
    lr: float = 1e-3,
    lr_end: float = 1e-4,
    images: int = 60_000,
    batch: int = 8,
) -> Recipe:
    """Paired translation: U-Net against patches, L1, feature matching (Isola et al. 2017).

    Args:
        width: channels of the U-Net after its first halving.
        judge_width: channels of the discriminator after its first halving.
        scales: discriminators, each at half the extent of the one before.
        l1: weight of the distance to the true picture.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        gamma: weight of R1 on real pictures.
        flip: mirror half of the pairs while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate after so many images.
        images: real samples over which the learning rate falls.
        batch: pairs a turn.
    """
    generator = Part(f"{NETWORKS}.unet:Generator", width=width)
    return _picture_duel(
        "pix2pix",
        generator,
        Part("sparring.tasks.translate:Translate", flip=flip),
        terms=(Part(f"{TERMS}:l1", weight=l1),),
        judge_width=judge_width,
        scales=scales,
        matching=matching,
        adversarial=adversarial,
        gamma=gamma,
        lr=lr,
        lr_end=lr_end,
        images=images,
        batch=batch,
    )


def _picture_duel(
    name: str,
    generator: Part,
    task: Part,
    *,
    terms: tuple[Part, ...],
    judge_width: int,
    adversarial: float,
    matching: float,
    gamma: float,
    lr: float,
    lr_end: float,
    images: int,
    batch: int,
    scales: int = 1,
    form: str = "concat",
) -> Recipe:
    """A duel of patches whose generator also pays distances to the true picture.

    Without an adversarial weight the discriminator has no turn.
    """
    judge = Part(f"{NETWORKS}.patch:Discriminator", width=judge_width, scales=scales, form=form)
    if adversarial:
        penalty = Part("sparring.losses.penalties:r1", weight=gamma, every=8)
        matched = (Part(f"{TERMS}:feature_matching", weight=matching),) if matching else ()
        terms = (*terms, *matched, penalty)
    fall = Part("sparring.schedule:cosine", start=lr, end=lr_end, images=images)
    optimizer = Part("sparring.optimizers:adam", lr=lr, beta1=0.5, beta2=0.99)
    turns: dict[str, Any] = {} if adversarial else {"turns": ("generator",)}
    return Recipe(
        name=name,
        game=Part("sparring.games.duel:Duel", weight=adversarial),
        networks={"generator": generator, "discriminator": judge},
        optimizers=dict.fromkeys(("generator", "discriminator"), optimizer),
        learning_rates=dict.fromkeys(("generator", "discriminator"), fall),
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=terms,
        task=task,
        latent=0,
        ema=Part("sparring.schedule:share", fraction=0.05, most=20_000.0),
        batch=batch,
        **turns,
    )
