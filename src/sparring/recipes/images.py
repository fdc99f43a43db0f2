"""Recipes for pictures, and for points: each method with its paper's defaults."""

from __future__ import annotations

from typing import Any

from sparring.core.part import Part
from sparring.core.recipe import Recipe

NETWORKS = "sparring.networks"
LOSSES = "sparring.losses"
DUEL = "sparring.games.duel:Duel"


def gan(
    *,
    latent: int = 100,
    widths: tuple[int, ...] = (256, 512, 1024),
    discriminator_widths: tuple[int, ...] = (512, 256),
    norm: str = "batch",
    slope: float = 0.2,
    lr: float = 2e-4,
    batch: int = 32,
) -> Recipe:
    """The first GAN: two fully connected networks (Goodfellow et al. 2014).

    Args:
        latent: numbers in one latent vector.
        widths: units of the generator's hidden layers.
        discriminator_widths: units of the discriminator's hidden layers.
        norm: batch or none, in the generator.
        slope: of the leaky ReLU; 0 is ReLU.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    generator = Part(f"{NETWORKS}.dense:Generator", widths=widths, norm=norm, slope=slope)
    discriminator = Part(
        f"{NETWORKS}.dense:Discriminator", widths=discriminator_widths, slope=slope
    )
    return _duel("gan", generator, discriminator, latent=latent, batch=batch, lr=lr)


def dcgan(
    *,
    latent: int = 100,
    width: int = 64,
    paper: bool = False,
    lr: float = 2e-4,
    batch: int = 128,
) -> Recipe:
    """Deep convolutional GAN (Radford, Metz & Chintala 2016).

    Args:
        latent: numbers in one latent vector.
        width: channels next to the picture; deeper layers have multiples of it.
        paper: the original 64-pixel form, with batch normalisation on both sides.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    generator, discriminator = _dcgan_networks(width, paper)
    return _duel("dcgan", generator, discriminator, latent=latent, batch=batch, lr=lr)


def lsgan(*, latent: int = 100, width: int = 64, lr: float = 2e-4, batch: int = 128) -> Recipe:
    """Least squares GAN: the verdict is a distance, so it never saturates (Mao et al. 2017).

    Args:
        latent: numbers in one latent vector.
        width: channels next to the picture.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    networks = _dcgan_networks(width)
    return _duel("lsgan", *networks, loss="least_squares", latent=latent, batch=batch, lr=lr)


def wgan(
    *,
    latent: int = 100,
    width: int = 64,
    lr: float = 5e-5,
    clip: float = 0.01,
    critic_turns: int = 5,
    batch: int = 64,
) -> Recipe:
    """Wasserstein GAN with weight clipping (Arjovsky, Chintala & Bottou 2017).

    Args:
        latent: numbers in one latent vector.
        width: channels next to the picture.
        lr: RMSprop's learning rate for both players.
        clip: the critic's weights stay in [-clip, clip].
        critic_turns: turns of the critic for one of the generator.
        batch: real samples a turn.
    """
    generator, discriminator = _dcgan_networks(width)
    recipe = _duel(
        "wgan", generator, discriminator.replace(dropout=0.0), loss="wasserstein", latent=latent
    )
    optimizer = Part("sparring.training.optimizers:rmsprop", lr=lr)
    return recipe.replace(
        batch=batch,
        clip={"discriminator": clip} if clip else {},
        optimizers=dict.fromkeys(recipe.optimizers, optimizer),
        turns=("discriminator",) * critic_turns + ("generator",),
    )


def wgan_gp(
    *,
    latent: int = 100,
    width: int = 64,
    lr: float = 1e-4,
    weight: float = 10.0,
    critic_turns: int = 5,
    batch: int = 64,
) -> Recipe:
    """Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).

    Args:
        latent: numbers in one latent vector.
        width: channels next to the picture.
        lr: Adam's learning rate for both players.
        weight: of the gradient penalty.
        critic_turns: turns of the critic for one of the generator.
        batch: real samples a turn.
    """
    generator, discriminator = _dcgan_networks(width)
    penalty = Part(f"{LOSSES}.penalties:gradient_penalty", weight=weight)
    recipe = _duel(
        "wgan-gp",
        generator,
        discriminator.replace(dropout=0.0),
        loss="wasserstein",
        terms=(penalty,),
        latent=latent,
        batch=batch,
        lr=lr,
        beta1=0.0,
        beta2=0.9,
    )
    return recipe.replace(turns=("discriminator",) * critic_turns + ("generator",))


def sngan(*, latent: int = 128, width: int = 64, lr: float = 2e-4, batch: int = 64) -> Recipe:
    """Hinge loss and a spectrally normalised discriminator (Miyato et al. 2018).

    Args:
        latent: numbers in one latent vector.
        width: channels next to the picture.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    generator, discriminator = _dcgan_networks(width)
    discriminator = discriminator.replace(dropout=0.0, slope=0.1, spectral_norm=True)
    return _duel("sngan", generator, discriminator, loss="hinge", latent=latent, batch=batch, lr=lr)


