"""Who is let in, how much they may bring, and files that are no good."""

from __future__ import annotations

import io
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_models import Serve, encoded, hole, png

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.domains.image import raster
from sparring.serving.limits import Limits

SAMPLE, REPAIR = "/v1/models/digits/sample", "/v1/models/holes/repair"
TOKEN = "a-token-of-some-length"


def test_a_token_is_asked_for_everywhere_but_of_health(serve: Serve) -> None:
    client = serve(token=TOKEN)
    assert client.get("/health").json() == {"status": "ready", "models": 6}
    for place in ("/v1/models", "/metrics", "/openapi.json", "/nowhere"):
        refused = client.get(place)
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"] == "Bearer"
    for known in (TOKEN, f"Bearer {TOKEN}x", "Bearer ", f"bearer {TOKEN}"):
        assert client.post(SAMPLE, headers={"Authorization": known}).status_code == 401
    assert client.post(SAMPLE, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_without_a_token_only_this_machines_names_are_answered_to(serve: Serve) -> None:
    client = serve()
    for host, code in (("localhost:8000", 200), ("[::1]:8000", 200), ("evil.example", 400)):
        assert client.get("/v1/models", headers={"Host": host}).status_code == code, host


def test_bytes_are_bounded_whether_announced_or_not(serve: Serve) -> None:
    client = serve(megabytes=0.01)
    announced = client.post(SAMPLE, content=b"{" + b" " * 20_000)
    assert announced.status_code == 413 and "0.01 MB" in announced.json()["error"]

    def drops() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 100

    silent = client.post(SAMPLE, content=drops(), headers={"Content-Type": "application/json"})
    assert silent.status_code == 413 and "0.01 MB" in silent.json()["error"]
    assert client.post(REPAIR, files={"source": b" " * 20_000}).status_code == 413
    assert client.post(SAMPLE, json={}).status_code == 200


def test_pixels_are_bounded_in_what_is_sent_and_what_is_answered(serve: Serve) -> None:
    client = serve(megapixels=0.001)
    many = client.post(SAMPLE, json={"count": 4})
    assert many.status_code == 413 and "megapixels" in many.json()["error"]
    assert client.post(SAMPLE, json={"count": 3}).status_code == 200
    small, large = ({"source": png(side)} for side in (14, 30))
    assert client.post("/v1/models/large/upscale", files=small).status_code == 200
    enlarged = client.post("/v1/models/large/upscale", files=large)
    assert enlarged.status_code == 413 and "the answer" in enlarged.json()["error"]
    sent = client.post(REPAIR, files={"source": png(40), "mask": hole(40)})
    assert sent.status_code == 413 and "what was sent" in sent.json()["error"]
    mask = client.post(REPAIR, files={"source": png(16), "mask": hole(40)})
    assert mask.status_code == 413 and "the mask" in mask.json()["error"]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Sampling tells the first event that it has begun, and waits for the second."""
    begun, free = threading.Event(), threading.Event()
    whole = Model.generate

    def generate(*arguments: Any) -> Any:
        begun.set()
        assert free.wait(20)
        return whole(*arguments)

    monkeypatch.setattr(Model, "generate", generate)
    yield begun, free
    free.set()


Held = tuple[threading.Event, threading.Event]


def test_the_queue_is_bounded(serve: Serve, held: Held) -> None:
    client = serve(queue=2, window=0)
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(client.post, SAMPLE, json={"seed": k}) for k in range(2)]
        open_ = "sparring_requests_open 2.0"
        while open_ not in client.get("/metrics").text:
            time.sleep(0.01)
        crowded = client.post(SAMPLE, json={})
        assert crowded.status_code == 429 and crowded.headers["Retry-After"] == "1"
        assert client.get("/health").status_code == 200
        held[1].set()
        assert [future.result().status_code for future in first] == [200, 200]
    assert client.post(SAMPLE, json={}).status_code == 200


def test_a_request_has_its_time_and_the_next_is_served(serve: Serve, held: Held) -> None:
    client = serve(seconds=0.4, window=0)
    late = client.post(SAMPLE, json={})
    assert late.status_code == 504 and "0.4 s" in late.json()["error"]
    held[1].set()
    assert client.post(SAMPLE, json={}).status_code == 200
    assert "sparring_requests_open 0.0" in client.get("/metrics").text


def test_one_models_work_holds_no_other_up(serve: Serve, held: Held) -> None:
    client = serve(window=0)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, SAMPLE, json={})
        assert held[0].wait(20)
        files = {"source": png()}
        assert client.post("/v1/models/ways/translate", files=files).status_code == 200
        assert not slow.done()
        held[1].set()
        assert slow.result().status_code == 200


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many grey pixels in few bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def animation() -> bytes:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bombs_are_refused_by_their_header(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()

    def decode(file: object) -> None:
        raise AssertionError("a pixel was decoded")

    monkeypatch.setattr(raster, "upright", decode)
    for width, height in ((20_000, 10_000), (10_000, 9_000), (5_000, 4_000)):
        sent = bomb(width, height)
        assert len(sent) < 100_000
        for files in (
            {"source": ("photo.png", sent), "mask": hole()},
            {"source": png(), "mask": sent},
        ):
            answer = client.post(REPAIR, files=files)
            assert answer.status_code in (413, 422), answer.text
            assert "megapixels" in answer.json()["error"]


@pytest.mark.parametrize(
    ("files", "data", "words"),
    [
        ({"source": ("photo.png", b"only words")}, {}, "not a picture of a known format"),
        ({"source": ("photo.svg", SVG)}, {}, "not a picture of a known format"),
        ({"source": ("photo.gif", animation())}, {}, "an animation, not one picture"),
        ({"source": b""}, {}, "not a picture of a known format"),
        ({"source": png()}, {}, "needs a mask"),
        ({"source": png(), "mask": encoded(Image.new("L", (16, 16)))}, {}, "the mask is empty"),
        ({"source": png(), "mask": encoded(Image.new("L", (16, 16), 255))}, {}, "all white"),
        ({"source": png(), "mask": hole(20)}, {}, "make them of one size"),
        ({"source": png(), "mask": b"words"}, {}, "not a picture of a known format"),
        ({"source": png()}, {"region": "9,9,4,4"}, "not within the picture"),
        ({"source": png()}, {"region": "/etc/passwd"}, "white or left,top,right,bottom"),
        ({"source": png()}, {"region": "masks"}, "white or left,top,right,bottom"),
        ({"source": png()}, {"region": "0.5-0.8"}, "white or left,top,right,bottom"),
        ({"source": png()}, {"label": "7", "region": "4,4,9,9"}, "takes no label"),
        ({"source": png()}, {"seed": "x", "region": "4,4,9,9"}, "seed: "),
        ({"source": png()}, {"mask": "/etc/passwd"}, "mask: "),
        ({"source": png()}, {"out": "/tmp/x.png", "region": "4,4,9,9"}, "out: "),
        ({}, {"source": "/etc/passwd"}, "source: "),
        ({"source": png(2)}, {"region": "0,0,1,1"}, "base grid"),
    ],
)
def test_bad_files(serve: Serve, files: Any, data: Any, words: str) -> None:
    answer = serve().post(REPAIR, files=files or {"x": b""}, data=data)
    assert answer.status_code == 422 and words in answer.json()["error"], answer.text
    assert "/tmp" not in answer.text and "Traceback" not in answer.text


def test_a_mask_is_refused_where_none_is_taken(serve: Serve) -> None:
    files = {"source": png(), "mask": hole()}
    answer = serve().post("/v1/models/large/upscale", files=files)
    assert answer.status_code == 422 and "takes no mask" in answer.json()["error"]


def test_nothing_is_left_on_the_disk(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = serve()
    (own,) = tmp_path.iterdir()
    client.post(REPAIR, files={"source": ("../../up.png", png()), "mask": hole()})
    client.post(REPAIR, files={"source": b"words", "mask": hole()})
    client.post(SAMPLE, json={"count": 64}, headers={"Accept": "application/x-npy"})
    assert not list(own.iterdir()) and list(tmp_path.iterdir()) == [own]
    client.__exit__(None, None, None)
    assert not own.exists()


def test_a_large_answer_comes_whole_from_the_disk(
    serve: Serve, models: Mapping[str, Model]
) -> None:
    accept = {"Accept": "application/x-npy"}
    answer = serve(count=2000).post(SAMPLE, json={"count": 1500, "seed": 2}, headers=accept)
    assert int(answer.headers["content-length"]) == len(answer.content) > 1 << 20
    made = np.load(io.BytesIO(answer.content))
    assert np.abs(made - models["digits"].sample(1500, seed=2).numpy()).max() < 1e-5


def test_memory_that_runs_out_is_said(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def generate(*arguments: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Model, "generate", generate)
    answer = serve().post(SAMPLE, json={})
    assert answer.status_code == 503 and "memory ran out" in answer.json()["error"]


def test_a_fault_is_logged_and_not_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def generate(*arguments: object) -> None:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(Model, "generate", generate)
    client = serve()
    answer = client.post(SAMPLE, json={})
    assert answer.status_code == 500 and "secret" not in answer.text and answer.json()["error"]
    monkeypatch.undo()
    assert client.post(SAMPLE, json={}).status_code == 200
    assert 'code="500",model="digits"' in client.get("/metrics").text


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}", b"\xff", b'{"seed": NaN}', b"7"]
)
def test_bodies_that_are_no_json(serve: Serve, content: bytes) -> None:
    sent = {"Content-Type": "application/json"}
    answer = serve().post(SAMPLE, content=content, headers=sent)
    assert answer.status_code in (400, 422) and answer.json()["error"], answer.text


@pytest.mark.parametrize("name", ["batch", "window", "queue", "seconds", "megabytes", "count"])
def test_limits_have_ranges(name: str) -> None:
    make: Callable[..., Limits] = Limits
    for bad in (-1, float("nan")):
        with pytest.raises(InputError, match=f"--{name}"):
            make(**{name: bad})
