"""Recipes that make pictures of one kind from another without knowing any pair."""

from __future__ import annotations

from dataclasses import dataclass

from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Count, Depth, Every, Rate, Share, Size
from sparring.core.recipe import Recipe
from sparring.recipes.images import r3
from sparring.recipes.picture_duel import NETWORKS, TASKS


@dataclass(frozen=True, kw_only=True)
class Unpaired:
    """Networks that both recipes have, and how they learn.

    Args:
        width: channels of a generator at half the extent; its blocks have twice as many.
        blocks: residual blocks of a generator.
        residual: generators add to their source; off for kinds that differ in channels.
        discriminator_width: channels of a discriminator after its first halving.
        identity: weight of what is changed in a picture that was right already.
        gamma: weight of R1 on real pictures; a lower one forgets more of the source.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
        batch: samples, and as many sources, a turn.
    """

    width: Size = 32
    blocks: Depth = 4
    residual: bool = True
    discriminator_width: Size = 32
    identity: Amount = 5.0
    gamma: Amount = 5.0
    flip: bool = True
    lr: Rate = 5e-4
    lr_end: Rate = 5e-5
    batch: Batch = 4


def cyclegan(
    *, cycle: Amount = 10.0, pool: Count = 50, pair: Unpaired = Unpaired(lr=2e-4, lr_end=2e-5)
) -> Recipe:
    """Unpaired translation, both ways, there and back again (Zhu et al. 2017).

    Args:
        cycle: weight of what is lost on the way there and back.
        pool: fakes of earlier steps that each discriminator is shown again.
        pair: its networks, and how they learn.
    """
    generator, discriminator = _translator(pair), _discriminator(pair)
    return _unpaired(
        "cyclegan",
        Part("sparring.games.cycle:Cycle", cycle=cycle, identity=pair.identity, pool=pool),
        {
            "generator": generator,
            "inverse": generator,
            "discriminator": discriminator,
            "source_discriminator": discriminator,
        },
        pair,
    )


def cut(*, contrast: Amount = 1.0, patches: Size = 64, pair: Unpaired = Unpaired()) -> Recipe:
    """Unpaired translation, one way, by contrast of patches (Park et al. 2020).

    Real samples are held by pixels, as cyclegan's are, where the paper contrasts them too.

    Args:
        contrast: weight of knowing each place of the source again.
        patches: places compared in each layer.
        pair: its networks, and how they learn.
    """
    return _contrasted("cut", contrast, patches, pair, _translator(pair))


def photo2emoji(
    *,
    colours: Size = 12,
    contrast: Amount = 1.0,
    patches: Size = 64,
    pair: Unpaired = Unpaired(width=24, residual=False, batch=2),
) -> Recipe:
    """Photos of things as flat emoji: cut, whose generator paints regions in one colour each.

    Texture cannot pass by the making of its pictures, where cut must unlearn it.

    Args:
        colours: regions of a picture, each with a colour of its own, at most.
        contrast: weight of knowing each place of the source again; a lower one recolours more.
        patches: places compared in each layer.
        pair: its networks, and how they learn.
    """
    generator = _translator(pair).replace(colours=colours)
    return _contrasted("photo2emoji", contrast, patches, pair, generator)


def _contrasted(
    name: str, contrast: float, patches: int, pair: Unpaired, generator: Part
) -> Recipe:
    told = {"contrast": contrast, "identity": pair.identity, "patches": patches}
    networks = {
        "generator": generator,
        "projector": Part(f"{NETWORKS}.projector:Projector"),
        "discriminator": _discriminator(pair),
    }
    return _unpaired(name, Part("sparring.games.contrast:Contrast", **told), networks, pair)


