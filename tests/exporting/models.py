"""Untrained models of every recipe, tiny."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.recipes import recipe_named


def untrained(
    name: str,
    domain: Part,
    source: Part | None = None,
    *,
    classes: int = 0,
    tokens: tuple[int, ...] = (),
    sets: dict[str, Any] | None = None,
    **flags: Any,
) -> Model:
    space = domain.build()
    recipe = recipe_named(name, flags, rank=len(space.shape) - 1)
    if sets:
        generator = recipe.networks["generator"].replace(**sets)
        recipe = recipe.replace(networks={**recipe.networks, "generator": generator})
    given = source.build().shape if source else ()
    spec = Spec(
        tuple(space.shape),
        recipe.latent,
        classes=classes,
        map=tuple(recipe.task.build().map_shape(space.shape, given)),
        head=space.head,
        tokens=tokens,
        blocks=space.blocks,
    )
    manifest = Manifest(
        recipe=recipe,
        domain=domain,
        source_domain=source,
        spec=spec,
        data={},
        classes=tuple("abcdefgh"[:classes]),
    )
    torch.manual_seed(0)
    networks = {net: build_network(manifest, net) for net in build_game(recipe).kept}
    return Model(manifest, networks)


def pictures(channels: int = 3, side: int = 32) -> Part:
    return Part("sparring.domains.image.domain:Image", shape=(channels, side, side))


LAYOUTS = Part("sparring.domains.layout.domain:Layout", shape=(4, 32, 32))
POINTS = Part("sparring.domains.points.domain:Points", shape=(2,), centre=(3.0, 4.0))
TABLE = Part(
    "sparring.domains.points.domain:Points", shape=(5,), groups=((2, "linear"), (3, "softmax"))
)
SOUND = Part("sparring.domains.sound.domain:Sound", length=4096)

SAMPLERS: dict[str, Callable[[], Model]] = {
    "r3": partial(untrained, "r3", pictures(), width=4),
    "r3 clear": partial(untrained, "r3", pictures(4), width=4),
    "r3 residual": partial(untrained, "r3", pictures(), width=16, network="residual"),
    "r3 points": partial(untrained, "r3", POINTS),
    "gan": partial(untrained, "gan", pictures(1, 8), widths=(8,)),
    "gan table": partial(untrained, "gan", TABLE, widths=(8,)),
    "dcgan": partial(untrained, "dcgan", pictures(), width=4),
    "lsgan": partial(untrained, "lsgan", pictures(), width=4),
    "wgan": partial(untrained, "wgan", pictures(), width=4),
    "wgan-gp": partial(untrained, "wgan-gp", pictures(), width=4),
    "sngan": partial(untrained, "sngan", pictures(), width=4),
    "cgan": partial(untrained, "cgan", pictures(1, 16), classes=3),
    "vae": partial(untrained, "vae", pictures(1, 16)),
    "wavegan": partial(untrained, "wavegan", SOUND, width=4),
}
TRANSLATORS: dict[str, Callable[[], Model]] = {
    "pix2pix": partial(untrained, "pix2pix", pictures(), pictures(1), width=4),
    "spade": partial(untrained, "spade", pictures(), LAYOUTS, width=2),
    "pix2pix to layouts": partial(untrained, "pix2pix", LAYOUTS, pictures(), width=4),
    "cut": partial(untrained, "cut", pictures(), pictures(), width=4),
    "photo2emoji": partial(untrained, "photo2emoji", pictures(), pictures(), width=4, colours=4),
    "cyclegan": partial(untrained, "cyclegan", pictures(), pictures(), width=4),
    "superres": partial(untrained, "superres", pictures(), width=4),
    "superres averaged": partial(untrained, "superres", pictures(), averaged=True, width=4),
    "inpaint": partial(untrained, "inpaint", pictures(), width=4),
    "inpaint smooth": partial(untrained, "inpaint", pictures(), smooth=True, width=4),
    "restore": partial(untrained, "restore", pictures(), width=4),
    "restore colour": partial(untrained, "restore", pictures(), kind="colour", width=4),
    "blend": partial(untrained, "blend", pictures(), width=4),
    "inpaint sound": partial(untrained, "inpaint", SOUND, width=8),
    "vocoder": partial(untrained, "vocoder", SOUND, width=8, blocks=1, sets={"final_rounds": 2}),
    "restore sound": partial(untrained, "restore", SOUND, width=8),
}
MEL = Part("sparring.domains.mel.domain:Mel", length=8192)
SPECTROGRAMS: dict[str, Callable[[], Model]] = {
    "melgan": partial(untrained, "melgan", MEL, width=4),
    "timbre": partial(untrained, "timbre", MEL, MEL, width=8, blocks=2),
}
"""Models of spectrograms, whose sound the shipped vocoder makes."""
