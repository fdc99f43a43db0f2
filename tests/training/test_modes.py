"""The plain command on points: `r3` by name gets networks that find narrow, distant modes."""

from __future__ import annotations

import pytest

import sparring
from sparring.domains.points.modes import modes_covered
from sparring.domains.points.toys import mixture


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> sparring.Model:
    """What 300 steps of r3 make of ring8, with nothing else set."""
    run = tmp_path_factory.mktemp("modes") / "run"
    never = sparring.Intervals(log=0, sample=0, checkpoint=0)
    return sparring.train("r3", "ring8", run, steps=300, seed=0, intervals=never, quiet=True)


def test_r3_by_name_gets_dense_networks_with_octaves_for_points(model: sparring.Model) -> None:
    for network in model.manifest.recipe.networks.values():
        assert network.call.startswith("sparring.networks.dense:")
        assert network.arguments["octaves"] > 0


def test_r3_by_name_finds_the_modes_of_ring8(model: sparring.Model) -> None:
    found = modes_covered(model.domain.decode(model.sample(2000, seed=0)), *mixture("ring8"))
    assert found.covered == 8
    assert found.share > 0.3