def stargan(
    *,
    width: Size = 16,
    discriminator_width: Size = 32,
    told: Size = 128,
    mismatch: Amount = 1.0,
    match: Amount = 1.0,
    recognised: Amount = 0.3,
    cycle: Amount = 3.0,
    same: Amount = 3.0,
    most: Share = 0.5,
    gamma: Amount = 0.5,
    every: Every = 8,
    flip: bool = True,
    lr: Rate = 1e-3,
    lr_end: Rate = 1e-4,
    batch: Batch = 16,
) -> Recipe:
    """One generator for all attributes: what is asked for changes, nothing else (Choi et al. 2018).

    It learns from single pictures with attributes, and need not be told those of a source: where
    the paper gives all that shall be true of the result, it is given what is asked for alone. And
    where there a classifier must be pleased, which a grain can do, the discriminator also judges
    pictures together with their attributes, as that of sentences does.

    Args:
        width: channels of the generator at the full extent.
        discriminator_width: channels of the discriminator after its first halving.
        told: numbers that attributes become, in both players.
        mismatch: weight of real pictures under what shall become of them, which count as fakes.
        match: weight of the generator's own: fakes fit what was asked for better than before.
        recognised: weight of being named by what shall be true; the discriminator pays as much
            for naming real pictures.
        cycle: weight of what is lost when what was there before is asked for again.
        same: weight of what changes where nothing is asked for that is not so already.
        most: share of all attributes that are asked for at once, at most.
        gamma: weight of R1 and R2.
        every: R1 and R2 are due on every so manieth step.
        flip: mirror half of the pictures while training.
        lr: Adam's learning rate at the start.
        lr_end: Adam's learning rate at the end.
        batch: real samples a turn.
    """
    recipe = r3(gamma=gamma, every=every, lr=lr, lr_end=lr_end, batch=batch)
    loss = recipe.loss
    terms = (
        Part("sparring.losses.conditions:mismatched", weight=mismatch, loss=loss),
        Part("sparring.losses.conditions:matched", weight=match),
        Part("sparring.losses.attributes:classified", weight=recognised),
        Part("sparring.losses.attributes:recognised", weight=recognised),
        Part("sparring.losses.attributes:returned", weight=cycle),
        Part("sparring.losses.attributes:unchanged", weight=same),
    )
    discriminator = Part(
        f"{NETWORKS}.alter:Discriminator",
        width=discriminator_width,
        told=told,
        classify=bool(recognised),
    )
    return recipe.replace(
        name="stargan",
        networks={
            "generator": Part(f"{NETWORKS}.alter:Generator", width=width, told=told),
            "discriminator": discriminator,
        },
        terms=(*recipe.terms, *(term for term in terms if term.arguments["weight"])),
        task=Part(f"{TASKS}.alter:Alter", flip=flip, most=most),
        latent=0,
    )


def _discriminator(pair: Unpaired) -> Part:
    return Part(f"{NETWORKS}.patch:Discriminator", width=pair.discriminator_width, form="none")


def _translator(pair: Unpaired) -> Part:
    """A generator that sees colours as they are.

    Instance normalisation shows it only which parts are brighter: it then took the brightest of
    summer for the brightest of winter, earth for snow.
    """
    return Part(
        f"{NETWORKS}.translator:Generator",
        width=pair.width,
        blocks=pair.blocks,
        norm="none",
        residual=pair.residual,
    )


def _unpaired(
    name: str,
    game: Part,
    networks: dict[str, Part],
    pair: Unpaired,
    terms: tuple[Part, ...] = (),
) -> Recipe:
    """A game between pictures that have no partners."""
    # Without a penalty, discriminators reward a weave of noise over flat colours.
    penalty = Part("sparring.losses.penalties:r1", weight=pair.gamma, every=8)
    fall = Part("sparring.core.schedule:cosine", start=pair.lr, end=pair.lr_end)
    optimizer = Part("sparring.training.optimizers:adam", lr=pair.lr, beta1=0.5, beta2=0.99)
    players = ("generator", "discriminator")
    return Recipe(
        name=name,
        game=game,
        networks=networks,
        optimizers=dict.fromkeys(players, optimizer),
        learning_rates=dict.fromkeys(players, fall),
        loss=Part("sparring.losses.adversarial:non_saturating"),
        terms=(*terms, penalty),
        task=Part(f"{TASKS}.translate:Translate", unpaired=True, flip=pair.flip),
        latent=0,
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
        batch=pair.batch,
    )
