"""Recipes for pictures, and for points: each method with its paper's defaults."""

from __future__ import annotations

from typing import Any

from sparring.core.part import Part
from sparring.core.ranges import Amount, Batch, Every, Factor, Rate, Share, Size, Sizes
from sparring.core.recipe import Recipe

NETWORKS = "sparring.networks"
LOSSES = "sparring.losses"
DUEL = "sparring.games.duel:Duel"
COSINE = "sparring.core.schedule:cosine"
R3 = {"latent": 64, "gamma": 0.5, "every": 8, "lr": 4e-3, "lr_end": 1e-4, "batch": 32}
"""What r3 is made of unless told otherwise."""
R3_POINTS = R3 | {"latent": 2, "gamma": 0.02, "gamma_end": 1e-4, "lr": 2e-3, "batch": 256}
"""The same for points: gamma starts high, so that all modes are found, and ends low, so that they
become sharp."""


def gan(
    *,
    latent: Size = 100,
    widths: Sizes = (256, 512, 1024),
    discriminator_widths: Sizes = (512, 256),
    norm: str = "batch",
    slope: Share = 0.2,
    lr: Rate = 2e-4,
    batch: Batch = 32,
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
    latent: Size = 100,
    width: Size = 64,
    paper: bool = False,
    lr: Rate = 2e-4,
    batch: Batch = 128,
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


def lsgan(*, latent: Size = 100, width: Size = 64, lr: Rate = 2e-4, batch: Batch = 128) -> Recipe:
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
    latent: Size = 100,
    width: Size = 64,
    lr: Rate = 5e-5,
    clip: Amount = 0.01,
    critic_turns: Factor = 5,
    batch: Batch = 64,
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
    latent: Size = 100,
    width: Size = 64,
    lr: Rate = 1e-4,
    weight: Amount = 10.0,
    critic_turns: Factor = 5,
    batch: Batch = 64,
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


def sngan(*, latent: Size = 128, width: Size = 64, lr: Rate = 2e-4, batch: Batch = 64) -> Recipe:
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
    rank: int = 2,
    condition: str = "label",
    form: str = "projection",
    network: str | None = None,
    gamma: Amount = 1.0,
    latent: Size = 100,
    lr: Rate = 5e-4,
    batch: Batch = 64,
) -> Recipe:
    """Conditional GAN: both players know the label or vector (Mirza & Osindero 2014).

    The paper's own form is --form concat --network dense --gamma 0. Within minutes on digits and
    clothes, it and cDCGAN (--network dcgan) made one and the same picture for each label.

    Args:
        rank: dimensions of space of one sample, read from the data; 0 is points.
        condition: label, vector, tokens, or several with commas.
        form: how the discriminator is told: concat, or projection (Miyato & Koyama 2018).
        network: dense, dcgan, convolutional (default) or residual; dense for points.
        gamma: weight of R1, which keeps labels from collapsing; 0 leaves it out.
        latent: numbers in one latent vector.
        lr: Adam's learning rate for both players.
        batch: real samples a turn.
    """
    module = f"{NETWORKS}.{network or ('convolutional' if rank else 'dense')}"
    generator = Part(f"{module}:Generator")
    discriminator = Part(f"{module}:Discriminator", form=form)
    penalty = (Part(f"{LOSSES}.penalties:r1", weight=gamma, every=4),) if gamma else ()
    recipe = _duel(
        "cgan", generator, discriminator, terms=penalty, latent=latent, batch=batch, lr=lr
    )
    return recipe.replace(task=_task(*condition.replace(" ", "").split(",")))


def vae(
    *,
    rank: int = 2,
    latent: Size = 16,
    network: str | None = None,
    beta: Amount = 1.0,
    likelihood: str | None = None,
    conditional: bool = False,
    lr: Rate = 1e-3,
    batch: Batch = 128,
) -> Recipe:
    """Variational autoencoder, the contrasting method (Kingma & Welling 2014).

    Args:
        rank: dimensions of space of one sample, read from the data; 0 is points.
        latent: numbers in one latent vector; 2 shows the whole latent space as a map.
        network: dense, dcgan (default) or residual; dense for points.
        beta: weight of the divergence from the prior (Higgins et al. 2017).
        likelihood: bernoulli (default), gaussian or laplace; gaussian for points.
        conditional: tell encoder and decoder the label.
        lr: Adam's learning rate.
        batch: real samples a turn.
    """
    module = f"{NETWORKS}.{network or ('dcgan' if rank else 'dense')}"
    likelihood = likelihood or ("bernoulli" if rank else "gaussian")
    encoder = Part(f"{module}:Discriminator", outputs=2 * latent)
    if encoder.accepts("dropout"):
        encoder = encoder.replace(dropout=0.0)
    return Recipe(
        name="vae",
        game=Part("sparring.games.autoencoder:Autoencoder", beta=beta),
        networks={"encoder": encoder, "decoder": Part(f"{module}:Generator")},
        optimizers={"autoencoder": Part("sparring.training.optimizers:adam", lr=lr, beta1=0.9)},
        turns=("autoencoder",),
        loss=Part(f"{LOSSES}.reconstruction:{likelihood}"),
        task=_task(*["label"] * conditional),
        latent=latent,
        batch=batch,
    )


