"""Serving: 32 clients against one at a time, and ten minutes without an error in flat memory.

    python benchmarks/serving.py                 throughput and latency, in turns, in one run
    python benchmarks/serving.py --minutes 10    mixed requests, memory, and the same bits all along

The models are those of 20 steps: how fast they are does not depend on what they have learnt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import record, sparring_command

CLIENTS = 32
HOST = "127.0.0.1"
MODELS = {"dcgan": "digits", "r3": "digits", "inpaint": "digits"}
FIRST = {"seed": 7, "label": None}
"""Asked again and again: its answer must never change by a bit."""


@contextmanager
def server(folder: Path, *words: object) -> Iterator[int]:
    """A server of all models in the folder; its port."""
    runs = sorted(path for path in folder.iterdir() if path.is_dir())
    command = [sys.executable, "-m", "sparring", "serve", *map(str, runs), "--port", "0"]
    process = subprocess.Popen([*command, *map(str, words)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    try:
        yield int(said.partition(";")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0, process.returncode


class Client:
    """One connection that is kept open; as little work as can be, for it shares the cores."""

    async def ask(self, port: int, path: str, body: bytes, accept: str, kind: str) -> bytes:
        """The body of the answer.

        Raises:
            RuntimeError: any status but 200.
        """
        if not hasattr(self, "reader"):
            self.reader, self.writer = await asyncio.open_connection(HOST, port)
        method = "POST" if body else "GET"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        found = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(found.partition("content-length: ")[2].partition("\r\n")[0])
        content = await self.reader.readexactly(length)
        if " 200 " not in found.partition("\r\n")[0]:
            raise RuntimeError(f"{found.splitlines()[0]}: {content[:200]!r}")
        return content

    async def sample(self, port: int, model: str, **asked: Any) -> bytes:
        """One answer with an array."""
        body = json.dumps(asked).encode()
        place = f"/v1/models/{model}/sample"
        return await self.ask(port, place, body, "application/x-npy", "application/json")


async def timed(port: int, model: str, clients: int, seconds: float) -> dict[str, float]:
    """Requests a second and the milliseconds that one takes, with so many clients at once."""
    spans: list[float] = []
    end = time.perf_counter() + seconds

    async def asking(number: int) -> None:
        client, seed = Client(), number
        await client.sample(port, model, seed=seed)
        while time.perf_counter() < end:
            began = time.perf_counter()
            seed += clients
            await client.sample(port, model, seed=seed)
            spans.append(1000 * (time.perf_counter() - began))

    await asyncio.gather(*(asking(number) for number in range(clients)))
    cuts = statistics.quantiles(spans, n=100)
    return {"requests/s": len(spans) / seconds, "p50 ms": cuts[49], "p99 ms": cuts[98]}


WAYS: dict[str, tuple[int, tuple[object, ...]]] = {
    "one at a time, no gathering": (1, ("--batch", 1, "--window", 0)),
    "one at a time, gathering": (1, ()),
    "32 clients, no gathering": (CLIENTS, ("--batch", 1, "--window", 0)),
    "32 clients, gathering": (CLIENTS, ()),
}


def throughput(folder: Path, model: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Each way in turn, several times over, so that all see the machine alike; medians."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, (clients, words) in WAYS.items():
            with server(folder, *words) as port:
                found[way].append(asyncio.run(timed(port, model, clients, seconds)))
    table = {way: _medians(rows) for way, rows in found.items()}
    gathered = found["32 clients, gathering"]

    def against(way: str) -> float:
        pairs = zip(gathered, found[way], strict=True)
        return statistics.median(a["requests/s"] / b["requests/s"] for a, b in pairs)

    ratios = {way: round(against(way), 2) for way in WAYS if way != "32 clients, gathering"}
    return {"ways": table, "times the throughput of": ratios}


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(row[name] for row in rows), 2) for name in rows[0]}


def form(**parts: bytes) -> tuple[bytes, str]:
    """A multipart body and its type."""
    edge = "edge-of-a-part"
    pieces = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in parts.items()
    ]
    return b"".join(pieces) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def drawn(draw: Callable[[Any], None]) -> bytes:
    """A small grey picture as PNG."""
    import io

    from PIL import Image, ImageDraw

    picture, file = Image.new("L", (28, 28)), io.BytesIO()
    draw(ImageDraw.Draw(picture))
    picture.save(file, "PNG")
    return file.getvalue()


async def endurance(port: int, minutes: float) -> dict[str, Any]:
    """Mixed requests of 32 clients: how many, how much memory each half minute, what went wrong."""
    end = time.monotonic() + 60 * minutes
    counts = {"requests": 0, "errors": 0, "other bits": 0}
    wanted = await Client().sample(port, "dcgan", seed=7)
    picture = drawn(lambda on: on.ellipse((6, 4, 20, 24), outline=255, width=3))
    mask = drawn(lambda on: on.rectangle((10, 10, 17, 17), fill=255))

    async def asking(number: int) -> None:
        client, choose = Client(), random.Random(number)
        while time.monotonic() < end:
            try:
                await one(client, choose)
            except (RuntimeError, OSError, asyncio.IncompleteReadError) as error:
                print(error, file=sys.stderr)
                counts["errors"] += 1
                client = Client()
            counts["requests"] += 1

    async def one(client: Client, choose: random.Random) -> None:
        kind = choose.randrange(4)
        if kind == 0:
            found = await client.sample(port, "dcgan", seed=7)
            counts["other bits"] += found != wanted
        elif kind == 1:
            await client.sample(
                port, "r3", seed=choose.randrange(10**9), count=choose.choice((1, 4))
            )
        elif kind == 2:
            body = json.dumps({"count": choose.choice((1, 2, 9))}).encode()
            accept = choose.choice(("image/png", "application/json"))
            await client.ask(port, "/v1/models/dcgan/sample", body, accept, "application/json")
        else:
            body, sent = form(source=picture, mask=mask)
            await client.ask(port, "/v1/models/inpaint/repair", body, "image/png", sent)

    memory: list[float] = []

    async def watching() -> None:
        while time.monotonic() < end:
            text = (await Client().ask(port, "/metrics", b"", "*/*", "text/plain")).decode()
            line = next(w for w in text.splitlines() if w.startswith("process_resident"))
            memory.append(round(float(line.split()[1]) / 2**20, 1))
            await asyncio.sleep(min(30, 6 * minutes))

    await asyncio.gather(watching(), *(asking(number) for number in range(CLIENTS)))
    return {"minutes": minutes, "clients": CLIENTS, **counts, "resident MiB": memory}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=Path, help="where the models lie, or shall")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.runs or Path(place)
        for recipe, data in MODELS.items():
            words = ("--data", data, "--steps", 20, "--quiet", "--run", folder / recipe)
            if not (folder / recipe).exists():
                sparring_command("train", recipe, *words)
        if given.minutes:
            with server(folder) as port:
                record("serving_endurance", asyncio.run(endurance(port, given.minutes)))
            return
        names = ("dcgan", "r3")
        found = {m: throughput(folder, m, given.rounds, given.seconds) for m in names}
        load = [round(value, 1) for value in os.getloadavg()]
        record("serving", {"load": load, "models": found})


if __name__ == "__main__":
    main()
