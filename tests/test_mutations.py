"""Files of a run, each field in turn made wrong: they load, or one sentence says why not."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sparring.artifact.model import Model
from sparring.core.errors import InputError

DELETED = object()
WRONG: tuple[Any, ...] = (
    *(DELETED, None, True, -1, 0, 10**9, 10**21, 1.5, float("nan"), float("inf")),
    *("", "x" * 5000, "os:system", [], [[[[]]]], [-1], [10**9] * 3, {}, {"call": "os:system"}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside nested dictionaries and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def mutations(data: Any) -> Iterator[tuple[str, Any]]:
    """The data with one value replaced or left out, for each place and each wrong value."""
    for path in places(data):
        for wrong in WRONG:
            changed = copy.deepcopy(data)
            place = changed
            for key in path[:-1]:
                place = place[key]
            if wrong is DELETED:
                del place[path[-1]]
            else:
                place[path[-1]] = wrong
            yield f"{'.'.join(map(str, path))} = {wrong!r:.40}", changed


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


def test_a_runs_state(
    tiny_run: Path, tmp_path: Path, sparring: Callable[..., tuple[int, str, str]]
) -> None:
    file = "checkpoint/step-00000006/state.json"
    whole = json.loads((tiny_run / file).read_text())
    faults = []
    for index, (name, changed) in enumerate(mutations(whole)):
        if index % 97:
            continue  # a sample of them: each is a whole resume
        run = Path(shutil.copytree(tiny_run, tmp_path / "copy"))
        (run / file).write_text(json.dumps(changed))
        try:
            code, _, err = sparring("resume", run, "--steps", 6, "--quiet")
            if code not in (0, 2) or (code == 2 and len(err.strip().splitlines()) != 1):
                faults.append(f"{name}: {code} {err:.200}")
        except Exception as error:
            faults.append(f"{name}: {error!r:.200}")
        shutil.rmtree(run)
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults)


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
