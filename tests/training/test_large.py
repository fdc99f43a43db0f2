"""Large pictures: networks stay small, pieces fit, tensors lie in several files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sparring.artifact.manifest import MIGRATIONS
from sparring.artifact.tiling import at_once
from sparring.core import storage
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.storage import read_tensors, write_tensors
from sparring.core.types import Spec

PAIRS = [
    ("convolutional", {"width": 16}, {"width": 32}, {"doublings": 2}, {"halvings": 2}),
    ("residual", {}, {}, {"stages": 3, "halved": 0}, {"stages": 3, "halved": 0}),
    ("dcgan", {}, {}, {"doublings": 2}, {"halved": 0}),
]


def built(name: str, side: str, space: int, **settings: object) -> torch.nn.Module:
    spec = Spec(shape=(3, space, space), latent=64)
    torch.manual_seed(0)
    return Part(f"sparring.networks.{name}:{side}", **settings).build(spec)


@pytest.mark.parametrize(("name", "one", "other", "_", "__"), PAIRS)
def test_weights_of_1024_px_are_no_more_than_a_few_times_those_of_64(
    name: str, one: dict, other: dict, _: dict, __: dict
) -> None:
    with torch.device("meta"):
        for side, settings in (("Generator", one), ("Discriminator", other)):
            large = sum(p.numel() for p in built(name, side, 1024, **settings).parameters())
            assert large < 8e6


@pytest.mark.parametrize(("name", "one", "other", "depth", "depths"), PAIRS)
@pytest.mark.parametrize("space", [8, 28, 64])
def test_small_pictures_have_the_networks_that_they_had(
    space: int, name: str, one: dict, other: dict, depth: dict, depths: dict
) -> None:
    for side, settings, fixed in (("Generator", one, depth), ("Discriminator", other, depths)):
        new = built(name, side, space, **settings).state_dict()
        old = built(name, side, space, **settings, **fixed).state_dict()
        assert new.keys() == old.keys()
        assert all(torch.equal(new[key], old[key]) for key in new)


def test_older_models_keep_their_depth() -> None:
    networks = {
        "generator": {"call": "sparring.networks.convolutional:Generator", "width": 16},
        "discriminator": {"call": "sparring.networks.residual:Discriminator", "stages": 4},
    }
    found = MIGRATIONS[6]({"schema": 6, "recipe": {"networks": networks}})["recipe"]["networks"]
    assert found["generator"] == networks["generator"] | {"doublings": 2}
    assert found["discriminator"] == networks["discriminator"] | {"halved": 0}


def test_older_dcgans_too() -> None:
    networks = {"generator": {"call": "sparring.networks.dcgan:Generator", "widths": [8, 4]}}
    networks["discriminator"] = {"call": "sparring.networks.dcgan:Discriminator"}
    found = MIGRATIONS[8]({"schema": 8, "recipe": {"networks": networks}})["recipe"]["networks"]
    assert found["generator"] == networks["generator"] | {"doublings": 2}
    assert found["discriminator"] == networks["discriminator"] | {"halved": 0}


MEASURED = """
import sys
import numpy as np
from sparring.training.budget import Intervals
from sparring.verbs import check, run


def kilobytes(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def begin(manifest, world, beside):
    print(check.estimate_memory(manifest) // 1024, kilobytes("VmRSS"))
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is counted from here


check.check_run = begin
data = np.random.default_rng(0).integers(0, 255, (10, 3, 256, 256), dtype=np.uint8)
intervals = Intervals(sample=0)
run.train("r3", data, sys.argv[1], steps=2, batch=4, quiet=True, intervals=intervals)
print(kilobytes("VmHWM"))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are Linux's to tell")
def test_memory_is_estimated_within_a_factor_of_two(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "run")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    estimate, before, peak = map(int, said)
    assert 0.5 < estimate / (peak - before) < 2.0


def test_pieces_are_as_large_as_fits() -> None:
    assert at_once(64, 1 << 20, (3, 28, 28)) == at_once(64, 1 << 20, (2,)) == 64
    assert at_once(64, 1 << 20, (3, 256, 256)) == 16
    assert at_once(64, 1 << 20, (3, 4096, 4096)) == 1


def test_many_tensors_lie_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = {f"layer.{n}": torch.full((100,), float(n)) for n in range(7)}
    monkeypatch.setattr(storage, "SHARD", 900)
    write_tensors(tmp_path / "state.safetensors", tensors)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "state-00001-of-00004.safetensors" and len(names) == 5
    found = read_tensors(tmp_path / "state.safetensors")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    (tmp_path / names[2]).unlink()
    with pytest.raises(InputError, match="cannot read"):
        read_tensors(tmp_path / "state.safetensors")
    (tmp_path / names[-1]).write_text('{"weight_map": {"layer.0": "../elsewhere"}}')
    with pytest.raises(InputError, match="names no files beside it"):
        read_tensors(tmp_path / "state.safetensors")
