"""Scores by several processes: each makes and reads its share, all hear what one would find."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import sparring
from sparring.core.storage import read_json
from sparring.verbs import compare, evaluate, reals

Ranks = list[subprocess.Popen[str]]
Start = Callable[..., Ranks]
Finished = Callable[[Ranks], list[str]]
EVALUATE = """
import json, os, sys
from pathlib import Path
import sparring
from sparring.core.errors import InputError
from sparring.verbs import compare, evaluate, reals

evaluate.CHUNK = reals.CHUNK = 64
compare.CHUNK = 16
found = []
for asked in json.loads(sys.argv[1]):
    try:
        found.append(sparring.evaluate(**asked).to_json())
    except InputError as error:
        found.append(str(error))
Path(f"{sys.argv[2]}-{os.environ['RANK']}.json").write_text(json.dumps({"found": found}))
"""
QUICK: dict[str, Any] = {
    "steps": 2,
    "batch": 8,
    "quiet": True,
    "intervals": sparring.Intervals(log=0, sample=0, checkpoint=0),
}


@pytest.fixture
def asked(tiny_npz: str, tmp_path: Path) -> list[dict[str, Any]]:
    """Samples of a model, samples with scores of their own kind, and repaired pictures."""
    thin = {"generator.widths": [8], "discriminator.widths": [8]}
    sparring.train("gan", tiny_npz, tmp_path / "pictures", settings=thin, **QUICK)
    sparring.train("gan", "ring8", tmp_path / "points", settings=thin, **QUICK)
    sparring.train("restore", tiny_npz, tmp_path / "mended", settings=WIDTHS, **QUICK)
    return [
        {"what": str(tmp_path / "pictures"), "count": 150},
        {"what": str(tmp_path / "points"), "count": 300},
        {"what": str(tmp_path / "mended"), "split": "train", "count": 100},
        {"what": str(tmp_path / "pictures"), "count": 5},
    ]


WIDTHS = {"generator.width": 4}


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the processes have: sums of floats depend on how many threads share them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_several_find_what_one_does_to_the_last_digit(
    asked: list[dict[str, Any]],
    tmp_path: Path,
    start: Start,
    finished: Finished,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of more pieces than processes, and of fewer; each of them hears, the first one writes."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    scores = tmp_path / "pictures" / "model" / "scores.json"
    for module, chunk in ((evaluate, 64), (reals, 64), (compare, 16)):
        monkeypatch.setattr(module, "CHUNK", chunk)
    alone = [json.loads(json.dumps(sparring.evaluate(**one).to_json())) for one in asked[:3]]
    for world in (2, 4):
        scores.unlink()
        finished(start(EVALUATE, world, [json.dumps(asked), tmp_path / f"found-{world}"]))
        for rank in range(world):
            found = read_json(tmp_path / f"found-{world}-{rank}.json")["found"]
            assert found[:3] == alone
            assert "5 fake samples are too few" in found[3]
    assert read_json(scores) == alone[0]
