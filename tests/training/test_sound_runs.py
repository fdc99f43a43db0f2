"""Runs on sounds: resumed to the bit, two processes as one, seen as waves and as spectrograms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_processes import TRAIN, Finished, Start, assert_alike, weights_of

from sparring.core.part import Part
from sparring.core.recipe import Recipe
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

soundfile = pytest.importorskip("soundfile")
Weights = Callable[[Path], dict[str, bytes]]
Build = Callable[..., Recipe]
MEL = "sparring.domains.mel.domain:Mel"
LINE = {
    "generator": Part("sparring.networks.dcgan:Generator", widths=(8, 8), doublings=2),
    "discriminator": Part("sparring.networks.dcgan:Discriminator", widths=(8, 8)),
}
SEEN = {"waves": {"networks": LINE}, "spectrograms": {"seen_as": MEL}}
# Dense networks in both: batch normalisation sees each process's own share.
ALIKE: dict[str, dict[str, str]] = {"waves": {}, "spectrograms": {"seen_as": MEL}}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of long recordings; each makes twelve pieces."""
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(6):
        place = 2 * np.pi * (200 + 100 * number) * np.arange(12 * 1024) / 16_000
        soundfile.write(folder / f"{number}.flac", 0.4 * np.sin(place), 16_000)
    return str(folder)


@pytest.mark.parametrize("seen", SEEN)
def test_resumed_equals_unbroken(
    seen: str, recipe: Build, sounds: str, tmp_path: Path, weights: Weights
) -> None:
    tiny, every = recipe(**SEEN[seen]), Intervals(log=1, sample=4, checkpoint=4)
    options = {"intervals": every, "quiet": True, "seed": 5, "seconds": 0.06}
    train(tiny, sounds, tmp_path / "whole", steps=9, **options)
    train(tiny, sounds, tmp_path / "parts", steps=5, **options)
    resume(tmp_path / "parts", steps=9, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


@pytest.mark.parametrize("seen", ALIKE)
def test_two_processes_are_one(
    seen: str, recipe: Build, sounds: str, tmp_path: Path, start: Start, finished: Finished
) -> None:
    # A relativistic discriminator does not see the bias of a unit that is always on.
    loss = Part("sparring.losses.adversarial:non_saturating")
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe(**ALIKE[seen], loss=loss).to_json()))
    script = TRAIN.replace("quiet=True", "quiet=True, seconds=0.06").replace("score=8", "score=0")
    for world in (1, 2):
        finished(start(script, world, [path, sounds, tmp_path / f"run-{world}"]))
    assert_alike(weights_of(tmp_path / "run-1"), weights_of(tmp_path / "run-2"))