def cgan(
    *,
    condition: str = "label",
    form: str = "projection",
    network: str = "convolutional",
    gamma: float = 1.0,
    latent: int = 100,
    lr: float = 5e-4,
    batch: int = 64,
) -> Recipe:
    """Conditional GAN: both players know the label or vector (Mirza & Osindero 2014).

    The paper's own form is --form concat --network dense --gamma 0. Within minutes on digits and
    clothes, it and cDCGAN (--network dcgan) made one and the same picture for each label.

    Args:
        condition: label, vector, tokens, or several with commas.
        form: how the discriminator is told: concat, or projection (Miyato & Koyama 2018).
        network: dense, dcgan, convolutional or residual.
        gamma: weight of R1, which keeps labels from collapsing; 0 leaves it out.
        latent: numbers in one latent vector.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    generator = Part(f"{NETWORKS}.{network}:Generator")
    discriminator = Part(f"{NETWORKS}.{network}:Discriminator", form=form)
    penalty = (Part(f"{LOSSES}.penalties:r1", weight=gamma, every=4),) if gamma else ()
    recipe = _duel(
        "cgan", generator, discriminator, terms=penalty, latent=latent, batch=batch, lr=lr
    )
    return recipe.replace(task=_task(*condition.replace(" ", "").split(",")))


def vae(
    *,
    latent: int = 16,
    network: str = "dcgan",
    beta: float = 1.0,
    likelihood: str = "bernoulli",
    conditional: bool = False,
    lr: float = 1e-3,
    batch: int = 128,
) -> Recipe:
    """Variational autoencoder, the contrasting method (Kingma & Welling 2014).

    Args:
        latent: numbers in one latent vector; 2 shows the whole latent space as a map.
        network: dense, dcgan or residual.
        beta: weight of the divergence from the prior (Higgins et al. 2017).
        likelihood: bernoulli, gaussian or laplace.
        conditional: tell encoder and decoder the label.
        lr: Adam's learning rate.
        batch: real samples a turn.
    """
    encoder = Part(f"{NETWORKS}.{network}:Discriminator", outputs=2 * latent)
    if encoder.accepts("dropout"):
        encoder = encoder.replace(dropout=0.0)
    return Recipe(
        name="vae",
        game=Part("sparring.games.autoencoder:Autoencoder", beta=beta),
        networks={"encoder": encoder, "decoder": Part(f"{NETWORKS}.{network}:Generator")},
        optimizers={"autoencoder": Part("sparring.training.optimizers:adam", lr=lr, beta1=0.9)},
        turns=("autoencoder",),
        loss=Part(f"{LOSSES}.reconstruction:{likelihood}"),
        task=_task(*["label"] * conditional),
        latent=latent,
        batch=batch,
    )


def r3(
    *,
    network: str = "convolutional",
    width: int = 16,
    discriminator_width: int = 32,
    latent: int = 64,
    gamma: float = 0.5,
    gamma_end: float | None = None,
    every: int = 8,
    lr: float = 4e-3,
    lr_end: float = 1e-4,
    images: int = 170_000,
    conditional: bool = False,
    batch: int = 32,
) -> Recipe:
    """The quality default: relativistic pairs, R1 and R2, no normalisation (Huang et al. 2024).

    Args:
        network: convolutional learns most in minutes; residual is the paper's, for long runs
            (start it with a lower --lr).
        width: channels of the generator, finest layer for convolutional, coarsest for residual.
        discriminator_width: channels of the discriminator, likewise.
        latent: numbers in one latent vector.
        gamma: weight of R1 and R2; raise it where training is unstable or data are few.
        gamma_end: their weight after so many images, a tenth of gamma in the paper; unchanged
            if not given.
        every: R1 and R2 are due on every so manieth step.
        lr: Adam's learning rate at the start.
        lr_end: Adam's learning rate after so many images.
        images: real samples over which learning rate, gamma and Adam's second beta change.
        conditional: tell both players the label.
        batch: real samples a turn.
    """
    # On digits, which are mostly black, a tanh saturates within a minute and never comes back.
    generator = Part(f"{NETWORKS}.{network}:Generator", width=width, head="leaky")
    discriminator = Part(f"{NETWORKS}.{network}:Discriminator", width=discriminator_width)
    end = gamma if gamma_end is None else gamma_end
    weight = Part("sparring.core.schedule:cosine", start=gamma, end=end, images=images)
    penalties = tuple(
        Part(f"{LOSSES}.penalties:{name}", weight=weight, every=every) for name in ("r1", "r2")
    )
    fall = Part("sparring.core.schedule:cosine", start=lr, end=lr_end, images=images)
    recipe = _duel(
        "r3",
        generator,
        discriminator,
        loss="relativistic",
        terms=penalties,
        latent=latent,
        batch=batch,
        lr=lr,
        beta1=0.0,
        beta2=0.99,
        learning_rates={"generator": fall, "discriminator": fall},
        betas=Part("sparring.core.schedule:cosine", start=0.9, end=0.99, images=images),
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
    )
    return recipe.replace(task=_task(*["label"] * conditional))


def _duel(
    name: str,
    generator: Part,
    discriminator: Part,
    *,
    loss: str = "non_saturating",
    lr: float = 2e-4,
    beta1: float = 0.5,
    beta2: float = 0.999,
    **fields: Any,
) -> Recipe:
    optimizer = Part("sparring.training.optimizers:adam", lr=lr, beta1=beta1, beta2=beta2)
    return Recipe(
        name=name,
        game=Part(DUEL),
        networks={"generator": generator, "discriminator": discriminator},
        optimizers={"generator": optimizer, "discriminator": optimizer},
        loss=Part(f"{LOSSES}.adversarial:{loss}"),
        **fields,
    )


def _dcgan_networks(width: int, paper: bool = False) -> tuple[Part, Part]:
    """The pair of the tutorial at 28 pixels, or of the paper at 64."""
    generator = Part(f"{NETWORKS}.dcgan:Generator", widths=(4 * width, 2 * width, width))
    discriminator = Part(f"{NETWORKS}.dcgan:Discriminator", widths=(width, 2 * width))
    if not paper:
        return generator, discriminator
    widths = (width, 2 * width, 4 * width, 8 * width)
    both: dict[str, Any] = {"kernel": 4, "norm": "batch", "init": "normal"}
    return (
        generator.replace(widths=widths[::-1], doublings=4, slope=0.0, **both),
        discriminator.replace(widths=widths, slope=0.2, dropout=0.0, **both),
    )


def _task(*told: str) -> Part:
    return Part("sparring.tasks.generate:Generate", told=told)
