"""Small untrained models of several kinds, served in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from starlette.testclient import TestClient

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.recipes import recipe_named
from sparring.serving.app import application
from sparring.serving.limits import Limits

IMAGE = "sparring.domains.image.domain:Image"
Serve = Callable[..., TestClient]


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


@pytest.fixture(scope="session")
def models() -> Mapping[str, Model]:
    """One that samples, and those that mend, enlarge and turn pictures and sounds."""
    sound = Part("sparring.domains.sound.domain:Sound", length=4096, rate=8000)
    points = Part("sparring.domains.points.domain:Points", shape=(2,))
    return {
        "digits": untrained("cgan", pictures(1, 16), classes=10),
        "rings": untrained("gan", points, width=None),
        "holes": untrained("inpaint", pictures(3, 16)),
        "large": untrained("superres", pictures(3, 32), width=8, scale=2),
        "ways": untrained("cyclegan", pictures(3, 16)),
        "gaps": untrained("inpaint", sound, rank=1),
    }


@pytest.fixture
def serve(models: Mapping[str, Model]) -> Iterator[Serve]:
    """A client of a server with these limits."""
    with ExitStack() as stack:

        def client(
            token: str = "", only: Mapping[str, Model] = models, **limits: Any
        ) -> TestClient:
            app = application(only, Limits(**limits), token)
            found = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
            return stack.enter_context(found)

        yield client
