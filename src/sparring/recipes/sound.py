"""Recipes for sound: from noise, as a waveform or as a spectrogram."""

from __future__ import annotations

from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Count, Every, Rate, Size
from sparring.core.recipe import Recipe
from sparring.recipes.images import r3
from sparring.recipes.unpaired import Unpaired, cut

NETWORKS = "sparring.networks"
MEL = "sparring.domains.mel.domain:Mel"


def wavegan(
    *,
    width: Size = 8,
    discriminator_width: Size = 8,
    latent: Size = 64,
    gamma: Amount = 0.5,
    every: Every = 8,
    lr: Rate = 2e-3,
    lr_end: Rate = 1e-4,
    conditional: bool = False,
    batch: Batch = 16,
) -> Recipe:
    """Sound from noise, as a waveform: WaveGAN's networks, r3's loss (Donahue et al. 2019).

    Args:
        width: channels of the generator's finest layer.
        discriminator_width: channels of the discriminator's finest layer.
        latent: numbers in one latent vector.
        gamma: weight of R1 and R2.
        every: R1 and R2 are due on every so manieth step.
        lr: Adam's learning rate at the start.
        lr_end: Adam's learning rate at the end.
        conditional: tell both players the label.
        batch: real samples a turn.
    """
    base = r3(
        rank=1,
        latent=latent,
        gamma=gamma,
        every=every,
        lr=lr,
        lr_end=lr_end,
        conditional=conditional,
        batch=batch,
    )
    return base.replace(
        name="wavegan",
        networks={
            "generator": Part(f"{NETWORKS}.wave:Generator", width=width, head="leaky"),
            "discriminator": Part(f"{NETWORKS}.wave:Discriminator", width=discriminator_width),
        },
    )


def melgan(
    *,
    network: str = "convolutional",
    width: Size = 16,
    discriminator_width: Size = 16,
    latent: Size = 64,
    gamma: Amount = 1.0,
    every: Every = 8,
    lr: Rate = 2e-3,
    lr_end: Rate = 1e-4,
    conditional: bool = False,
    batch: Batch = 16,
) -> Recipe:
    """Sound from noise, as a mel spectrogram that a vocoder makes heard: r3 on pictures of it.

    Args:
        network: convolutional or residual.
        width: channels of the generator, as in r3.
        discriminator_width: channels of the discriminator, as in r3.
        latent: numbers in one latent vector.
        gamma: weight of R1 and R2.
        every: R1 and R2 are due on every so manieth step.
        lr: Adam's learning rate at the start.
        lr_end: Adam's learning rate at the end.
        conditional: tell both players the label.
        batch: real samples a turn.
    """
    base = r3(
        network=network,
        width=width,
        discriminator_width=discriminator_width,
        latent=latent,
        gamma=gamma,
        every=every,
        lr=lr,
        lr_end=lr_end,
        conditional=conditional,
        batch=batch,
    )
    generator = Part(f"{NETWORKS}.{network}:Generator", width=width)
    networks = {**base.networks, "generator": generator}
    return base.replace(name="melgan", seen_as=MEL, networks=networks)


def timbre(
    *,
    contrast: Amount = 1.0,
    patches: Size = 64,
    frames: Count = 25,
    pair: Unpaired = Unpaired(width=24, discriminator_width=16, lr=1e-3, flip=False),
) -> Recipe:
    """One instrument or voice to another without pairs, on mel spectrograms (Kaneko et al. 2021).

    The game is cut's: a cycle, as in the paper, takes twice the time.

    Args:
        contrast: weight of knowing each place of the source again.
        patches: places compared in each layer.
        frames: most frames, of 62.5 a second, that are hidden and must be filled in.
        pair: its networks, and how they learn.
    """
    recipe = cut(contrast=contrast, patches=patches, pair=pair)
    return recipe.replace(name="timbre", game=recipe.game.replace(frames=frames), seen_as=MEL)
