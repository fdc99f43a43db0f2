"""A run's files, each field in turn made wrong, through the verbs that read them.

Whatever is wrong ends in one sentence and exit code 2, or does not matter: never in a traceback,
and never in a training that does not end. A share of the mutations is tried, the same each time;
all of them with SPARRING_MUTATIONS=all, which takes an hour.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.data import load
from sparring.recipes import recipe_named
from sparring.training.loop import Loop

Cli = Callable[..., tuple[int, str, str]]
DELETED, ADDED = object(), object()
WRONG: tuple[Any, ...] = (
    *(DELETED, ADDED, None, True, -1, 0, 10**9, 10**21, 1.5, float("nan"), float("inf")),
    *("", "x" * 5000, "os:system", "\x1b[31m", [], [[[[]]]], [-1], [10**9] * 3, {}),
    {"call": "os:system"},
)
PATIENCE = 60
"""Seconds after which a verb hangs."""
STATE = "checkpoint/step-00000006/state.json"
WHOLE = os.environ.get("SPARRING_MUTATIONS") == "all"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside nested dictionaries and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def mutations(data: Any) -> Iterator[tuple[str, Any]]:
    """The data with one value replaced, left out or doubled, for each place and wrong value."""
    for path in places(data):
        for wrong in WRONG:
            changed = copy.deepcopy(data)
            place = changed
            for key in path[:-1]:
                place = place[key]
            name = f"{'.'.join(map(str, path))} = {wrong!r:.40}"
            if wrong is DELETED:
                name = f"{'.'.join(map(str, path))} deleted"
                del place[path[-1]]
            elif wrong is ADDED:
                name = f"{'.'.join(map(str, path))} with another beside it"
                if isinstance(place, dict):
                    place[f"{path[-1]}_"] = place[path[-1]]
                else:
                    place.append(place[path[-1]])
            else:
                place[path[-1]] = wrong
            yield name, changed


class Hang(BaseException):
    """A verb took too long."""


def _ring(number: int, frame: object) -> None:
    raise Hang


def faults(
    run: Path, file: str, every: int, verbs: tuple[tuple[str, ...], ...], cli: Cli, place: Path
) -> tuple[list[str], int]:
    """What went wrong with a share of the file's mutations, and how many were tried."""
    whole, found, tried = json.loads((run / file).read_text()), [], 0
    signal.signal(signal.SIGALRM, _ring)
    for index, (name, changed) in enumerate(mutations(whole)):
        if index % every and not WHOLE:
            continue
        tried += 1
        for verb, *flags in verbs:
            spoilt = Path(shutil.copytree(run, place / "spoilt"))
            (spoilt / file).write_text(json.dumps(changed))
            signal.alarm(PATIENCE)
            try:
                code, _, err = cli(verb, spoilt, *(f.format(place=place) for f in flags))
                said = [line for line in err.splitlines() if line.startswith("sparring: ")]
                one = code == 0 or (code == 2 and len(said) == 1 and len(said[0]) < 3000)
                if not one or "\x1b" in err:
                    found.append(f"{verb}: {name}: {code} {err:.300}")
            except (Exception, Hang) as error:
                found.append(f"{verb}: {name}: {error!r:.300}")
            finally:
                signal.alarm(0)
                shutil.rmtree(spoilt)
    return found, tried


