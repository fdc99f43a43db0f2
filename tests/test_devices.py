"""Where verbs run, and how they tell how far they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import sparring as package
from sparring.core.device import device_of
from sparring.core.errors import InputError

Cli = Callable[..., tuple[int, str, str]]


def test_auto_is_the_accelerator_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device("xpu"))
    assert device_of("auto").type == "xpu"
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
    assert device_of("auto").type == "cpu"


@pytest.mark.parametrize("word", ["gpu", "cuda:x", "cuda:77", "meta:1:2"])
def test_a_device_that_is_not_there_is_refused(word: str, tiny_run: Path, sparring: Cli) -> None:
    with pytest.raises(InputError, match=f"the device '{word}' cannot be used"):
        package.Model.load(tiny_run, device=word)
    for verb in ("sample", "evaluate"):
        code, _, said = sparring(verb, tiny_run, "--device", word)
        assert code == 2 and "cannot be used" in said


def test_the_device_changes_nothing_else(tiny_run: Path) -> None:
    loaded = package.Model.load(tiny_run), package.Model.load(tiny_run, device="auto")
    assert loaded[0].device.type == "cpu"
    assert torch.allclose(loaded[0].sample(4), loaded[1].sample(4), atol=1e-4)


def test_evaluate_tells_how_many_samples_are_read(tiny_run: Path) -> None:
    told: list[tuple[str, int, int]] = []
    package.evaluate(tiny_run, count=50, progress=lambda *step: told.append(step))
    read = [(done, total) for what, done, total in told if what == "samples read"]
    assert read == sorted(read) and read[-1] == (40 + 50 + 50, 40 + 50 + 50)
    assert told[-1] == ("scores and intervals", 0, 0)
