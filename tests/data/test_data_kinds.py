"""Kinds of data: recognised by content or stated, and offered by packages of the user's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data import check, kinds, load
from sparring.data.content import Content, Sources
from sparring.data.dataset import dataset
from sparring.domains.points.arrays import units

DICE = '''
"""Throws of dice: how often each of eight sides came up."""
from dataclasses import dataclass

import numpy as np

from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.kinds import Kind, Reader, Toy


@dataclass(frozen=True)
class Dice:
    shape: tuple[int]
    head: str = "linear"

    def encode(self, stored):
        return stored.float() / 6 - 1

    def decode(self, samples):
        return ((samples + 1) * 6).round()


DOMAIN = Part(Dice, shape=(8,))


def read(path, reading):
    rows = [[int(word) for word in line.split()] for line in path.read_text().splitlines()]
    return Content(sample=np.array(rows, np.float32), domain=DOMAIN)


def fair():
    counts = np.random.default_rng(0).multinomial(48, [1 / 8] * 8, 600)
    return Content(sample=counts.astype(np.float32), domain=DOMAIN)


class Loaded:
    """Finds sides that come up too often."""

    def __init__(self, space):
        self.total = np.zeros(8)

    def see(self, stored):
        self.total += stored.sum(0)

    def found(self, what):
        side = int(self.total.argmax())
        often = self.total[side] > 2 * self.total.mean()
        doubts = [f"side {side + 1} is loaded."] if often else []
        return [("throws", f"{self.total.sum():g}")], doubts


KIND = Kind(
    name="dice",
    domain="mydice:Dice",
    readers=(Reader("throws of dice (.dice)", lambda path: path.suffix == ".dice", read),),
    finder=Loaded,
    toys={"fair": Toy("48 throws of a fair die of eight sides", fair)},
)
'''


@pytest.fixture
def mydice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mydice.py").write_text(DICE)
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    kinds.kinds.cache_clear()
    yield tmp_path
    kinds.kinds.cache_clear()
    __import__("sys").modules.pop("mydice", None)


def test_a_package_of_the_users_offers_readers_toys_and_checks(mydice: Path) -> None:
    rows = "\n".join(
        " ".join(
            map(
                str,
                [
                    40,
                    *[1] * 7,
                ],
            )
        )
        for _ in range(30)
    )
    (mydice / "throws.dice").write_text(rows)
    found = load(mydice / "throws.dice", trusted=("mydice",))
    assert found.domain.call == "mydice:Dice" and found.count is not None
    report = check(mydice / "throws.dice", trusted=("mydice",), held_out=0)
    assert dict(report.facts)["throws"] == "1410"
    assert "side 1 is loaded." in report.warnings
    assert load("fair", trusted=("mydice",)).count == 540
    assert load("fair", trusted=("mydice",), kind="dice").count == 540


def test_an_untrusted_package_is_not_even_imported(mydice: Path) -> None:
    (mydice / "throws.dice").write_text("1 2 3 4 5 6 7 8")
    with pytest.raises(InputError, match="no data set: no reader knows its name"):
        load(mydice / "throws.dice")
    with pytest.raises(InputError, match="unknown data set 'fair'"):
        load("fair")
    assert "mydice" not in __import__("sys").modules


def test_an_installed_package_needs_no_trust(mydice: Path) -> None:
    facts = mydice / "site" / "mydice-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: mydice\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[sparring.domains]\ndice = mydice:KIND\n")
    assert load("fair").domain.call == "mydice:Dice"


def test_a_package_that_cannot_be_imported_is_named(mydice: Path) -> None:
    (mydice / "site" / "mydice.py").write_text("import nothing_of_that_name")
    with pytest.raises(InputError, match="the package mydice cannot be imported"):
        load("fair", trusted=("mydice",))
    with pytest.raises(InputError, match="the package no_such_package cannot be imported"):
        load("fair", trusted=("no_such_package",))


@pytest.mark.parametrize(
    "shape", [(6, 1, 400), (6, 400, 1), (6, 2, 400), (2, 3, 8, 8, 3), (6, 1, 1, 400), (6, 9, 9, 9)]
)
def test_arrays_that_may_be_anything_are_not_taken_for_pictures(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    np.save(tmp_path / "x.npy", np.zeros(shape, np.float32))
    with pytest.raises(InputError, match=r"not plainly of any kind: .*pictures are.*points are"):
        load(tmp_path / "x.npy")


def test_a_stated_kind_is_obeyed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((6, 1, 400)))
    assert load(tmp_path / "x.npy", kind="pictures").domain.arguments["shape"] == (1, 1, 400)
    with pytest.raises(InputError, match=r"shape \(6, 1, 400\); points are"):
        load(tmp_path / "x.npy", kind="points")
    with pytest.raises(InputError, match="unknown kind of data 'picture': did you mean 'pictures'"):
        load(tmp_path / "x.npy", kind="picture")
    np.savetxt(tmp_path / "x.csv", np.arange(64 * 5).reshape(5, 64) % 256, delimiter=",", fmt="%d")
    assert load(tmp_path / "x.csv").domain.arguments["shape"] == (1, 8, 8)
    assert load(tmp_path / "x.csv", kind="points").domain.arguments["shape"] == (64,)


def test_what_an_array_was_read_as_is_said(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.linspace(0, 1, 6 * 8 * 9 * 3).reshape(6, 8, 9, 3))
    (note,) = load(tmp_path / "x.npy").notes
    assert note.endswith(
        "x.npy is read as 6 pictures: (N, H, W, C), floats taken to be in [0, 1], as they "
        "lie from 0 to 1 (state another with --range)."
    )
    np.save(tmp_path / "x.npy", np.zeros((6, 3)))
    (note,) = load(tmp_path / "x.npy").notes
    assert note.endswith("x.npy is read as 6 points of 3 numbers.")
    assert f"note: {note}" in check(tmp_path / "x.npy").lines()


def test_scales_are_fitted_to_what_is_trained_on_alone(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(5, 2, (40, 2)).astype(np.float32)
    held_out = np.arange(40) % 4 == 0
    rows[held_out] += 100
    np.savez(tmp_path / "x.npz", sample=rows, held_out=held_out)
    domain = load(tmp_path / "x.npz").domain.build()
    assert np.allclose(domain.centre, rows[~held_out].mean(0), rtol=1e-5)
    assert np.allclose(domain.scale, rows[~held_out].std(0), rtol=1e-5)


@pytest.mark.parametrize("paired", [True, False])
def test_sources_have_scales_of_their_own(paired: bool) -> None:
    stored = np.arange(40, dtype=np.float32).reshape(20, 2)
    held_out = np.arange(20) > 9
    points = Part("sparring.domains.points.domain:Points", shape=(2,))
    loose = None if paired else Sources(stored, held_out)
    content = Content(
        sample=stored,
        domain=points,
        source=stored if paired else None,
        sources=loose,
        source_domain=points,
        source_estimate=units,
        held_out=held_out,
    )
    found = dataset(content, name="x", address="x", held_out=0.1, seed=0)
    assert found.domain == points and found.source_domain is not None
    assert found.source_domain.arguments["centre"] == (9.0, 10.0)
