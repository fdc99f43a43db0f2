"""`sparring serve` as a process: its address, its names, and how it stops."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from sparring.cli import serving
from sparring.core.errors import InputError
from sparring.serving.server import check_token, listening, names_of

Cli = Callable[..., tuple[int, str, str]]


@contextmanager
def process(*words: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own and where it is."""
    command = [sys.executable, "-m", "sparring", "serve", *map(str, words), "--port", "0"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        said = started.stdout.readline()
        assert said.startswith("serving "), said + started.communicate()[1]
        yield started, said.split(" on ")[1].split(";")[0]
    finally:
        started.kill()
        started.communicate()


def test_a_server_outlives_its_models_folder_and_stops_cleanly(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    digits = tiny_run.rename(tmp_path / "digits")
    with process(digits, "--window", "400") as (server, address):
        place = f"{address}/v1/models/digits/sample"
        assert httpx2.get(f"{address}/health").json()["status"] == "ready"
        before = httpx2.post(place, json={"seed": 7}, timeout=30)
        shutil.rmtree(digits)
        assert httpx2.post(place, json={"seed": 7}, timeout=30).content == before.content

        answers: list[httpx2.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(httpx2.post(place, json={"seed": 7}, timeout=30))
        )
        asking.start()
        while "sparring_requests_open 1.0" not in httpx2.get(f"{address}/metrics").text:
            pass
        server.send_signal(signal.SIGTERM)
        asking.join()
        out, err = server.communicate(timeout=30)
        assert answers[0].content == before.content, "what was accepted is answered"
        assert server.returncode == 0 and "stopped" in out and err == ""
    assert not list((tmp_path / "own").iterdir())


def test_a_port_in_use(tiny_run: Path, sparring: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = sparring("serve", tiny_run, "--port", port)
    words = f"port {port} of 127.0.0.1 is in use; choose another with --port, or 0 for any"
    assert code == 2 and out == "" and err == f"sparring: {words} that is free.\n"
    with pytest.raises(InputError, match="cannot be had"):
        listening("203.0.113.1", 0)
    with pytest.raises(InputError, match="cannot be had"):
        listening("no such name", 0)


def test_refusals_before_anything_is_loaded(
    tiny_run: Path, tmp_path: Path, sparring: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPARRING_TOKEN", raising=False)
    for arguments, words in (
        ((tiny_run, "--host", "0.0.0.0"), "need a token"),
        ((tiny_run, "--token", "short"), "at least 16"),
        ((tiny_run, tiny_run), "would both be called 'run'"),
        ((tmp_path / "nowhere", "--port", 0), "there is no run or model"),
        ((tiny_run, "--window", "-1"), "--window"),
        ((tiny_run, "--port", "70000"), "--port"),
    ):
        code, out, err = sparring("serve", *arguments)
        assert code == 2 and words in err and out == "" and "Traceback" not in err, err


def test_the_extra_is_named_where_it_is_missing(
    tiny_run: Path, sparring: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in serving.PACKAGES:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            code, _, err = sparring("serve", tiny_run)
        assert code == 2 and name in err and "pip install 'sparring[serve]'" in err


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = ["runs/digits", "runs/maps/", "other/run/model", "a/b/best", "ready:photos-x4", "."]
    names = ["digits", "maps", "run", "b", "photos-x4", tmp_path.name]
    assert names_of(runs) == dict(zip(names, runs, strict=True))


def test_which_addresses_need_a_token() -> None:
    for host in ("127.0.0.1", "127.0.0.9", "::1", "localhost"):
        check_token(host, "")
    for host in ("0.0.0.0", "::", "10.0.0.3", "example.org", ""):
        check_token(host, "x" * 16)
        with pytest.raises(InputError, match="token"):
            check_token(host, "")
    with pytest.raises(InputError, match="plain"):
        check_token("0.0.0.0", "ä" * 20)


def test_help_is_quick() -> None:
    script = (
        "import sys\nfrom sparring.cli import call\ncall(['serve', '--help'])\n"
        "assert not {'torch', 'fastapi', 'uvicorn', 'prometheus_client'} & set(sys.modules)\n"
    )
    env = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env)
    assert done.returncode == 0 and "--megapixels" in done.stdout, done.stderr
