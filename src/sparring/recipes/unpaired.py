"""Recipes that make pictures of one kind from another without knowing any pair."""

from __future__ import annotations

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS


def cyclegan(
    *,
    width: int = 32,
    blocks: int = 4,
    residual: bool = True,
    discriminator_width: int = 32,
    cycle: float = 10.0,
    identity: float = 5.0,
    pool: int = 50,
    gamma: float = 5.0,
    flip: bool = True,
    lr: float = 2e-4,
    lr_end: float = 2e-5,
    batch: int = 4,
) -> Recipe:
    """Unpaired translation, both ways, there and back again (Zhu et al. 2017).

    Args:
        width: channels of the generators at half the extent; their blocks have twice as many.
        blocks: residual blocks of each generator.
        residual: generators add to their source; off for kinds that differ in channels.
        discriminator_width: channels of the discriminators after their first halving.
        cycle: weight of what is lost on the way there and back.
        identity: weight of what is changed in a picture that was right already.
        pool: fakes of earlier steps that each discriminator is shown again.
        gamma: weight of R1 on real pictures; a lower one forgets more of the source.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
        batch: samples, and as many sources, a turn.
    """
    generator = _translator(width, blocks, residual)
    discriminator = Part(f"{NETWORKS}.patch:Discriminator", width=discriminator_width, form="none")
    return _unpaired(
        "cyclegan",
        Part("sparring.games.cycle:Cycle", cycle=cycle, identity=identity, pool=pool),
        {
            "generator": generator,
            "inverse": generator,
            "discriminator": discriminator,
            "source_discriminator": discriminator,
        },
        gamma=gamma,
        flip=flip,
        lr=lr,
        lr_end=lr_end,
        batch=batch,
    )


def cut(
    *,
    width: int = 32,
    blocks: int = 4,
    residual: bool = True,
    discriminator_width: int = 32,
    contrast: float = 1.0,
    identity: float = 5.0,
    patches: int = 64,
    gamma: float = 5.0,
    flip: bool = True,
    lr: float = 5e-4,
    lr_end: float = 5e-5,
    batch: int = 4,
) -> Recipe:
    """Unpaired translation, one way, by contrast of patches (Park et al. 2020).

    Real samples are held by pixels, as cyclegan's are, where the paper contrasts them too.

    Args:
        width: channels of the generator at half the extent; its blocks have twice as many.
        blocks: residual blocks of the generator.
        residual: the generator adds to its source.
        discriminator_width: channels of the discriminator after its first halving.
        contrast: weight of knowing each place of the source again.
        identity: weight of what is changed in a picture that was right already.
        patches: places compared in each layer.
        gamma: weight of R1 on real pictures; a lower one forgets more of the source.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
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
            "generator": _translator(width, blocks, residual),
            "projector": Part(f"{NETWORKS}.projector:Projector", channels=channels),
            "discriminator": Part(
                f"{NETWORKS}.patch:Discriminator", width=discriminator_width, form="none"
            ),
        },
        gamma=gamma,
        flip=flip,
        lr=lr,
        lr_end=lr_end,
        batch=batch,
    )


def _translator(width: int, blocks: int, residual: bool) -> Part:
    """A generator that sees colours as they are.

    Instance normalisation shows it only which parts are brighter: it then took the brightest of
    summer for the brightest of winter, earth for snow.
    """
    # A linear head leaves [-1, 1], where discriminators know fakes at once; tanh is flat at white.
    head = "leaky" if residual else None
    return Part(
        f"{NETWORKS}.translator:Generator",
        width=width,
        blocks=blocks,
        norm="none",
        residual=residual,
        head=head,
    )


def _unpaired(
    name: str,
    game: Part,
    networks: dict[str, Part],
    *,
    gamma: float,
    flip: bool,
    lr: float,
    lr_end: float,
    batch: int,
) -> Recipe:
    """A game between pictures that have no partners."""
    # Without a penalty, discriminators reward a weave of noise over flat colours.
    penalty = Part("sparring.losses.penalties:r1", weight=gamma, every=8)
    fall = Part("sparring.core.schedule:cosine", start=lr, end=lr_end)
    optimizer = Part("sparring.training.optimizers:adam", lr=lr, beta1=0.5, beta2=0.99)
    players = ("generator", "discriminator")
    return Recipe(
        name=name,
        game=game,
        networks=networks,
        optimizers=dict.fromkeys(players, optimizer),
        learning_rates=dict.fromkeys(players, fall),
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=(penalty,),
        task=Part(f"{TASKS}.translate:Translate", unpaired=True, flip=flip),
        latent=0,
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
        batch=batch,
    )
