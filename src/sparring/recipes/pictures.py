"""Recipes that make a picture from a picture."""

from __future__ import annotations

from typing import Any

from sparring.part import Part
from sparring.recipe import Recipe

NETWORKS = "sparring.networks"
TASKS = "sparring.tasks"
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
        width: channels of the U-Net's finest layer.
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
        Part(f"{TASKS}.translate:Translate", flip=flip),
        l1=l1,
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


def superres(
    *,
    scale: int = 4,
    realistic: bool = True,
    width: int = 48,
    blocks: int = 6,
    l1: float = 50.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    lr: float = 1e-3,
    images: int = 60_000,
    batch: int = 8,
) -> Recipe:
    """Super-resolution of pictures as they really come (after Wang et al. 2021).

    Args:
        scale: how many times as high and wide.
        realistic: small pictures have blur, noise and JPEG; otherwise they are only shrunk.
        width: channels of the generator.
        blocks: residual blocks of the generator.
        l1: weight of the distance to the true picture.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        lr: Adam's learning rate for both players at the start.
        images: real samples over which the learning rate falls.
        batch: pictures a turn.
    """
    return _picture_duel(
        "superres",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks),
        Part(f"{TASKS}.superres:Superres", scale=scale, realistic=realistic),
        form="none",
        l1=l1,
        matching=matching,
        adversarial=adversarial,
        lr=lr,
        images=images,
        batch=batch,
    )


def inpaint(
    *,
    masks: str = "mixed",
    width: int = 32,
    l1: float = 50.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    lr: float = 1e-3,
    images: int = 60_000,
    batch: int = 8,
) -> Recipe:
    """Fill holes in pictures; known pixels are kept to the bit (after Suvorov et al. 2022).

    Args:
        masks: the holes trained on: box, freeform or mixed.
        width: channels of the U-Net's finest layer.
        l1: weight of the distance to the true picture.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        lr: Adam's learning rate for both players at the start.
        images: real samples over which the learning rate falls.
        batch: pictures a turn.
    """
    return _picture_duel(
        "inpaint",
        Part(f"{NETWORKS}.unet:Generator", width=width, residual=True),
        Part(f"{TASKS}.inpaint:Inpaint", masks=masks),
        l1=l1,
        matching=matching,
        adversarial=adversarial,
        lr=lr,
        images=images,
        batch=batch,
    )


def restore(
    *,
    kind: str = "denoise",
    width: int = 32,
    l1: float = 50.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    lr: float = 1e-3,
    images: int = 60_000,
    batch: int = 8,
) -> Recipe:
    """Undo what happened to pictures: noise, JPEG, blur, a watermark, or the loss of colour.

    Args:
        kind: denoise, jpeg, deblur, watermark or colour.
        width: channels of the U-Net's finest layer.
        l1: weight of the distance to the true picture.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        lr: Adam's learning rate for both players at the start.
        images: real samples over which the learning rate falls.
        batch: pictures a turn.
    """
    return _picture_duel(
        "restore",
        Part(f"{NETWORKS}.unet:Generator", width=width, residual=True, norm="none"),
        Part(f"{TASKS}.restore:Restore", kind=kind),
        l1=l1,
        matching=matching,
        adversarial=adversarial,
        lr=lr,
        images=images,
        batch=batch,
    )


def blend(
    *,
    strength: float = 0.5,
    width: int = 32,
    l1: float = 50.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    lr: float = 1e-3,
    images: int = 60_000,
    batch: int = 8,
) -> Recipe:
    """Make a pasted object fit its new surroundings, learnt from photos alone (Tsai et al. 2017).

    Args:
        strength: how far the colours of what is pasted may be off, in [0, 1].
        width: channels of the U-Net's finest layer.
        l1: weight of the distance to the true picture.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        lr: Adam's learning rate for both players at the start.
        images: real samples over which the learning rate falls.
        batch: pictures a turn.
    """
    return _picture_duel(
        "blend",
        Part(f"{NETWORKS}.unet:Generator", width=width, residual=True, norm="none"),
        Part(f"{TASKS}.blend:Blend", strength=strength),
        l1=l1,
        matching=matching,
        adversarial=adversarial,
        lr=lr,
        images=images,
        batch=batch,
    )


def _picture_duel(
    name: str,
    generator: Part,
    task: Part,
    *,
    l1: float,
    adversarial: float,
    matching: float,
    lr: float,
    images: int,
    batch: int,
    judge_width: int = 32,
    gamma: float = 0.1,
    lr_end: float = 1e-4,
    scales: int = 1,
    form: str = "concat",
) -> Recipe:
    """A duel of patches whose generator also pays distances to the true picture.

    Without an adversarial weight the discriminator has no turn.
    """
    judge = Part(f"{NETWORKS}.patch:Discriminator", width=judge_width, scales=scales, form=form)
    terms: tuple[Part, ...] = (Part(f"{TERMS}:l1", weight=l1),)
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
