from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tones import tone


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees another's cache, nor the user's."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Writes a picture of noise that its seed decides."""

    def write(path: Path, size: tuple[int, int] = (8, 8), mode: str = "L", seed: int = 0) -> Path:
        height, width = size
        channels = len(Image.new(mode, (1, 1)).getbands())
        values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values[:, :, 0] if channels == 1 else values, mode).save(path)
        return path

    return write


@pytest.fixture
def faces(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    """A folder of 12 grey 8 x 8 pictures with labels "cat" (8) and "dog" (4)."""
    for index in range(12):
        label = "cat" if index < 8 else "dog"
        picture(tmp_path / "faces" / label / f"{index:02}.png", seed=index)
    return tmp_path / "faces"


@pytest.fixture
def sound(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tone; its level is half of full scale."""
    soundfile = pytest.importorskip("soundfile")

    def write(
        name: str, hertz: float = 440.0, seconds: float = 1.0, rate: int = 16_000, **how: object
    ) -> Path:
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        channels = int(how.pop("channels", 1))  # type: ignore[call-overload]
        wave = tone(hertz, seconds, rate)
        soundfile.write(path, np.stack([wave] * channels, 1), rate, **how)
        return path

    return write
