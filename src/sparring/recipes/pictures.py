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


def cyclegan(
    *,
    width: int = 32,
    blocks: int = 4,
    judge_width: int = 32,
    cycle: float = 10.0,
    identity: float = 5.0,
    pool: int = 50,
    flip: bool = True,
    lr: float = 5e-4,
    lr_end: float = 5e-5,
    images: int = 40_000,
    batch: int = 4,
) -> Recipe:
    """Unpaired translation, both ways, there and back again (Zhu et al. 2017).

    Args:
        width: channels of the generators at half the extent; their blocks have twice as many.
        blocks: residual blocks of each generator.
        judge_width: channels of the discriminators after their first halving.
        cycle: weight of what is lost on the way there and back.
        identity: weight of what is changed in a picture that was right already.
        pool: fakes of earlier steps that each discriminator is shown again.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate after so many images.
        images: real samples over which the learning rate falls.
        batch: samples, and as many sources, a turn.
    """
    generator = Part(f"{NETWORKS}.translator:Generator", width=width, blocks=blocks)
    judge = Part(f"{NETWORKS}.patch:Discriminator", width=judge_width, form="none")
    return _unpaired(
        "cyclegan",
        Part("sparring.games.cycle:Cycle", cycle=cycle, identity=identity, pool=pool),
        {
            "generator": generator,
            "inverse": generator,
            "discriminator": judge,
            "source_discriminator": judge,
        },
        flip=flip,
        lr=lr,
        lr_end=lr_end,
        images=images,
        batch=batch,
    )


def cut(
    *,
    width: int = 32,
    blocks: int = 4,
    judge_width: int = 32,
    contrast: float = 1.0,
    identity: bool = True,
    patches: int = 64,
    flip: bool = True,
    lr: float = 5e-4,
    lr_end: float = 5e-5,
    images: int = 40_000,
    batch: int = 4,
) -> Recipe:
    """Unpaired translation, one way, by contrast of patches (Park et al. 2020).

    FastCUT is contrast=10 and no identity.

    Args:
        width: channels of the generator at half the extent; its blocks have twice as many.
        blocks: residual blocks of the generator.
        judge_width: channels of the discriminator after its first halving.
        contrast: weight of knowing each place of the source again.
        identity: whether real samples, translated, must be known again too.
        patches: places compared in each layer.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate after so many images.
        images: real samples over which the learning rate falls.
        batch: samples, and as many sources, a turn.
    """
    # What translator.Generator's encoder puts out: two halvings, then its blocks.
    channels = (width, *[2 * width] * (blocks + 1))
    return _unpaired(
        "cut",
        Part(
            "sparring.games.contrast:Contrast",
            contrast=contrast,
            identity=identity,
            patches=patches,
        ),
        {
            "generator": Part(f"{NETWORKS}.translator:Generator", width=width, blocks=blocks),
            "projector": Part(f"{NETWORKS}.projector:Projector", channels=channels),
            "discriminator": Part(
                f"{NETWORKS}.patch:Discriminator", width=judge_width, form="none"
            ),
        },
        flip=flip,
        lr=lr,
        lr_end=lr_end,
        images=images,
        batch=batch,
    )


def _unpaired(
    name: str,
    game: Part,
    networks: dict[str, Part],
    *,
    flip: bool,
    lr: float,
    lr_end: float,
    images: int,
    batch: int,
) -> Recipe:
    """A least-squares game between pictures that have no partners."""
    fall = Part("sparring.schedule:cosine", start=lr, end=lr_end, images=images)
    optimizer = Part("sparring.optimizers:adam", lr=lr, beta1=0.5, beta2=0.99)
    return Recipe(
        name=name,
        game=game,
        networks=networks,
        optimizers=dict.fromkeys(("generator", "discriminator"), optimizer),
        learning_rates=dict.fromkeys(("generator", "discriminator"), fall),
        loss=Part("sparring.losses.adversarial:least_squares"),
        task=Part(f"{TASKS}.translate:Translate", unpaired=True, flip=flip),
        latent=0,
        ema=Part("sparring.schedule:share", fraction=0.05, most=20_000.0),
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
