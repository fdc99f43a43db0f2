"""One tiny trained run for every test of the command line, the report and bad input."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TINY = ("--widths", "8", "--discriminator-widths", "8", "--latent", "4", "--batch", "8", "--quiet")


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory: pytest.TempPathFactory) -> str:
    """400 grey 8 x 8 pictures with two labels; 40 of them are held out."""
    random = np.random.default_rng(0)
    label = np.arange(400) % 2
    sample = random.integers(0, 60, (400, 1, 8, 8), dtype=np.uint8)
    sample[label == 1, :, 2:6, 2:6] += 180
    path = tmp_path_factory.mktemp("tiny") / "pictures.npz"
    np.savez(path, sample=sample, label=label)
    return str(path)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window; one for all, since Playwright runs once in a process."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def _trained(tiny_npz: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sparring.cli import call

    run = tmp_path_factory.mktemp("runs") / "tiny"
    every = ("--log-every", "1", "--sample-every", "3", "--checkpoint-every", "3")
    code = call(
        ["train", "gan", "--data", tiny_npz, "--run", str(run), "--steps", "6", *TINY, *every]
    )
    assert code == 0
    return run


@pytest.fixture
def tiny_run(_trained: Path, tmp_path: Path) -> Path:
    """A trained run of six steps that a test may spoil."""
    return Path(shutil.copytree(_trained, tmp_path / "run"))


@pytest.fixture
def tiny_flags() -> tuple[str, ...]:
    """Flags that make `sparring train gan` tiny and quiet."""
    return TINY


@pytest.fixture
def sparring(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Calls the command line in this process: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        from sparring.cli import call

        capsys.readouterr()
        code = call([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run
