"""Recipes that mend pictures, learnt from whole pictures alone."""

from __future__ import annotations

import dataclasses

from sparring.core.part import Part
from sparring.core.ranges import Amount, Depth, Factor, Share, Size
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS, PictureDuel, picture_duel

INVENTED = ("jpeg", "colour")
"""Kinds of restoration where so much is lost that a discriminator helps to make it up."""
ALONE = 0.7
"""Share of a restoration's training before the discriminator comes."""


def superres(
    *,
    scale: Factor = 4,
    realistic: bool = True,
    width: Size = 48,
    blocks: Depth = 6,
    duel: PictureDuel = PictureDuel(l1=25.0, lr=1e-3),
) -> Recipe:
    """Super-resolution of pictures as they really come (after Wang et al. 2021).

    Args:
        scale: how many times as high and wide.
        realistic: small pictures have blur, noise and JPEG; otherwise they are only shrunk.
        width: channels of the generator.
        blocks: residual blocks of the generator.
        duel: what its players pay and how they learn.
    """
    return picture_duel(
        "superres",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks),
        Part(f"{TASKS}.superres:Superres", scale=scale, realistic=realistic),
        duel,
        form="none",
    )


def inpaint(
    *,
    masks: str = "mixed",
    width: Size = 32,
    duel: PictureDuel = PictureDuel(l1=100.0, gamma=2.0),
) -> Recipe:
    """Fill holes in pictures; known pixels are kept to the bit (after Suvorov et al. 2022).

    Args:
        masks: the holes trained on: box, freeform or mixed.
        width: channels of the U-Net's finest layer.
        duel: what its players pay and how they learn.
    """
    return picture_duel(
        "inpaint",
        _mender(width),
        Part(f"{TASKS}.inpaint:Inpaint", masks=masks),
        duel,
    )


def restore(
    *,
    kind: str = "denoise",
    width: Size = 48,
    blocks: Depth = 6,
    adversarial: Amount | None = None,
    warmup: Amount | None = None,
    duel: PictureDuel = PictureDuel(lr=1e-3),
) -> Recipe:
    """Undo what happened to pictures: noise, JPEG, blur, a watermark, or the loss of colour.

    Args:
        kind: denoise, jpeg, deblur, watermark or colour.
        width: channels of the generator, which works on folded pictures.
        blocks: residual blocks of the generator.
        adversarial: weight of the adversarial loss; by default 1 for jpeg and colour, and 0 for
            the others, which L1 alone brings nearer to the truth.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1;
            by default 0.7 where there is a discriminator.
        duel: what its players pay and how they learn.
    """
    if adversarial is None:
        adversarial = float(kind in INVENTED)
    if warmup is None:
        warmup = ALONE if adversarial and duel.l1 else 0.0
    return picture_duel(
        "restore",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks, fold=2),
        Part(f"{TASKS}.restore:Restore", kind=kind),
        dataclasses.replace(duel, adversarial=adversarial, warmup=warmup),
    )


def blend(
    *,
    strength: Share = 0.5,
    width: Size = 32,
    duel: PictureDuel = PictureDuel(),
) -> Recipe:
    """Make a pasted object fit its new surroundings, learnt from photos alone (Tsai et al. 2017).

    Args:
        strength: how far the colours of what is pasted may be off, in [0, 1].
        width: channels of the U-Net's finest layer.
        duel: what its players pay and how they learn.
    """
    return picture_duel(
        "blend",
        _mender(width),
        Part(f"{TASKS}.blend:Blend", strength=strength),
        duel,
    )


def _mender(width: int) -> Part:
    """A U-Net that adds to what it is given, so nothing may squash the sum."""
    return Part(
        f"{NETWORKS}.unet:Generator", width=width, residual=True, norm="none", head="linear"
    )
