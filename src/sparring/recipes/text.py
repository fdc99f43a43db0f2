"""Recipes for sentences: pictures of what is said."""

from __future__ import annotations

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Every, Latent, Rate, Size
from sparring.core.recipe import Recipe
from sparring.recipes.images import r3

NETWORK = "sparring.networks.text"
ENCODERS = {
    "own": Part("sparring.tasks.generate:Generate", told=("tokens",)),
    "minilm": Part("sparring.tasks.generate:Generate", told=("vector",), sentences="minilm"),
}
"""What reads sentences -> how the networks are told them."""


def text2image(
    *,
    width: Size = 16,
    discriminator_width: Size = 32,
    told: Size = 128,
    encoder: str = "own",
    attention: bool = False,
    mismatch: Amount = 0.5,
    match: Amount = 1.0,
    gamma: Amount = 0.5,
    every: Every = 8,
    latent: Latent = 64,
    lr: Rate = 1e-3,
    lr_end: Rate = 1e-4,
    batch: Batch = 32,
) -> Recipe:
    """A picture of a sentence, told at every layer (DF-GAN: Tao et al. 2022), trained as r3.

    The data have a sentence for each picture: captions.csv, or NAME.txt beside NAME.png.

    Args:
        width: channels of the generator's finest layer.
        discriminator_width: channels of the discriminator's finest layer.
        told: numbers that a sentence becomes in each player.
        encoder: what reads sentences: own, trained with the pictures, or minilm, which knows
            language before (the extra text).
        attention: cells of the coarsest grid look at single words.
        mismatch: weight of real pictures under another one's sentence, which count as fakes.
        match: weight of the generator's own: fakes fit their sentence better than another one's.
        gamma: weight of R1 and R2.
        every: R1 and R2 are due on every so manieth step.
        latent: numbers in one latent vector: what a sentence leaves open.
        lr: Adam's learning rate at the start.
        lr_end: Adam's learning rate at the end.
        batch: real samples a turn.
    """
    if encoder not in ENCODERS:
        raise unknown("encoder", encoder, ENCODERS)
    if attention and encoder != "own":
        raise InputError(f"attention looks at single words, and {encoder} tells whole sentences.")
    recipe = r3(latent=latent, gamma=gamma, every=every, lr=lr, lr_end=lr_end, batch=batch)
    generator = Part(
        f"{NETWORK}:Generator", width=width, told=told, attention=attention, head="leaky"
    )
    discriminator = Part(f"{NETWORK}:Discriminator", width=discriminator_width, told=told)
    loss = Part("sparring.losses.adversarial:relativistic")
    own = Part("sparring.losses.conditions:matched", weight=match)
    wrong = Part("sparring.losses.conditions:mismatched", weight=mismatch, loss=loss)
    pairs = [*([wrong] if mismatch else []), *([own] if match else [])]
    return recipe.replace(
        name="text2image",
        networks={"generator": generator, "discriminator": discriminator},
        terms=(*recipe.terms, *pairs),
        task=ENCODERS[encoder],
    )
