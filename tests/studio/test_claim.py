"""What keeps the studio from starting is one sentence."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sparring.core.errors import InputError
from sparring.studio.claim import NAME, claimed

Sparring = Callable[..., tuple[int, str, str]]


def test_a_second_studio_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        claimed(tmp_path, "http://127.0.0.1:7860"),
        pytest.raises(InputError, match=r"already, at http://127\.0\.0\.1:7860; use that one"),
        claimed(tmp_path, "http://127.0.0.1:7861"),
    ):
        pass
    with claimed(tmp_path, "http://127.0.0.1:7861"):
        assert (tmp_path / NAME).exists()
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("left", ['{"process": 1, "began": 0, "address": "x"}', "{}", "not JSON"])
def test_one_that_died_has_the_folder_no_longer(tmp_path: Path, left: str) -> None:
    (tmp_path / NAME).write_text(left)
    with claimed(tmp_path, "http://127.0.0.1:7861"):
        pass


def test_a_port_in_use(sparring: Sparring, tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, said = sparring("studio", tmp_path, "--port", port)
    assert code == 2
    assert said == (
        f"sparring: port {port} is taken by another program; choose another with --port.\n"
    )


def test_without_gradio(
    sparring: Sparring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    code, _, said = sparring("studio", tmp_path)
    assert code == 2
    assert said == "sparring: the studio needs a package: pip install 'sparring[studio]'.\n"


def test_a_file_is_no_folder_of_runs(sparring: Sparring, tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    (tmp_path / "file").touch()
    code, _, said = sparring("studio", tmp_path / "file")
    assert code == 2
    assert "is a file; name a run, or a folder of runs" in said
