"""Several processes read data once: one of them opens the files, all train on what it read."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sparring.core.recipe import Recipe
from sparring.core.storage import read_json

Ranks = list[subprocess.Popen[str]]
Start = Callable[..., Ranks]
Finished = Callable[[Ranks], list[str]]
TRAIN = """
import json, os, sys
from pathlib import Path
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.data import cache
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
data, run, steps, opened = Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4]), []
cache.MEMORY_LIMIT = int(sys.argv[5])

def look(event, arguments):
    if event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], str | Path):
        if str(arguments[0]).startswith(str(data)):
            opened.append(str(arguments[0]))

sys.addaudithook(look)
every = Intervals(log=4, sample=4, checkpoint=4, score=4)
try:
    train(recipe, data, run, steps=steps[0], intervals=every, quiet=True)
    for end in steps[1:]:
        resume(run, steps=end, quiet=True)
except InputError as error:
    sys.exit(str(error))
finally:
    path = run.with_name(f"{run.name}-opened-{os.environ['RANK']}.json")
    path.write_text(json.dumps({"files": opened}))
"""
LARGE, SMALL = 1 << 30, 100
"""Where decoded pictures are kept in memory, and where they are memory-mapped."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 60 grey pictures of 8 x 8 px with two labels."""
    for number in range(60):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(noise).save(path)
    return tmp_path / "photos"


@pytest.fixture
def recipe_file(recipe: Callable[..., Recipe], tmp_path: Path) -> Path:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe().to_json()))
    return path


def opened(run: Path, rank: int) -> list[str]:
    found: list[str] = read_json(run.with_name(f"{run.name}-opened-{rank}.json"))["files"]
    return found


@pytest.mark.parametrize("limit", [LARGE, SMALL], ids=["in memory", "memory-mapped"])
def test_one_process_opens_the_files_and_both_train_as_one(
    limit: int,
    recipe_file: Path,
    folder: Path,
    tmp_path: Path,
    start: Start,
    finished: Finished,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Begun, and gone on with in the same processes."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    one, two = tmp_path / "one", tmp_path / "two"
    finished(start(TRAIN, 1, [recipe_file, folder, one, "[8]", LARGE]))
    said = finished(start(TRAIN, 2, [recipe_file, folder, two, "[4, 8]", limit]))
    assert said[1] == ""
    pictures = [name for name in opened(two, 0) if name.endswith(".png")]
    assert len(set(pictures)) == 60
    assert opened(two, 1) == []
    facts = [read_json(run / "recipe.json") for run in (one, two)]
    assert facts[0]["data"] == facts[1]["data"]
    assert facts[0]["classes"] == facts[1]["classes"]
    scores = [
        [json.loads(line).get("score") for line in (run / "log.jsonl").read_text().splitlines()]
        for run in (one, two)
    ]
    assert [s for s in scores[0] if s] == pytest.approx([s for s in scores[1] if s], rel=1e-3)
    assert not list((tmp_path / "cache" / "handed").iterdir())


def test_what_one_cannot_read_ends_all_with_its_sentence(
    recipe_file: Path, folder: Path, tmp_path: Path, start: Start
) -> None:
    (folder / "a" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    ranks = start(TRAIN, 2, [recipe_file, folder, tmp_path / "run", "[8]", LARGE])
    said = [rank.communicate(timeout=120)[1].strip() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [1, 1]
    assert said[0] == said[1]
    assert "a/torn.png" in said[0]
    assert not (tmp_path / "run").exists()


STREAM = """
import json, sys
from pathlib import Path
from sparring.core.recipe import Recipe
from sparring.training.budget import Intervals
from sparring.verbs.run import resume, train

recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
every = Intervals(log=4, sample=0, checkpoint=5, score=0)
for count in (3, 4):
    data, runs = Path(sys.argv[2], str(count)), Path(sys.argv[3])
    common = {"intervals": every, "quiet": True, "streaming": True}
    train(recipe, data, runs / f"whole-{count}", steps=12, **common)
    train(recipe, data, runs / f"parts-{count}", steps=5, **common)
    resume(runs / f"parts-{count}", steps=12, quiet=True)
"""


def shard(path: Path, rows: range) -> None:
    """A WebDataset shard of grey 8 x 8 pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for index in rows:
            file = io.BytesIO()
            noise = np.random.default_rng(index).integers(0, 256, (8, 8), np.uint8)
            Image.fromarray(noise).save(file, "png")
            info = tarfile.TarInfo(f"{index:03}.png")
            info.size = len(file.getvalue())
            archive.addfile(info, io.BytesIO(file.getvalue()))


def test_a_stream_stopped_and_gone_on_with_by_two_is_as_uninterrupted(
    recipe_file: Path,
    tmp_path: Path,
    start: Start,
    finished: Finished,
    weights: Callable[[Path], dict[str, bytes]],
) -> None:
    """Bit for bit: where each reads its own shards (4), and where both read all (3)."""
    pytest.importorskip("datasets")
    for count in (3, 4):
        for number in range(count):
            rows = range(number * 12, number * 12 + 12)
            shard(tmp_path / "shards" / str(count) / f"part-{number}.tar", rows)
    finished(start(STREAM, 2, [recipe_file, tmp_path / "shards", tmp_path]))
    for count in (3, 4):
        whole = weights(tmp_path / f"whole-{count}")
        assert len(whole) > 1
        assert weights(tmp_path / f"parts-{count}") == whole
    assert weights(tmp_path / "whole-3") != weights(tmp_path / "whole-4")


DIES = """
import json, os, signal, sys, time
from pathlib import Path
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.verbs import run

def load(*given, **options):
    time.sleep(2)  # longer than processes take to meet once
    os.kill(os.getpid(), signal.SIGKILL)

run.load = load
recipe = Recipe.from_json(json.loads(Path(sys.argv[1]).read_text()))
try:
    run.train(recipe, sys.argv[2], sys.argv[3], steps=8, quiet=True)
except InputError as error:
    sys.exit(str(error))
"""


def test_one_that_dies_while_it_reads_ends_the_others(
    recipe_file: Path, folder: Path, tmp_path: Path, start: Start
) -> None:
    ranks = start(DIES, 2, [recipe_file, folder, tmp_path / "run"], SPARRING_TIMEOUT="30")
    said = [rank.communicate(timeout=300)[1].strip() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [-9, 1]
    assert said[1].startswith("process 1 of 2 has lost another one")
    assert said[1].endswith("see what that one said, then start again.")
    assert not (tmp_path / "run").exists()
