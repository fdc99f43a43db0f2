"""Draw drums from noise beside real ones, a walk from kick to snare, and write players.

python docs/drum_sheets.py runs/wavegan-drums runs/melgan-drums
"""

from __future__ import annotations

import sys
from pathlib import Path

import soundfile
import torch
from PIL import Image
from torch import Tensor

import sparring
from sparring.core.streams import stream
from sparring.domains.sound.domain import Sound

HERE = Path(__file__).parent
REAL, MADE, LISTENED, STEPS = 3, 6, 3, 9


def waves(model: sparring.Model, samples: Tensor) -> Tensor:
    """Samples as waveforms (N, 1, length) in [-1, 1]."""
    return model.domain.decode(samples).float() / 32_768


def sheet(model: sparring.Model, data: sparring.Dataset, name: str) -> None:
    """A row for each class: real pieces that were held out, then made ones."""
    domain = Sound(16_384)
    items = data.held_out.take(torch.arange(len(data.held_out)))
    shown = []
    for label, called in enumerate(data.classes):
        rows = (items["label"] == label).nonzero()[:, 0]
        real = rows[torch.randperm(len(rows), generator=stream("sheet", label))[:REAL]]
        made = waves(model, model.sample(MADE, label=label, seed=0))
        shown += [domain.encode(items["sample"][real]), made]
        listen(made[:LISTENED], f"{name}-{called}")
    draw(torch.cat(shown), name, REAL + MADE)


def draw(heard: Tensor, name: str, columns: int) -> None:
    """Write docs/images/NAME.png, in few colours."""
    place = HERE / "images" / f"{name}.png"
    Sound(16_384).preview(heard, place, columns)
    with Image.open(place) as picture:
        few = picture.convert("RGB").quantize(64)
    few.save(place, optimize=True)


def listen(heard: Tensor, name: str) -> None:
    """Write sounds (N, 1, length), one after the other, as docs/sounds/NAME.ogg."""
    (HERE / "sounds").mkdir(exist_ok=True)
    place = HERE / "sounds" / f"{name}.ogg"
    soundfile.write(place, heard.flatten().clamp(-1, 1).numpy(), 16_000, subtype="VORBIS")


def walk(model: sparring.Model, name: str, begin: str, end: str) -> None:
    """From one class to the other."""
    heard = waves(model, model.interpolate(2, STEPS - 1, label=begin, to=end, seed=0))
    draw(heard, f"{name}-{begin}-{end}", STEPS)
    listen(heard, f"{name}-{begin}-{end}")


if __name__ == "__main__":
    pieces = sparring.load_data("drums")
    for run in map(Path, sys.argv[1:]):
        trained = sparring.Model.load(run)
        sheet(trained, pieces, run.name)
        walk(trained, run.name, "kick", "snare")
