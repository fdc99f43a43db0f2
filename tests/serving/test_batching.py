"""Requests share forward passes, and no sample shows whom it shared one with."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from small_models import Serve, hole, pictures, png, untrained
from starlette.testclient import TestClient
from torch import Tensor

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.serving.batching import Alive, Batcher, Rows

NPY = {"Accept": "application/x-npy"}


@pytest.fixture(scope="module")
def wide() -> Mapping[str, Model]:
    """Networks so wide that kernels sum in another order for other numbers of rows."""
    return {
        "digits": untrained("cgan", pictures(1, 32), classes=10, width=32),
        "holes": untrained("inpaint", pictures(3, 32), width=16),
    }


def at_once(asks: Sequence[Callable[[], Any]]) -> list[bytes]:
    """The answers to all of these, asked at the same moment."""
    start = threading.Barrier(len(asks))

    def ask(one: Callable[[], Any]) -> bytes:
        start.wait()
        answer = one()
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(ask, asks))


def figure(client: TestClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))


def test_a_sample_is_the_same_to_the_bit_in_any_company(
    serve: Serve, wide: Mapping[str, Model]
) -> None:
    alone, crowd = serve(only=wide, window=0), serve(only=wide, window=150)
    bodies = [{"seed": k, "count": 1 + k % 4, "label": k % 10} for k in range(13)]

    def asking(client: TestClient, body: Any) -> Callable[[], Any]:
        return lambda: client.post("/v1/models/digits/sample", json=body, headers=NPY)

    want = [asking(alone, body)().content for body in bodies]
    order = list(range(len(bodies)))
    random.Random(0).shuffle(order)
    got = at_once([asking(crowd, bodies[k]) for k in order])
    assert [got[order.index(k)] for k in range(len(bodies))] == want
    assert figure(crowd, "sparring_pass_rows_count") < figure(alone, "sparring_pass_rows_count")
    together = crowd.post(
        "/v1/models/digits/sample", json={"seed": 5, "count": 21, "label": 5}, headers=NPY
    )
    lone = np.load(io.BytesIO(want[5]))
    assert np.array_equal(np.load(io.BytesIO(together.content))[: len(lone)], lone)


def test_a_repair_is_the_same_to_the_bit_in_any_company(
    serve: Serve, wide: Mapping[str, Model]
) -> None:
    alone, crowd = serve(only=wide, window=0), serve(only=wide, window=150)

    def asking(client: TestClient, k: int) -> Callable[[], Any]:
        files = {"source": png(32, seed=k), "mask": hole(32)}
        return lambda: client.post(
            "/v1/models/holes/repair", files=files, data={"seed": str(k)}, headers=NPY
        )

    want = [asking(alone, k)().content for k in range(7)]
    assert at_once([asking(crowd, k) for k in range(7)]) == want
    assert figure(crowd, "sparring_pass_rows_count") < figure(alone, "sparring_pass_rows_count")
    assert len(set(want)) == 7


def test_items_of_another_extent_do_not_share_a_pass(
    serve: Serve, wide: Mapping[str, Model]
) -> None:
    crowd = serve(only=wide, window=100)

    def asking(side: int) -> Callable[[], Any]:
        files = {"source": png(side), "mask": hole(side)}
        return lambda: crowd.post("/v1/models/holes/repair", files=files, headers=NPY)

    made = at_once([asking(side) for side in (16, 32, 16, 64)])
    assert [np.load(io.BytesIO(one)).shape[-1] for one in made] == [16, 32, 16, 64]


def test_a_bad_file_spoils_no_other_answer(serve: Serve, wide: Mapping[str, Model]) -> None:
    crowd = serve(only=wide, window=150)
    cut = png(32)[:-900]  # its header is whole

    def asking(source: bytes) -> Any:
        files = {"source": source, "mask": hole(32)}
        return crowd.post("/v1/models/holes/repair", files=files)

    with ThreadPoolExecutor(3) as pool:
        bad, *good = pool.map(asking, [cut, png(32), png(32, seed=1)])
    assert bad.status_code == 422 and [answer.status_code for answer in good] == [200, 200]


class Doubling:
    """Work that doubles numbers, three rows a pass."""

    group, size = "doubling", 3

    def __init__(self, *numbers: float, wait: threading.Event | None = None) -> None:
        self.numbers, self.wait = numbers, wait

    @property
    def count(self) -> int:
        return len(self.numbers)

    def load(self) -> Rows:
        if self.numbers[0] < 0:
            raise InputError("negative.")
        return {"number": torch.tensor(self.numbers)}

    def make(self, rows: Rows, alive: Alive) -> Tensor:
        assert len(rows["number"]) == self.size
        while self.wait is not None and not self.wait.wait(0.01):
            alive()
        return 2 * rows["number"]

    def answered(self, made: Tensor) -> list[float]:
        return made.tolist()


def test_every_pass_is_full_and_every_row_goes_where_it_belongs() -> None:
    passes: list[tuple[int, int]] = []
    batcher = Batcher(0.05, lambda size, padding: passes.append((size, padding)))
    asked = [(1.0,), (2.0, 3.0), (4.0, 5.0, 6.0, 7.0), (8.0,), (-1.0,)]
    futures = [batcher.submit(Doubling(*numbers)) for numbers in asked]
    for numbers, future in zip(asked[:-1], futures, strict=False):
        assert future.result(10) == [2 * number for number in numbers]
    with pytest.raises(InputError, match="negative"):
        futures[-1].result(10)
    batcher.close()
    assert {size for size, _ in passes} == {3}
    assert sum(size - padding for size, padding in passes) == 8
    assert passes[0] == (3, 0), "two requests filled a pass between them"


def test_what_nobody_waits_for_stops_midway_and_the_next_goes_on() -> None:
    never = threading.Event()
    batcher = Batcher(0.0, lambda size, padding: None)
    long = batcher.submit(Doubling(1.0, wait=never))
    queued = batcher.submit(Doubling(2.0, wait=never))
    last = batcher.submit(Doubling(3.0, 4.0, 5.0))
    long.cancel()
    queued.cancel()
    assert last.result(10) == [6.0, 8.0, 10.0]
    batcher.close()


def test_closing_answers_what_was_submitted() -> None:
    batcher = Batcher(10.0, lambda size, padding: None)
    futures = [batcher.submit(Doubling(float(k))) for k in range(5)]
    batcher.close()
    assert [future.result(0) for future in futures] == [[2.0 * k] for k in range(5)]
