"""Paint: a layout on the board, and the picture that the model makes of it beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import torch
from torch import Tensor  # read by Gradio, which looks handlers' annotations up

from sparring.core.errors import InputError
from sparring.core.streams import latents
from sparring.domains.layout.domain import Layout
from sparring.studio.canvas import LARGEST, board, canvas, painted
from sparring.studio.chooser import chooser
from sparring.studio.showing import LIVE, QUIET, picture, told

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.core.types import Domain
    from sparring.studio.shelf import Shelf

TITLE = "Paint"
PAINTS = "paint"
"""The ability, on the shelf, of models that make pictures of layouts."""
GROUND = 4
"""Parts of the height of a new layout, of which each class at hand gets one."""


def build(shelf: Shelf, tab: gr.Tab) -> gr.Dropdown:
    """Fill the tab; its chooser is returned."""
    acts, layout, style = _Acts(shelf), gr.State(None), gr.State(None)
    with gr.Row():
        with gr.Column(scale=1, min_width=200):
            model = chooser(shelf, tab, PAINTS)
        with gr.Column(scale=1, min_width=160):
            seed = gr.Slider(0, 99, 0, step=1, label="Style: seed", elem_id="style")
        with gr.Column(scale=1, min_width=200):
            opened = gr.UploadButton("Open a layout", size="md")
            with gr.Row():
                alike = gr.UploadButton("Style of a picture", size="md", min_width=120)
                plain = gr.Button("Style by seed", size="md", min_width=120, visible=False)
    with gr.Row():
        with gr.Column(scale=3, min_width=340):
            sheet = canvas("board")
        with gr.Column(scale=2, min_width=300):
            shown = _painting()
    model.change(told(acts.begin), model, [sheet, layout, style], **QUIET)
    tab.select(told(acts.first), [model, layout], [sheet, layout, style], **QUIET)
    opened.upload(told(acts.open), [model, opened], sheet, **QUIET)
    alike.upload(told(acts.style), [model, alike], [style, plain], **QUIET)
    plain.click(lambda: [None, gr.Button(visible=False)], None, [style, plain], **QUIET)
    sheet.input(told(acts.paint), [model, seed, style], [layout, shown], **LIVE)
    again = [layout, model, seed, style]
    gr.on([seed.change, style.change], told(acts.restyle), again, shown, **LIVE)
    return model


def _painting() -> gr.Image:
    return gr.Image(
        label="What the model makes of it",
        format="png",
        interactive=False,
        height=472,
        buttons=["download", "fullscreen"],
        elem_classes="pixels",
        elem_id="painting",
    )


class _Acts:
    """What the page does with the shelf's models."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def begin(self, name: str | None) -> list[Any]:
        """A board in the model's classes, with bands of the first ones."""
        if not name:
            return [gr.skip()] * 3
        domain = _layouts(self.shelf.model(name))
        return [_sheet(domain, _ground(domain)), None, None]

    def first(self, name: str | None, layout: Tensor | None) -> list[Any]:
        """The same when the tab is first opened; what was painted stays."""
        return self.begin(name) if layout is None else [gr.skip()] * 3

    def open(self, name: str | None, path: str) -> dict[str, Any]:
        """The board with a layout from a file."""
        domain = _layouts(self.shelf.model(name))
        stored = _opened(domain, path)
        if max(stored.shape) > LARGEST:
            raise InputError(f"the board takes layouts of up to {LARGEST} px a side.")
        return _sheet(domain, stored)

    def style(self, name: str | None, path: str) -> list[Any]:
        """The latent that the model's encoder reads from a picture."""
        model = self.shelf.model(name)
        return [model.style(_opened(model.domain, path)[None]), gr.Button(visible=True)]

    def paint(self, event: gr.EventData, name: str, seed: int, style: Tensor | None) -> list[Any]:
        """The picture of what was painted."""
        stored = painted(event)
        return [stored, _made(self.shelf.model(name), stored, seed, style)]

    def restyle(self, layout: Tensor | None, name: str, seed: int, style: Tensor | None) -> Any:
        """The same layout in another style."""
        return gr.skip() if layout is None else _made(self.shelf.model(name), layout, seed, style)


def _opened(domain: Domain, path: str) -> Tensor:
    """A file in the domain's stored form."""
    assert domain.files is not None, "layouts and pictures have files"
    try:
        return domain.files.open(Path(path)).stored
    except InputError as error:
        raise InputError(f"{Path(path).name} cannot be read: {error}") from error


def _layouts(model: Model) -> Layout:
    assert isinstance(model.source_domain, Layout)
    return model.source_domain


def _sheet(domain: Layout, stored: Tensor) -> dict[str, Any]:
    names = domain.names or tuple(f"class {number}" for number in range(domain.shape[0]))
    return board(stored, names, domain.colours())


def _ground(domain: Layout) -> Tensor:
    """A layout to begin with: bands of the first classes."""
    _, height, width = domain.shape
    classes = torch.arange(height) * min(GROUND, domain.shape[0]) // height
    return classes.to(torch.uint8)[None, :, None].expand(1, height, width).contiguous()


def _made(model: Model, stored: Tensor, seed: int, style: Tensor | None) -> Any:
    """The picture of a layout."""
    size = model.manifest.spec.latent
    chosen = latents(int(seed), range(1), size) if style is None else style
    made = model.translate(_layouts(model).encode(stored[None]), style=chosen)
    return picture(model.domain, made)