@pytest.fixture(autouse=True)
def _trainings_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a run is told to be, its loop is left after a few steps."""
    finished = Loop._finished
    monkeypatch.setattr(
        Loop, "_finished", lambda loop: loop.state.progress.step >= 9 or finished(loop)
    )


SAMPLE = ("sample", "-n", "2", "--out", "{place}/out.npy", "--overwrite")
EVALUATE = ("evaluate", "-n", "40", "--extractor", "pixels")
RESUME = ("resume", "--quiet")


@pytest.mark.parametrize(
    ("file", "every", "verbs"),
    [
        ("recipe.json", 271, (RESUME, ("report",))),
        ("model/recipe.json", 307, (SAMPLE, EVALUATE)),
        (STATE, 181, (RESUME, ("report",))),
        ("model/scores.json", 181, (("report",), SAMPLE)),
    ],
)
def test_a_file_of_a_run(
    file: str,
    every: int,
    verbs: tuple[tuple[str, ...], ...],
    scored_run: Path,
    tmp_path: Path,
    sparring: Cli,
) -> None:
    found, tried = faults(scored_run, file, every, verbs, sparring, tmp_path)
    print(f"{file}: {tried} mutations, {len(verbs)} verbs each, {len(found)} faults")
    assert tried > 2
    assert not found, f"{len(found)} of {tried}:\n" + "\n".join(found)


@pytest.fixture
def scored_run(tiny_run: Path, sparring: Cli) -> Path:
    """A tiny run that was evaluated."""
    assert sparring("evaluate", tiny_run, "-n", 40, "--extractor", "pixels")[0] == 0
    return tiny_run


def test_a_models_manifest(tiny_run: Path) -> None:
    path = tiny_run / "model" / "recipe.json"
    whole, faults, tried = json.loads(path.read_text()), [], 0
    for name, changed in mutations(whole):
        path.write_text(json.dumps(changed))
        tried += 1
        try:
            Model.load(tiny_run).sample(1)
        except InputError as error:
            assert len(str(error)) < 3000, name
        except Exception as error:
            faults.append(f"{name}: {error!r:.200}")
    assert tried > 500
    assert not faults, f"{len(faults)} of {tried}:\n" + "\n".join(faults[:40])


def test_examples_of_a_model(tmp_path: Path) -> None:
    recipe = recipe_named("gan", {"latent": 4, "widths": (4,), "discriminator_widths": (4,)})
    examples = {"vector": [[0.0, 1.0], [2.0, 3.0]], "tokens": [[1, 2, 0], [0, -1, -1]]}
    spec = Spec((1, 4, 4), 4, vector=2, tokens=(3, 3))
    domain = Part("sparring.domains.image.domain:Image", shape=(1, 4, 4))
    manifest = Manifest(recipe=recipe, domain=domain, spec=spec, data={}, examples=examples)
    networks = {"generator": build_network(manifest, "generator")}
    Model(manifest, networks).save(tmp_path / "model")
    path = tmp_path / "model" / "recipe.json"
    whole, tried = json.loads(path.read_text()), 0
    Model.load(path.parent).sample(3)
    for _, changed in mutations(examples):
        path.write_text(json.dumps({**whole, "examples": changed}))
        tried += 1
        with contextlib.suppress(InputError):
            Model.load(path.parent).sample(3)
    assert tried > 100


def test_a_palette(tmp_path: Path) -> None:
    for side in "AB":
        (tmp_path / side).mkdir()
        for stem in "abc":
            Image.new("L", (4, 4)).save(tmp_path / side / f"{stem}.png")
    listed = [[0, 1, 2, 3, "sea"], [1, 4, 5, 6, "land"]]
    keyed = [{"index": n, "r": r, "g": g, "b": b, "name": name} for n, r, g, b, name in listed]
    for whole in (listed, keyed):
        (tmp_path / "palette.json").write_text(json.dumps(whole))
        assert load(tmp_path).count
        for _, changed in mutations(whole):
            (tmp_path / "palette.json").write_text(json.dumps(changed))
            with contextlib.suppress(InputError):
                load(tmp_path)


def test_every_line_of_a_log(scored_run: Path, sparring: Cli) -> None:
    path = scored_run / "log.jsonl"
    line = json.loads(path.read_text().splitlines()[-1])
    with path.open("a") as file:
        file.writelines(f"{json.dumps(changed)}\n" for _, changed in mutations(line))
    assert sparring("report", scored_run)[0] == 0
    assert sparring("resume", scored_run, "--steps", 7, "--quiet")[0] == 0


@pytest.mark.parametrize(
    "line",
    ["[]", "3", "null", '{"step": "x"}', '{"step": -1}', '{"loss": 1}', '{"step": 1, "a": [1]}'],
)
def test_an_odd_log_is_reported_and_resumed(
    line: str, tiny_run: Path, sparring: Callable[..., tuple[int, str, str]]
) -> None:
    with (tiny_run / "log.jsonl").open("a") as file:
        file.write(f"{line}\n\x00\xff{'[' * 5000}\n")
    assert sparring("report", tiny_run)[0] == 0
    assert sparring("resume", tiny_run, "--steps", 7, "--quiet")[0] == 0
