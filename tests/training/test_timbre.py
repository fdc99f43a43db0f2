"""One timbre becomes another without pairs: seen as mel spectrograms, heard as sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.data.content import Content
from sparring.data.dataset import Dataset, dataset
from sparring.games.contrast import hidden
from sparring.recipes import recipe_named
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

LENGTH, RATE = 4096, 16_000
OPTIONS: dict[str, Any] = {
    "intervals": Intervals(log=0, sample=0, checkpoint=0),
    "quiet": True,
    "settings": {"precision": "fp32"},
}
FLAGS = {"width": 8, "discriminator_width": 8, "blocks": 2, "batch": 4, "frames": 4}


DULL, BRIGHT = 2.5, 0.5
"""How fast harmonics fall, in powers of their number."""


def notes(count: int, tilt: float, seed: int = 0) -> np.ndarray:
    """Notes of random pitch with 8 harmonics, int16 (N, 1, LENGTH)."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.uniform(200, 500, (count, 1)) * np.arange(LENGTH) / RATE
    wave = sum(0.15 * k**-tilt * np.sin(k * angle) for k in range(1, 9))
    return (wave * 32768).astype(np.int16)[:, None]


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Dull notes and bright ones, of other pitches."""
    domain = Part("sparring.domains.sound.domain:Sound", length=LENGTH)
    pair = {"source": notes(200, DULL, seed=1), "sample": notes(200, BRIGHT, seed=2)}
    content = Content(**pair, domain=domain, source_domain=domain)
    made = dataset(content, name="notes", address="notes", held_out=0.1, seed=0)
    monkeypatch.setattr("sparring.verbs.run.load", lambda address, **options: made)
    return made


def test_frames_are_hidden_in_runs() -> None:
    torch.manual_seed(0)
    seen = torch.ones(400, 1, 3, 32)
    shown = hidden(seen, 8)
    assert torch.equal(shown[:, :, :1].expand_as(shown), shown), "in all bands alike"
    gone = (shown[:, 0, 0] == 0).long()
    assert gone.sum(1).min() == 0 and gone.sum(1).max() == 8
    assert gone.diff(dim=1).clamp_min(0).sum(1).add(gone[:, 0]).max() == 1, "one run each"
    assert gone[:, 0].any() and gone[:, -1].any(), "anywhere"
    assert hidden(seen, 100).shape == seen.shape


def test_dull_notes_become_bright_without_pairs(data: Dataset, tmp_path: Path) -> None:
    model = train(
        recipe_named("timbre", FLAGS | {"identity": 1.0}),
        data,
        tmp_path / "run",
        steps=150,
        **OPTIONS,
    )
    given, true = (
        model.domain.encode(torch.from_numpy(notes(24, tilt, seed=3))) for tilt in (DULL, BRIGHT)
    )
    made = model.translate(given)
    assert made.shape == (24, 1, 80, LENGTH // 256)
    before, after = ((x - true).abs().mean() for x in (given, made))
    assert after < 0.8 * before
    assert model.domain.decode(made).shape == (24, 1, LENGTH)


def test_timbre_resumes_exactly(
    data: Dataset, tmp_path: Path, weights: Callable[[Path], dict[str, bytes]]
) -> None:
    recipe = recipe_named("timbre", FLAGS).lasting(16)
    train(recipe, data, tmp_path / "whole", steps=4, **OPTIONS)
    train(recipe, data, tmp_path / "parts", steps=2, **OPTIONS)
    resume(tmp_path / "parts", steps=4, quiet=True)
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")


def test_what_timbre_cannot_learn_is_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "alone.npz", sample=notes(40, DULL))
    with pytest.raises(InputError, match=r"has no such pairs; .* A and B, .* notes:piano-violin"):
        train("timbre", str(tmp_path / "alone.npz"), tmp_path / "run", steps=1, kind="sounds")
    with pytest.raises(InputError, match="sees its data as Mel"):
        train("timbre", "digits", tmp_path / "run", steps=1)
    assert not (tmp_path / "run").exists()
