"""Small untrained models of several kinds, served in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from small_models import Serve, pictures, untrained
from starlette.testclient import TestClient

from sparring.artifact.model import Model
from sparring.core.part import Part
from sparring.serving.app import application
from sparring.serving.limits import Limits


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
