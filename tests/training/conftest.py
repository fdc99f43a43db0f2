"""A tiny run that every training test can afford: 8 x 8 pictures, narrow networks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sparring.core.part import Part
from sparring.core.recipe import Recipe


def _start(
    script: str, world: int, arguments: Sequence[str | Path], **extra: str
) -> list[subprocess.Popen[str]]:
    """One process a rank, as torchrun would start them, but nobody looks after them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(world)}
    known |= {"OMP_NUM_THREADS": "1", "SPARRING_TIMEOUT": "120"} | extra
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return [
        subprocess.Popen(
            command,
            env={**os.environ, **known, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]


def _finished(ranks: Sequence[subprocess.Popen[str]]) -> list[str]:
    """What each said, after all ended well."""
    said = [rank.communicate(timeout=300)[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * len(ranks), said
    return said


@pytest.fixture
def start() -> Callable[..., list[subprocess.Popen[str]]]:
    """Starts a script as several processes: script, world, arguments."""
    return _start


@pytest.fixture
def finished() -> Callable[[Sequence[subprocess.Popen[str]]], list[str]]:
    """Waits for such processes, which must end well; gives what each said."""
    return _finished


@pytest.fixture(scope="session")
def pictures(tiny_npz: str) -> str:
    """An .npz of pictures of two kinds, with labels."""
    return tiny_npz


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """Builds the tiny recipe: relativistic, R1 and R2, norm-free, everything scheduled."""

    def build(**changes: object) -> Recipe:
        adam = Part("sparring.training.optimizers:adam", lr=1e-3, beta1=0.0, beta2=0.99)
        tiny = Recipe(
            name="tiny",
            game=Part("sparring.games.duel:Duel"),
            networks={
                "generator": Part("sparring.networks.dense:Generator", widths=(16,), norm="none"),
                "discriminator": Part("sparring.networks.dense:Discriminator", widths=(16,)),
            },
            optimizers={"generator": adam, "discriminator": adam},
            loss=Part("sparring.losses.adversarial:relativistic"),
            terms=(
                Part("sparring.losses.penalties:r1", weight=0.5, every=2),
                Part("sparring.losses.penalties:r2", weight=0.5, every=2),
            ),
            learning_rates={
                "generator": Part("sparring.core.schedule:cosine", start=1e-3, end=1e-4, images=200)
            },
            betas=Part("sparring.core.schedule:cosine", start=0.9, end=0.99, images=200),
            ema=Part("sparring.core.schedule:share", fraction=0.1, most=1000.0),
            latent=4,
            batch=8,
            steps=10,
            precision="fp32",
        )
        return tiny.replace(**changes)

    return build


@pytest.fixture
def weights() -> Callable[[Path], dict[str, bytes]]:
    """Reads all that a run's last checkpoint holds, as bytes."""

    def read(run: Path) -> dict[str, bytes]:
        last = sorted((run / "checkpoint").iterdir())[-1]
        return {
            str(path.relative_to(last)): path.read_bytes() for path in last.rglob("*.safetensors")
        }

    return read