def r3(
    *,
    rank: int = 2,
    network: str | None = None,
    width: Size | None = None,
    discriminator_width: Size | None = None,
    latent: Size | None = None,
    gamma: Amount | None = None,
    gamma_end: Amount | None = None,
    every: Every | None = None,
    lr: Rate | None = None,
    lr_end: Rate | None = None,
    style: bool = False,
    conditional: bool = False,
    batch: Batch | None = None,
) -> Recipe:
    """The quality default: relativistic pairs, R1 and R2, no normalisation (Huang et al. 2024).

    Args:
        rank: dimensions of space of one sample, read from the data; 0 is points.
        network: convolutional (default) learns most in minutes; residual is the paper's, for long
            runs (start it with a lower --lr); dense is for points.
        width: channels of the generator, finest layer for convolutional (default 16), coarsest
            for residual; units of each layer for points (default 128).
        discriminator_width: channels of the discriminator, likewise (default 32; 128 for points).
        latent: numbers in one latent vector (default 64; 2 for points).
        gamma: weight of R1 and R2 (default 0.5; 0.02 for points); raise it where training is
            unstable or data are few.
        gamma_end: their weight at the end, a tenth of gamma in the paper; unchanged if not given
            (1e-4 for points).
        every: R1 and R2 are due on every so manieth step (default 8).
        lr: Adam's learning rate at the start (default 4e-3; 2e-3 for points).
        lr_end: Adam's learning rate at the end (default 1e-4).
        style: a generator with a space of styles, one for each level (Karras et al. 2020), which
            can be mixed; for pictures.
        conditional: tell both players the label.
        batch: real samples a turn (default 32; 256 for points).
    """
    given = {"latent": latent, "gamma": gamma, "gamma_end": gamma_end, "every": every}
    given |= {"lr": lr, "lr_end": lr_end, "batch": batch}
    chosen = (R3_POINTS if rank == 0 else R3) | {n: v for n, v in given.items() if v is not None}
    networks = (_dense_pair if rank == 0 else _picture_pair)(network, width, discriminator_width)
    if style:
        networks = (
            Part(f"{NETWORKS}.style:Generator", width=width or 16, head="leaky"),
            networks[1],
        )
    end = chosen.get("gamma_end", chosen["gamma"])
    weight = Part(COSINE, start=chosen["gamma"], end=end)
    penalties = tuple(
        Part(f"{LOSSES}.penalties:{name}", weight=weight, every=chosen["every"])
        for name in ("r1", "r2")
    )
    fall = Part(COSINE, start=chosen["lr"], end=chosen["lr_end"])
    recipe = _duel(
        "r3",
        *networks,
        loss="relativistic",
        terms=penalties,
        latent=chosen["latent"],
        batch=chosen["batch"],
        lr=chosen["lr"],
        beta1=0.0,
        beta2=0.99,
        learning_rates={"generator": fall, "discriminator": fall},
        betas=Part(COSINE, start=0.9, end=0.99),
        ema=Part("sparring.core.schedule:share", fraction=0.05, most=20_000.0),
    )
    return recipe.replace(task=_task(*["label"] * conditional))


def _picture_pair(
    network: str | None, width: int | None, discriminator_width: int | None
) -> tuple[Part, Part]:
    module = f"{NETWORKS}.{network or 'convolutional'}"
    # On digits, which are mostly black, a tanh saturates within a minute and never comes back.
    return (
        Part(f"{module}:Generator", width=width or 16, head="leaky"),
        Part(f"{module}:Discriminator", width=discriminator_width or 32),
    )


def _dense_pair(
    network: str | None, width: int | None, discriminator_width: int | None
) -> tuple[Part, Part]:
    """Five layers with Fourier features: modes may be narrow, and far apart.

    The octaves show the discriminator such detail, and let the generator jump between modes.
    """
    module = f"{NETWORKS}.{network or 'dense'}"
    shape: dict[str, Any] = {"slope": 0.0, "init": "kaiming"}
    widths, opposite = (width or 128,) * 5, (discriminator_width or 128,) * 5
    return (
        Part(f"{module}:Generator", widths=widths, norm="none", octaves=6, **shape),
        Part(f"{module}:Discriminator", widths=opposite, octaves=4, **shape),
    )


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
