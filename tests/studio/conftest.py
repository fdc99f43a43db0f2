"""A studio of tiny models and a person before it: Chromium, which asks nobody else for anything."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest, versions
from sparring.artifact.model import Model
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.recipes import recipe_named

PATIENCE = 120
"""Seconds that a busy machine may take for anything."""
NAMES = ("water", "grass", "rock", "sand")
SOUND = Part("sparring.domains.sound.domain:Sound", length=4096)


def _saved(name: str, place: Path, **spec: Any) -> None:
    """An untrained model of a recipe."""
    recipe = recipe_named(name, {}, rank=len(spec["shape"]) - 1)
    recipe = recipe.override({"generator.width": 4})
    domain, address = spec.pop("domain", None), spec.pop("address", None)
    domain = domain or Part("sparring.domains.image.domain:Image", shape=spec["shape"])
    source, words = spec.pop("source", None), spec.pop("words", ())
    known = Spec(latent=recipe.latent, **spec)
    manifest = Manifest(
        recipe=recipe,
        domain=domain,
        source_domain=source,
        spec=known,
        data={"name": "tiny", "licence": "CC0"} | ({"address": address} if address else {}),
        classes=tuple("abc"[: known.classes]),
        words=words,
        examples={"tokens": [[number] for number in range(len(words))]},
        versions=versions(),
    )
    torch.manual_seed(0)
    kept = build_game(recipe).kept
    Model(manifest, {net: build_network(manifest, net) for net in kept}).save(place)
    manifest.write(place)  # as a run does: what is saved to be shared names no folder


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each page's kind."""
    place = tmp_path_factory.mktemp("studio") / "runs"
    _saved("r3", place / "made", shape=(1, 8, 8), classes=3)
    layout = Part("sparring.domains.layout.domain:Layout", shape=(4, 16, 16), names=NAMES)
    _saved("spade", place / "painted", shape=(3, 16, 16), map=(4, 16, 16), source=layout)
    photos = str(place.parent / "photos.npz")
    levels = np.random.default_rng(0).integers(0, 255, (60, 3, 16, 16), np.uint8)
    np.savez(photos, sample=levels)
    _saved("inpaint", place / "filled", shape=(3, 16, 16), map=(4, 16, 16), address=photos)
    _saved("blend", place / "pasted", shape=(3, 16, 16), map=(4, 16, 16))
    words = ("blue", "red", "square")
    _saved("text2image", place / "told", shape=(3, 16, 16), tokens=(3, 4), words=words)
    _saved("restore", place / "heard", shape=(1, 4096), map=(1, 4096), domain=SOUND)
    return place


@pytest.fixture(scope="session")
def studio(browser: Any, runs: Path) -> Iterator[str]:
    """Where `sparring studio` answers, in a process of its own."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("gradio is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "sparring", "studio", str(runs), "--port", str(port)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "no_proxy": "127.0.0.1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert f"http://127.0.0.1:{port}" in said, said
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=PATIENCE)


@pytest.fixture
def page(browser: Any, studio: str) -> Iterator[Any]:
    """The studio's page, which may ask nobody but its own server for anything."""
    outside: list[str] = []
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(PATIENCE * 1000)
    home = (studio, "data:", "blob:")
    opened.on("request", lambda it: it.url.startswith(home) or outside.append(it.url))
    opened.goto(studio)
    opened.wait_for_selector("#title")
    yield opened
    opened.close()
    assert not outside, f"the page asked for {outside}"


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for something to become true."""

    def wait(true: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, "it never came"
            time.sleep(0.05)

    return wait
