"""Embeddings kept in the cache: the same scores to the bit, bounded, and never in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sparring.core.storage import read_json
from sparring.metrics.extractor import Embedded, Extractor, of_function
from sparring.verbs import embeddings
from sparring.verbs.embeddings import embedded

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in which everything is worth keeping; where embeddings lie in it."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embeddings, "WORTH", 0.0)
    return tmp_path / "cache" / "embeddings"


class Counted:
    """An extractor, and how many samples it was asked to read."""

    def __init__(self, logits: bool = True) -> None:
        self.read, network = 0, torch.nn.Linear(12, 5)

        def read(samples: Tensor) -> Embedded:
            self.read += len(samples)
            features = network(samples.flatten(1))
            return Embedded(features, features[:, :2] if logits else None)

        self.extractor = Extractor("counted", "1", "none", read, batch=4)


@pytest.mark.parametrize("logits", [True, False])
def test_what_was_read_once_is_not_read_again(logits: bool) -> None:
    reader, samples = Counted(logits), torch.rand(10, 3, 2, 2)
    told: list[int] = []
    extractor = reader.extractor.watched(10, lambda what, done, total: told.append(done))
    first = embedded(samples, extractor)
    again = embedded(samples.clone(), reader.extractor.watched(10, lambda *w: told.append(w[1])))
    assert reader.read == 10 and told == [4, 8, 10, 0, 10, 0]
    assert torch.equal(first.features, again.features)
    assert (first.logits is None) == (again.logits is None) == (not logits)
    if first.logits is not None and again.logits is not None:
        assert torch.equal(first.logits, again.logits)


def test_another_sample_or_extractor_is_another_embedding() -> None:
    reader, samples = Counted(), torch.rand(4, 3, 2, 2)
    extractor = reader.extractor
    embedded(samples, extractor)
    changed = samples.clone()
    changed[3, 2, 1, 1] += 1e-6
    for other in (changed, samples.flip(0), samples.reshape(4, 12), samples[:3]):
        before = reader.read
        embedded(other, extractor)
        assert reader.read == before + len(other)
    for how in ({"digest": "2"}, {"name": "other"}, {"resize": "some"}, {"batch": 2}):
        before = reader.read
        embedded(samples, replace(extractor, **how))
        assert reader.read == before + 4, how


def test_what_an_unknown_function_says_is_not_kept(kept: Path) -> None:
    mine = of_function("mine:features", lambda samples: samples.flatten(1))
    embedded(torch.rand(4, 3, 2, 2), mine)
    assert not kept.exists()


def test_damage_is_read_anew_and_an_unusable_cache_is_done_without(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, samples = Counted(), torch.rand(6, 3, 2, 2)
    first = embedded(samples, reader.extractor)
    (path,) = kept.glob("*.safetensors")
    whole = path.read_bytes()
    for damage in (b"", whole[:-9], b"\xff" * 40):
        path.write_bytes(damage)
        assert torch.equal(embedded(samples, reader.extractor).features, first.features)
        assert path.read_bytes() == whole
    assert reader.read == 4 * 6
    monkeypatch.setenv("SPARRING_CACHE", str(path))  # a file is no folder
    assert torch.equal(embedded(samples, reader.extractor).features, first.features)
    assert reader.read == 5 * 6


def test_the_oldest_go_first_and_drafts_of_the_killed_too(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Counted()
    samples = [torch.rand(4, 3, 2, 2) for _ in range(4)]
    embedded(samples[0], reader.extractor)
    (oldest,) = kept.glob("*.safetensors")
    monkeypatch.setattr(embeddings, "MOST", 2 * oldest.stat().st_size)
    embedded(samples[1], reader.extractor)
    (second,) = set(kept.glob("*.safetensors")) - {oldest}
    draft, fresh = kept / ".killed.safetensors", kept / ".now.safetensors"
    draft.touch(), fresh.touch()
    for path, age in ((oldest, 9000), (second, 8000), (draft, 7200)):
        stamp = path.stat().st_mtime - age
        os.utime(path, (stamp, stamp))
    embedded(samples[0], reader.extractor)  # used now, so the second is the oldest
    embedded(samples[2], reader.extractor)
    assert oldest.exists() and not second.exists()
    assert not draft.exists() and fresh.exists()
    assert len(list(kept.glob("[!.]*.safetensors"))) == 2


def test_scores_and_neighbours_are_the_same_to_the_bit(
    tiny_run: Path, sparring: Cli, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scored() -> tuple[object, str]:
        assert sparring("evaluate", tiny_run, "-n", 40, "--extractor", "pixels")[0] == 0
        assert sparring("report", tiny_run)[0] == 0
        scores = read_json(tiny_run / "model" / "scores.json")
        return scores, (tiny_run / "report.html").read_text()

    monkeypatch.setattr(embeddings, "WORTH", 1e9)
    plain = scored()
    assert not kept.exists() or not list(kept.iterdir())
    monkeypatch.setattr(embeddings, "WORTH", 0.0)
    filling = scored()
    files = {path: path.stat().st_ino for path in kept.glob("*.safetensors")}
    assert len(files) == 3, "held-out items, the floor, and those that neighbours are sought in"
    reading = scored()
    assert plain == filling == reading
    assert {path: path.stat().st_ino for path in kept.glob("*.safetensors")} == files
