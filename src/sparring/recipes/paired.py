"""Recipes that make a picture from its partner: paired translation, and layout to picture."""

from __future__ import annotations

import dataclasses

from sparring.core.part import Part
from sparring.core.ranges import Amount, Size
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS, PictureDuel, picture_duel


def pix2pix(
    *,
    width: Size = 32,
    flip: bool = True,
    duel: PictureDuel = PictureDuel(lr=1e-3),
) -> Recipe:
    """Paired translation: U-Net against patches, L1, feature matching (Isola et al. 2017).

    Args:
        width: channels of the U-Net's finest layer.
        flip: mirror half of the pairs while training.
        duel: what its players pay and how they learn.
    """
    generator = Part(f"{NETWORKS}.unet:Generator", width=width)
    return picture_duel(
        "pix2pix",
        generator,
        Part(f"{TASKS}.translate:Translate", flip=flip),
        duel,
    )


def spade(
    *,
    width: Size = 16,
    hidden: Size = 16,
    latent: Size = 32,
    encoder: bool = True,
    divergence: Amount = 0.05,
    flip: bool = True,
    duel: PictureDuel = PictureDuel(scales=2, l1=0.0),
) -> Recipe:
    """GauGAN: layout and style to picture, by spatially-adaptive normalisation (Park et al. 2019).

    Args:
        width: channels of the generator's finest block.
        hidden: channels of its layers that read the layout.
        latent: numbers of the style.
        encoder: learn styles from real pictures, so that one can be named; else they are noise.
        divergence: weight of the styles' distance from the standard normal.
        flip: mirror half of the pairs while training.
        duel: what its players pay and how they learn.
    """
    recipe = picture_duel(
        "spade",
        Part(f"{NETWORKS}.spade:Generator", width=width, hidden=hidden),
        Part(f"{TASKS}.translate:Translate", flip=flip),
        duel,
    )
    if not encoder:
        return dataclasses.replace(recipe, latent=latent)
    styled = Part("sparring.games.styled:Styled", weight=duel.adversarial, divergence=divergence)
    reader = Part(f"{NETWORKS}.spade:Encoder", width=duel.discriminator_width)
    networks = {**recipe.networks, "encoder": reader}
    return dataclasses.replace(recipe, latent=latent, game=styled, networks=networks)
