"""What the shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparring.cli import completion


def test_values_are_known(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_run.parent)
    assert completion.runs("") == [tiny_run.name]
    assert completion.runs(f"{tiny_run.name[:1]}") == [tiny_run.name]
    assert completion.losses("hi") == ["hinge"]
    assert completion.penalties("r1,r") == ["r1,r1", "r1,r2"]
    assert "gradient-penalty" in completion.penalties("")
    assert completion.networks("res") == ["residual"]
    assert completion.data("ring") == ["ring8"] and "digits" in completion.data("")
    assert completion.runs("nowhere/") == completion.data("nowhere/x") == []


def test_a_shell_is_told(tiny_run: Path) -> None:
    """As bash asks: Typer's own protocol."""
    words = f"sparring sample {tiny_run.parent}/"
    asked = {"_SPARRING_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", "from sparring.cli import app; app(prog_name='sparring')"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(tiny_run) in done.stdout.split(), done.stderr
