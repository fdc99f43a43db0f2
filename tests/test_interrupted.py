"""Ctrl-C in the middle of a verb: exit code 130, one sentence, and nothing half-written."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sparring.artifact.model import Model
from sparring.cli import sampling
from sparring.domains.image.domain import Image as Pictures
from test_translate import pix2pix

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, int], None]:
    """Makes a function raise what Ctrl-C does, when it is called for the so-manieth time."""

    def after(owner: Any, name: str, calls: int) -> None:
        whole, count = getattr(owner, name), itertools.count(1)

        def call(*arguments: Any, **options: Any) -> Any:
            made = whole(*arguments, **options)
            if next(count) == calls:
                raise KeyboardInterrupt  # with the work of this call done, as by any chance
            return made

        monkeypatch.setattr(owner, name, call)

    return after


def one_sentence(err: str) -> bool:
    said = [line for line in err.splitlines() if line.startswith("sparring: ")]
    return said == ["sparring: interrupted."] and "Traceback" not in err


@pytest.mark.parametrize("out", ["out.npy", "out.png", "out", "out.d"])
def test_sampling(
    out: str,
    tiny_run: Path,
    tmp_path: Path,
    sparring: Cli,
    interrupt: Callable[[Any, str, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampling, "PIECE", 64)
    interrupt(Model, "sample", 3)
    place = tmp_path / "made" / out
    place.mkdir(parents=True) if out == "out.d" else place.parent.mkdir()
    code, _, err = sparring("sample", tiny_run, "-n", 1000, "--out", place)
    assert code == 130 and one_sentence(err)
    assert "1,000 samples take about" in err and "GiB" in err
    left = [path for path in place.parent.rglob("*") if path.is_file()]
    assert len(left) == (0 if place.suffix in (".npy", ".png") else 128)
    for path in left:
        with Image.open(path) as picture:
            picture.load()


@pytest.mark.parametrize("out", ["out.npy", "out.png", "out"])
def test_writing(
    out: str,
    tiny_run: Path,
    tmp_path: Path,
    sparring: Cli,
    interrupt: Callable[[Any, str, int], None],
) -> None:
    place = tmp_path / "made" / out
    place.parent.mkdir()
    interrupt(sampling, "_write_array", 1)
    interrupt(Pictures, "preview", 1)
    interrupt(Pictures, "write", 3)
    code, _, err = sparring("sample", tiny_run, "-n", 5, "--out", place)
    assert code == 130 and one_sentence(err)
    left = [path.name for path in place.parent.rglob("*") if path.is_file()]
    assert sorted(left) == (["0000.png", "0001.png"] if out == "out" else [])


def test_translating(
    tmp_path: Path, sparring: Cli, interrupt: Callable[[Any, str, int], None]
) -> None:
    pix2pix().save(tmp_path / "model")
    (tmp_path / "given").mkdir()
    for index in range(12):  # each of an extent of its own, so that they are no single batch
        pixels = np.full((16, 16 + index, 3), 20 * index, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "given" / f"{index}.png")
    interrupt(Model, "translate", 6)
    words = (tmp_path / "model", tmp_path / "given", "--out", tmp_path / "made")
    code, _, err = sparring("translate", *words)
    assert code == 130 and one_sentence(err)
    left = list((tmp_path / "made").iterdir())
    assert 0 < len(left) < 12 and all(path.suffix == ".png" for path in left)
    for path in left:
        with Image.open(path) as picture:
            picture.load()
    assert sparring("translate", *words, "--existing", "skip")[0] == 0
    assert len(list((tmp_path / "made").iterdir())) == 12


def test_evaluating(
    tiny_run: Path, sparring: Cli, interrupt: Callable[[Any, str, int], None]
) -> None:
    before = {path: path.read_bytes() for path in tiny_run.rglob("*") if path.is_file()}
    interrupt(Model, "sample", 1)
    code, out, err = sparring("evaluate", tiny_run, "-n", 40, "--extractor", "pixels")
    assert code == 130 and one_sentence(err) and not out
    assert before == {path: path.read_bytes() for path in tiny_run.rglob("*") if path.is_file()}
