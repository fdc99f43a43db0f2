"""Recipes that mend pictures, learnt from whole pictures alone."""

from __future__ import annotations

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS, picture_duel

INVENTED = ("jpeg", "colour")
"""Kinds of restoration where so much is lost that a discriminator helps to make it up."""


def superres(
    *,
    scale: int = 4,
    realistic: bool = True,
    width: int = 48,
    blocks: int = 6,
    l1: float = 25.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    warmup: float = 0.0,
    lr: float = 1e-3,
    batch: int = 8,
) -> Recipe:
    """Super-resolution of pictures as they really come (after Wang et al. 2021).

    Args:
        scale: how many times as high and wide.
        realistic: small pictures have blur, noise and JPEG; otherwise they are only shrunk.
        width: channels of the generator.
        blocks: residual blocks of the generator.
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1.
        lr: Adam's learning rate for both players at the start.
        batch: pictures a turn.
    """
    return picture_duel(
        "superres",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks),
        Part(f"{TASKS}.superres:Superres", scale=scale, realistic=realistic),
        form="none",
        l1=l1,
        perceptual=perceptual,
        matching=matching,
        adversarial=adversarial,
        warmup=warmup,
        lr=lr,
        batch=batch,
    )


def inpaint(
    *,
    masks: str = "mixed",
    width: int = 32,
    l1: float = 100.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    warmup: float = 0.0,
    gamma: float = 2.0,
    lr: float = 5e-4,
    batch: int = 8,
) -> Recipe:
    """Fill holes in pictures; known pixels are kept to the bit (after Suvorov et al. 2022).

    Args:
        masks: the holes trained on: box, freeform or mixed.
        width: channels of the U-Net's finest layer.
        l1: weight of the distance to the true picture, the mean over known pixels too.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1.
        gamma: weight of R1 on real pictures; high, because a hole is easily told.
        lr: Adam's learning rate for both players at the start.
        batch: pictures a turn.
    """
    return picture_duel(
        "inpaint",
        _mender(width),
        Part(f"{TASKS}.inpaint:Inpaint", masks=masks),
        l1=l1,
        perceptual=perceptual,
        matching=matching,
        adversarial=adversarial,
        warmup=warmup,
        gamma=gamma,
        lr=lr,
        batch=batch,
    )


def restore(
    *,
    kind: str = "denoise",
    width: int = 48,
    blocks: int = 6,
    l1: float = 50.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float | None = None,
    warmup: float = 0.0,
    lr: float = 1e-3,
    batch: int = 8,
) -> Recipe:
    """Undo what happened to pictures: noise, JPEG, blur, a watermark, or the loss of colour.

    Args:
        kind: denoise, jpeg, deblur, watermark or colour.
        width: channels of the generator, which works on folded pictures.
        blocks: residual blocks of the generator.
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; by default 1 for jpeg and colour, and 0 for
            the others, which L1 alone brings nearer to the truth in every score.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1.
        lr: Adam's learning rate for both players at the start.
        batch: pictures a turn.
    """
    if adversarial is None:
        adversarial = float(kind in INVENTED)
    return picture_duel(
        "restore",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks, fold=2),
        Part(f"{TASKS}.restore:Restore", kind=kind),
        l1=l1,
        perceptual=perceptual,
        matching=matching,
        adversarial=adversarial,
        warmup=warmup,
        lr=lr,
        batch=batch,
    )


def blend(
    *,
    strength: float = 0.5,
    width: int = 32,
    l1: float = 50.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    warmup: float = 0.0,
    lr: float = 5e-4,
    batch: int = 8,
) -> Recipe:
    """Make a pasted object fit its new surroundings, learnt from photos alone (Tsai et al. 2017).

    Args:
        strength: how far the colours of what is pasted may be off, in [0, 1].
        width: channels of the U-Net's finest layer.
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1.
        lr: Adam's learning rate for both players at the start.
        batch: pictures a turn.
    """
    return picture_duel(
        "blend",
        _mender(width),
        Part(f"{TASKS}.blend:Blend", strength=strength),
        l1=l1,
        perceptual=perceptual,
        matching=matching,
        adversarial=adversarial,
        warmup=warmup,
        lr=lr,
        batch=batch,
    )


def _mender(width: int) -> Part:
    """A U-Net that adds to what it is given, so nothing may squash the sum."""
    return Part(
        f"{NETWORKS}.unet:Generator", width=width, residual=True, norm="none", head="linear"
    )
