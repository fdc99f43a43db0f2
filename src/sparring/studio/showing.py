"""How pages show what the verbs give: samples as pictures and sounds, errors as one sentence."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image

from sparring.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Domain

QUIET: dict[str, Any] = {"show_progress": "hidden"}
LIVE: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
"""How events are bound whose answers come at once, and those that come while a hand moves."""
OUT_OF_MEMORY = "memory ran out; ask for fewer or smaller samples."
SHOWN = 1024
"""Pixels of a picture's longer side on a page; files keep their own."""


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same handler; what a person can mend is a sentence on the page, which stays alive."""

    @functools.wraps(function)
    def call(*given: Any) -> Any:
        try:
            return function(*given)
        except InputError as error:
            raise _said(str(error)) from error
        except MemoryError as error:
            raise _said(OUT_OF_MEMORY) from error
        except OSError as error:
            raise _said(f"cannot use {error.filename or 'a file'}: {error.strerror}.") from error

    return call


def _said(sentence: str) -> gr.Error:
    return gr.Error(sentence, duration=20, print_exception=False, title="That did not work")


def noted(sentence: str) -> None:
    """A sentence on the page about something that was done all the same."""
    gr.Warning(sentence, duration=20, title="Note")


def picture(domain: Domain, samples: Tensor, columns: int | None = None) -> Image.Image:
    """Samples (N, *shape) as the domain shows them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.png"
        domain.preview(samples, path, columns)
        with Image.open(path) as drawn:
            return drawn.copy()


def pictures(domain: Domain, samples: Tensor) -> list[Image.Image]:
    """Each sample by itself; one picture of all where the domain draws a cloud."""
    if not domain.grid:
        return [picture(domain, samples)]
    return [picture(domain, sample[None]) for sample in samples]


def is_sound(domain: Domain) -> bool:
    """Whether its samples are heard: its own files are such."""
    return ".wav" in domain.suffixes


def heard(model: Model, samples: Tensor) -> tuple[int, np.ndarray] | None:
    """The first sample's rate and waveform (L, C), where samples are sounds."""
    if not is_sound(model.domain):
        return None
    wave = model.domain.decode(samples[:1])[0]
    return int(model.domain.reading["rate"]), wave.T.cpu().numpy()


def exhibited(model: Model, samples: Tensor) -> list[Any]:
    """Values of a picture and of a player: the samples seen, and the first of them heard."""
    wave = heard(model, samples)
    return [picture(model.domain, samples), gr.Audio(value=wave, visible=wave is not None)]


def small(shown: Image.Image) -> Image.Image:
    """A picture that fits on a page."""
    copy = shown.copy()
    copy.thumbnail((SHOWN, SHOWN))
    return copy


@contextmanager
def place() -> Iterator[Path]:
    """A folder for files on their way, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sparring-") as folder:
        yield Path(folder)
