"""Recipes that make a picture from its partner: paired translation, and layout to picture."""

from __future__ import annotations

import dataclasses

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS, picture_duel


def pix2pix(
    *,
    width: int = 32,
    discriminator_width: int = 32,
    scales: int = 1,
    l1: float = 50.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    gamma: float = 0.5,
    flip: bool = True,
    lr: float = 1e-3,
    lr_end: float = 1e-4,
    batch: int = 8,
) -> Recipe:
    """Paired translation: U-Net against patches, L1, feature matching (Isola et al. 2017).

    Args:
        width: channels of the U-Net's finest layer.
        discriminator_width: channels of the discriminator after its first halving.
        scales: discriminators, each at half the extent of the one before.
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with L1 alone, as a baseline.
        gamma: weight of R1 on real pictures.
        flip: mirror half of the pairs while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
        batch: pairs a turn.
    """
    generator = Part(f"{NETWORKS}.unet:Generator", width=width)
    return picture_duel(
        "pix2pix",
        generator,
        Part(f"{TASKS}.translate:Translate", flip=flip),
        l1=l1,
        perceptual=perceptual,
        discriminator_width=discriminator_width,
        scales=scales,
        matching=matching,
        adversarial=adversarial,
        gamma=gamma,
        lr=lr,
        lr_end=lr_end,
        batch=batch,
    )


def spade(
    *,
    width: int = 16,
    hidden: int = 16,
    discriminator_width: int = 32,
    scales: int = 2,
    latent: int = 32,
    encoder: bool = True,
    l1: float = 0.0,
    perceptual: float = 0.0,
    matching: float = 10.0,
    adversarial: float = 1.0,
    divergence: float = 0.05,
    gamma: float = 0.5,
    flip: bool = True,
    lr: float = 5e-4,
    lr_end: float = 1e-4,
    batch: int = 8,
) -> Recipe:
    """GauGAN: layout and style to picture, by spatially-adaptive normalisation (Park et al. 2019).

    Args:
        width: channels of the generator's finest block.
        hidden: channels of its layers that read the layout.
        discriminator_width: channels of the discriminators after their first halving.
        scales: discriminators, each at half the extent of the one before.
        latent: numbers of the style.
        encoder: learn styles from real pictures, so that one can be named; else they are noise.
        l1: weight of the distance to the true picture.
        perceptual: weight of the distance in EfficientNet's features, which needs the extra.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss.
        divergence: weight of the styles' distance from the standard normal.
        gamma: weight of R1 on real pictures.
        flip: mirror half of the pairs while training.
        lr: Adam's learning rate for both players at the start.
        lr_end: Adam's learning rate at the end.
        batch: pairs a turn.
    """
    recipe = picture_duel(
        "spade",
        Part(f"{NETWORKS}.spade:Generator", width=width, hidden=hidden),
        Part(f"{TASKS}.translate:Translate", flip=flip),
        l1=l1,
        perceptual=perceptual,
        discriminator_width=discriminator_width,
        scales=scales,
        matching=matching,
        adversarial=adversarial,
        gamma=gamma,
        lr=lr,
        lr_end=lr_end,
        batch=batch,
    )
    if not encoder:
        return dataclasses.replace(recipe, latent=latent)
    styled = Part("sparring.games.styled:Styled", weight=adversarial, divergence=divergence)
    reader = Part(f"{NETWORKS}.spade:Encoder", width=discriminator_width)
    networks = {**recipe.networks, "encoder": reader}
    return dataclasses.replace(recipe, latent=latent, game=styled, networks=networks)
