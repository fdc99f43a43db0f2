"""Recipes for sound: from noise, as a waveform or as a spectrogram; and from spectrograms."""

from __future__ import annotations

from typing import Any

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Count, Depth, Every, Factor, Latent, Rate, Size
from sparring.core.recipe import Recipe
from sparring.recipes.images import r3
from sparring.recipes.unpaired import Unpaired, cut

NETWORKS = "sparring.networks"
SOUND = "sparring.losses.sound"
PICTURES = "sparring.losses.pictures"
MEL = "sparring.domains.mel.domain:Mel"


def wavegan(
    *,
    width: Size = 64,
    window: Latent = 256,
    discriminator_width: Size = 8,
    bands: Latent = 16,
    latent: Size = 64,
    gamma: Amount = 4.0,
    every: Every = 8,
    lr: Rate = 2e-3,
    lr_end: Rate = 1e-4,
    conditional: bool = False,
    batch: Batch = 16,
) -> Recipe:
    """Sound from noise, as a waveform: WaveGAN's networks, r3's loss (Donahue et al. 2019).

    An inverse STFT and mel bands are not in the paper; `--window 0 --bands 0` are its networks.

    Args:
        width: channels of the generator's finest layer.
        window: samples of the windows of the generator's inverse STFT; 0 for none.
        discriminator_width: channels of the discriminator's finest layer.
        bands: channels of its finest layer that judges mel bands; 0 for none.
        latent: numbers in one latent vector.
        gamma: weight of R1 and R2, on the mean of both logits; 0.5 suits --bands 0.
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
            "generator": Part(
                f"{NETWORKS}.wave:Generator",
                width=width,
                window=window,
                head="linear" if window else "leaky",
            ),
            "discriminator": Part(
                f"{NETWORKS}.wave:Discriminator", width=discriminator_width, bands=bands
            ),
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
    pair: Unpaired = Unpaired(width=24, discriminator_width=16, gamma=1.0, lr=1e-3, flip=False),
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


def vocoder(
    *,
    width: Size = 192,
    blocks: Depth = 7,
    rounds: Depth = 3,
    mel: Amount = 15.0,
    stft: Amount = 2.0,
    matching: Amount = 10.0,
    adversarial: Amount = 1.0,
    warmup: Amount = 0.7,
    discriminator_width: Size = 4,
    scales: Factor = 3,
    lr: Rate = 5e-4,
    lr_end: Rate = 5e-5,
    discriminator_lr: Rate = 1e-3,
    batch: Batch = 4,
) -> Recipe:
    """Mel to wave: magnitudes and phases against periods and scales (Kong 2020, Siuzdak 2023).

    Args:
        width: channels of a frame.
        blocks: residual blocks of the generator.
        rounds: of Griffin and Lim's algorithm, in which phases settle; 0 for none.
        mel: weight of the distance between mel spectrograms.
        stft: weight of the distance between magnitudes at three resolutions.
        matching: weight of feature matching (Wang et al. 2018).
        adversarial: weight of the adversarial loss; 0 trains with distances alone, as a baseline.
        warmup: share of the run in which there is no discriminator; images, if above 1.
        discriminator_width: channels of the discriminator's first layers.
        scales: at how many rates waveforms are judged, each half the one before.
        lr: Adam's learning rate for the generator at the start.
        lr_end: Adam's learning rate for the generator at the end.
        discriminator_lr: Adam's learning rate for the discriminator, all the while.
        batch: real samples a turn.

    Raises:
        InputError: a warm-up without any distance.
    """
    if warmup and not (mel or stft):
        raise InputError("before the discriminator (warmup) a vocoder learns from mel or stft.")
    warmup = warmup if adversarial else 0.0
    turns: dict[str, Any] = {} if adversarial else {"turns": ("generator",)}
    adam = Part("sparring.training.optimizers:adam", beta1=0.8, beta2=0.99, weight_decay=0.01)
    return Recipe(
        name="vocoder",
        game=Part("sparring.games.duel:Duel", weight=_late(adversarial, warmup)),
        networks={
            "generator": Part(
                f"{NETWORKS}.vocoder:Generator",
                width=width,
                hidden=3 * width,
                blocks=blocks,
                rounds=rounds,
            ),
            "discriminator": Part(
                f"{NETWORKS}.vocoder:Discriminator", width=discriminator_width, scales=scales
            ),
        },
        optimizers={
            "generator": adam.replace(lr=lr),
            "discriminator": adam.replace(lr=discriminator_lr),
        },
        learning_rates={"generator": Part("sparring.core.schedule:cosine", start=lr, end=lr_end)},
        loss=Part("sparring.losses.adversarial:least_squares"),
        terms=_terms(mel, stft, matching if adversarial else 0.0, warmup),
        task=Part("sparring.tasks.vocode:Vocode"),
        warmup=warmup,
        latent=0,
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=5_000.0),
        batch=batch,
        **turns,
    )


def _terms(mel: Amount, stft: Amount, matching: Amount, warmup: Amount) -> tuple[Part, ...]:
    """What a vocoder's generator pays beside the adversarial loss."""
    weights = {
        f"{SOUND}:mel": mel,
        f"{SOUND}:stft": stft,
        f"{PICTURES}:feature_matching": _late(matching, warmup),
    }
    return tuple(Part(term, weight=weight) for term, weight in weights.items() if weight)


def _late(weight: Amount, warmup: Amount) -> Any:
    """The weight, from the end of the warm-up on."""
    if not (warmup and weight):
        return weight
    return Part("sparring.core.schedule:after", value=weight, images=warmup)
