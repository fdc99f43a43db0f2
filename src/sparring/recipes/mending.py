"""Recipes that mend pictures and sound, learnt from whole ones alone."""

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
WIDTH, BLOCKS = 192, 4
"""Channels of a frame of sound, and the blocks that work on them."""


def superres(
    *,
    scale: Factor = 4,
    realistic: bool = True,
    plain: Share = 0.0,
    halved: Share = 0.0,
    vivid: Share = 0.0,
    width: Size = 48,
    blocks: Depth = 6,
    averaged: bool = False,
    duel: PictureDuel = PictureDuel(l1=25.0, lr=1e-3),
) -> Recipe:
    """Super-resolution of pictures as they really come (after Wang et al. 2021).

    Args:
        scale: how many times as high and wide.
        realistic: small pictures have blur, noise and JPEG; otherwise they are only shrunk.
        plain: share of realistic ones that are only shrunk all the same.
        halved: share of the JPEGs whose colours are at half the extent (4:2:0).
        vivid: share of the pictures whose colours are changed and made stronger, so that no colour
            is a stranger.
        width: channels of the generator.
        blocks: residual blocks of the generator.
        averaged: average what the generator adds over 2 x 2 pixels, so that no mesh is left.
        duel: what its players pay and how they learn.
    """
    return picture_duel(
        "superres",
        Part(f"{NETWORKS}.upscaler:Generator", width=width, blocks=blocks, averaged=averaged),
        Part(
            f"{TASKS}.superres:Superres",
            scale=scale,
            realistic=realistic,
            plain=plain,
            halved=halved,
            vivid=vivid,
        ),
        duel,
        form="none",
    )


def inpaint(
    *,
    masks: str | None = None,
    smooth: bool = False,
    width: Size | None = None,
    rank: int = 2,
    duel: PictureDuel = PictureDuel(l1=100.0, gamma=None),
) -> Recipe:
    """Fill holes in pictures or sound; what is known is kept to the bit (Suvorov et al. 2022).

    Args:
        masks: the holes trained on: box, freeform or mixed (default) in pictures, gaps in sound.
        smooth: fill holes in pictures smoothly first, so that only what is missing yet is learnt.
        width: channels of the U-Net's finest layer (default 32); of sound, of a frame (192).
        rank: dimensions of space of one sample, read from the data; 1 is sound.
        duel: what its players pay and how they learn; gamma is 2 for pictures, 0 for sound.
    """
    if rank == 1:
        task = Part(f"{TASKS}.inpaint:Inpaint", masks=masks or "gaps", smooth=smooth, flip=False)
        return _of_sound("inpaint", task, duel, width=width or WIDTH, blocks=2 * BLOCKS)
    return picture_duel(
        "inpaint",
        _mender(width or 32),
        Part(f"{TASKS}.inpaint:Inpaint", masks=masks or "mixed", smooth=smooth),
        _penalised(duel, 2.0),
    )


def restore(
    *,
    kind: str = "denoise",
    width: Size | None = None,
    blocks: Depth | None = None,
    adversarial: Amount | None = None,
    warmup: Amount | None = None,
    rank: int = 2,
    duel: PictureDuel = PictureDuel(lr=1e-3, gamma=None),
) -> Recipe:
    """Undo what happened to pictures or sound: noise, JPEG, blur, lost colour, cut-off peaks.

    Args:
        kind: denoise, jpeg, deblur, watermark, colour or mixed (the first three in one, strength
            unknown) of pictures; denoise or declip of sound.
        width: channels of the generator, which works on folded pictures (default 48) or on frames
            of sound (192).
        blocks: residual blocks of the generator (default 6; 4 for sound).
        adversarial: weight of the adversarial loss; by default 1 for jpeg and colour, and 0 for
            the others, which L1 alone brings nearer to the truth.
        warmup: share of the run in which the generator learns from L1 alone; images, if above 1;
            by default 0.7 where there is a discriminator.
        rank: dimensions of space of one sample, read from the data; 1 is sound.
        duel: what its players pay and how they learn; gamma is 0.5 for pictures, 0 for sound.
    """
    if adversarial is None:
        adversarial = float(kind in INVENTED)
    if warmup is None:
        warmup = ALONE if adversarial and duel.l1 else 0.0
    duel = dataclasses.replace(duel, adversarial=adversarial, warmup=warmup)
    if rank == 1:
        task = Part(f"{TASKS}.enhance:Enhance", kind=kind, flip=False)
        return _of_sound("restore", task, duel, width=width or WIDTH, blocks=blocks or BLOCKS)
    size = {"width": width or 48, "blocks": blocks or 6}
    return picture_duel(
        "restore",
        Part(f"{NETWORKS}.upscaler:Generator", **size, fold=2),
        Part(f"{TASKS}.restore:Restore", kind=kind),
        _penalised(duel, 0.5),
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


def _of_sound(name: str, task: Part, duel: PictureDuel, **size: int) -> Recipe:
    """A duel over spectra.

    Their logarithms are steepest where it is quiet, and R1 would make the discriminator deaf there;
    its weights are limited instead.
    """
    generator = Part(f"{NETWORKS}.spectral:Generator", **size)
    return picture_duel(name, generator, task, _penalised(duel, 0.0), judged="spectral")


def _penalised(duel: PictureDuel, gamma: float) -> PictureDuel:
    return duel if duel.gamma is not None else dataclasses.replace(duel, gamma=gamma)
