"""A board to paint classes or a mask on: exact numbers, fill and line, which Gradio has not."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib import resources
from typing import Any

import gradio as gr
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sparring.core.errors import InputError

LARGEST = 1024
"""Pixels of the longer side of a board."""
MASK = (("kept", "missing"), ((0, 0, 0), (255, 64, 96)))
"""Names and colours of a mask's two classes."""
HTML = """
<div class="tools" hidden>
  <span role="radiogroup" aria-label="Tool">
    <label><input class="tool" type="radio" value="brush" checked>Brush</label>
    <label><input class="tool" type="radio" value="line">Line</label>
    <label><input class="tool" type="radio" value="box">Box</label>
    <label><input class="tool" type="radio" value="fill">Fill</label>
  </span>
  <label class="slide">Size <input class="size" type="range" min="1" max="16" value="4"></label>
  <button type="button" data-do="undo">Undo</button>
  <button type="button" data-do="clear">Clear</button>
</div>
<div class="desk">
  <canvas tabindex="0" width="1" height="1"
    aria-label="Board: paint with the pointer; arrow keys move a cursor, space paints"></canvas>
  <div class="palette" role="radiogroup" aria-label="What is painted"></div>
</div>
"""
CSS = """
.tools { display: flex; gap: .8rem; align-items: center; flex-wrap: wrap; margin-bottom: .6rem; }
.tools[hidden], .palette[hidden] { display: none; }
.tools span { display: inline-flex; border: 1px solid var(--border-color-primary);
  border-radius: 8px; overflow: hidden; }
.tools span label { padding: .35rem .75rem; cursor: pointer; font-size: .88rem; }
.tools span label:has(:checked) { background: var(--color-accent); color: #fff; }
.tools span label:has(:focus-visible) { outline: 3px solid var(--color-accent); }
.tools input[type=radio] { position: absolute; opacity: 0; }
.tools .slide { display: inline-flex; gap: .5rem; align-items: center; font-size: .88rem; }
.tools button { border: 1px solid var(--border-color-primary); border-radius: 8px;
  padding: .35rem .75rem; font-size: .88rem; cursor: pointer;
  background: var(--background-fill-secondary); color: var(--body-text-color); }
.desk { display: flex; gap: .8rem; align-items: flex-start; flex-wrap: wrap; }
.desk canvas { flex: 4 1 320px; min-width: 0; width: 100%; max-width: 560px;
  image-rendering: pixelated; touch-action: none; cursor: crosshair; background-size: 100% 100%;
  border: 1px solid var(--border-color-primary); border-radius: 8px; }
.palette { flex: 1 1 150px; max-height: 480px; overflow-y: auto; display: grid; gap: .1rem;
  grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.palette label { display: flex; gap: .5rem; align-items: center; padding: .2rem .4rem;
  border-radius: 6px; cursor: pointer; font-size: .88rem; }
.palette label:has(:checked) { background: var(--background-fill-secondary); font-weight: 600;
  box-shadow: inset 0 0 0 2px var(--color-accent); }
.palette input { position: absolute; opacity: 0; }
.palette i { width: 1.1rem; height: 1.1rem; border-radius: 4px; flex: none;
  border: 1px solid rgba(0, 0, 0, .25); }
"""


def canvas(name: str) -> gr.HTML:
    """The board; its event `input` brings what `painted` reads."""
    script = resources.files("sparring.studio").joinpath("canvas.js").read_text()
    return gr.HTML(
        value=None, html_template=HTML, css_template=CSS, js_on_load=script, elem_id=name
    )


def board(
    stored: Tensor, names: Sequence[str], colours: Sequence[Sequence[int]], below: Any = None
) -> dict[str, Any]:
    """What the board shall show: classes (1, H, W), on a picture of their extent for a mask."""
    return {
        "width": stored.shape[2],
        "height": stored.shape[1],
        "colours": [list(colour) for colour in colours],
        "names": list(names),
        "numbers": None if below is not None else _uri(Image.fromarray(stored[0].numpy())),
        "below": None if below is None else _uri(below),
    }


def mask_on(below: Image.Image) -> dict[str, Any]:
    """An empty mask on a picture."""
    blank = torch.zeros(1, below.height, below.width, dtype=torch.uint8)
    return board(blank, *MASK, below=below.convert("RGB"))


def painted(event: gr.EventData) -> Tensor:
    """The classes (1, H, W) that were painted.

    Raises:
        InputError: they are no picture of a board's extent.
    """
    try:
        head, _, body = str(event.numbers).partition(",")
        if head != "data:image/png;base64" or not 0 < event.width * event.height <= LARGEST**2:
            raise ValueError(head[:40])
        with Image.open(io.BytesIO(base64.b64decode(body)), formats=["PNG"]) as picture:
            if picture.size != (event.width, event.height):
                raise ValueError(f"{picture.size}")
            return torch.from_numpy(np.asarray(picture.convert("RGB"))[None, ..., 0].copy())
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise InputError("what was painted did not arrive whole; paint again.") from error


def _uri(picture: Image.Image) -> str:
    target = io.BytesIO()
    picture.save(target, "PNG")
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"
