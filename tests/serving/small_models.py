"""Small untrained models of several kinds, and files to send to them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from starlette.testclient import TestClient

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.recipes import recipe_named

Serve = Callable[..., TestClient]
IMAGE = "sparring.domains.image.domain:Image"


def untrained(
    recipe: str, domain: Part, classes: int = 0, width: int = 4, **settings: Any
) -> Model:
    """A model of a recipe with the weights that it begins with."""
    made = recipe_named(recipe, settings)
    made = made if width is None else made.override({"generator.width": width})
    task, shape = made.task.build(), domain.build().shape
    source = domain if task.sources != "none" else None
    spec = Spec(
        shape, made.latent, classes=classes, map=task.map_shape(shape, shape),
        head=domain.build().head,
    )  # fmt: skip
    manifest = Manifest(
        recipe=made, domain=domain, source_domain=source, spec=spec, data={"name": recipe}
    )
    torch.manual_seed(0)
    kept = build_game(made).kept
    return Model(manifest, {name: build_network(manifest, name) for name in kept})


def pictures(channels: int, side: int) -> Part:
    return Part(IMAGE, shape=(channels, side, side))


def png(side: int = 16, mode: str = "RGB", seed: int = 0) -> bytes:
    random = np.random.default_rng(seed)
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    values = random.integers(0, 256, (side, side, channels), np.uint8)
    return encoded(Image.fromarray(values[..., 0] if channels == 1 else values))


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def hole(side: int = 16) -> bytes:
    mask = np.zeros((side, side), np.uint8)
    mask[4:9, 4:9] = 255
    return encoded(Image.fromarray(mask))
