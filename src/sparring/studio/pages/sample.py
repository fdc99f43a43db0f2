"""Sample: draw, choose, walk from one to another, and move along the strongest directions."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import torch

from sparring.artifact.conditions import named, takes_text, unseen
from sparring.artifact.directions import moved, strongest
from sparring.artifact.ready import PREFIX
from sparring.artifact.walks import slerp, toward, truncate
from sparring.core.errors import InputError
from sparring.core.streams import latents
from sparring.domains.animation import write_gif
from sparring.studio.chooser import chooser
from sparring.studio.showing import LIVE, QUIET, exhibited, is_sound, noted, pictures, told

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Condition
    from sparring.studio.shelf import Shelf

TITLE = "Sample"
DIRECTIONS, FARTHEST = 6, 4.0
STEPS, STRIDE = 50, 2
"""Of a walk from one sample to another, and how many of these a GIF's pictures are apart."""
MOST, USUAL, HEARD, CLOUD = 64, 32, 8, 2000
"""Samples drawn at once: at most, by default, where they are heard, and as one cloud."""
IN_TURN = "all in turn"


@dataclass(frozen=True)
class Asked:
    """What the samples on the page were drawn with, and which two of them were chosen last."""

    name: str
    count: int
    seed: int
    label: str | None
    truncation: float | None
    text: str | None = None
    pair: tuple[int, int] = (0, 1)

    def latents(self, model: Model) -> Tensor:
        """The latents (count, latent) of all samples on the page."""
        found = latents(self.seed, range(self.count), model.manifest.spec.latent)
        return found if self.truncation is None else truncate(found, self.truncation)

    def condition(self, model: Model, indices: Sequence[int]) -> Condition:
        """What samples of these indices are told."""
        return model.condition(indices, label=self.label, text=self.text)


def build(shelf: Shelf, tab: gr.Tab) -> gr.Dropdown:
    """Fill the tab; its chooser is returned."""
    asked, acts = gr.State(None), _Acts(shelf)
    with gr.Row():
        with gr.Column(scale=1, min_width=240):
            model = chooser(shelf, tab, "sample")
            count = gr.Slider(1, MOST, USUAL, step=1, label="How many")
            seed = gr.Number(0, precision=0, minimum=0, label="Seed")
            label = gr.Dropdown([IN_TURN], value=IN_TURN, label="Label", visible=False)
            text = gr.Textbox(
                label="Sentence",
                placeholder="sentences of the data in turn",
                visible=False,
                max_length=10_000,
                elem_id="sentence",
            )
            cut = gr.Slider(0, 3, 0, step=0.1, label="Truncation", info="0: none; 1: safe, alike")
            draw = gr.Button("Draw", variant="primary", elem_id="draw")
            save = gr.DownloadButton("Download all (zip)", visible=False)
        with gr.Column(scale=3, min_width=420):
            gr.Markdown(
                "Click a sample, then another: they are the two below.", elem_classes="note"
            )
            gallery = _gallery()
    with gr.Row():
        first, middle, second = _exhibit("First"), _exhibit("On the way"), _exhibit("Second")
    with gr.Row():
        way = gr.Slider(
            *(0, 1, 0.5),
            step=0.02,
            label="Walk from the first to the second",
            elem_id="way",
            scale=4,
        )
        gif = gr.Button("The walk as GIF", elem_id="gif", min_width=140)
        walked = gr.DownloadButton("Download the GIF", visible=False, elem_id="walked")
    gr.on([model.change, tab.select], told(acts.offer), model, [label, count, text], **QUIET)
    ask = [model, count, seed, label, cut, text]
    drawn = [asked, gallery, save]
    gr.on([draw.click, seed.submit, text.submit], told(acts.draw), ask, drawn)
    gallery.select(told(acts.choose), asked, asked, **QUIET)
    asked.change(told(acts.ends), asked, [*first, *second], **QUIET)
    gr.on([asked.change, way.change], told(acts.walk), [asked, way], [*middle], **LIVE)
    gif.click(told(acts.gif), asked, walked)
    asked.change(lambda: gr.DownloadButton(visible=False), None, walked, **QUIET)
    _directions(acts, asked)
    return model


def _directions(acts: _Acts, asked: gr.State) -> None:
    """Sliders that move the first sample."""
    with gr.Accordion("Strongest directions, from the first", open=False), gr.Row():
        with gr.Column(scale=3):
            with gr.Row():
                sliders = [
                    gr.Slider(
                        *(-FARTHEST, FARTHEST, 0),
                        step=0.1,
                        label=f"Direction {number + 1}",
                        min_width=220,
                    )
                    for number in range(DIRECTIONS)
                ]
            still = gr.Button("Back to the middle", size="sm")
        with gr.Column(scale=1, min_width=220):
            turned = _exhibit("First, moved")
    changes = [slider.change for slider in sliders]
    gr.on([*changes, asked.change], told(acts.move), [asked, *sliders], [*turned], **LIVE)
    still.click(lambda: [0.0] * DIRECTIONS, None, sliders, **QUIET)


def _gallery() -> gr.Gallery:
    return gr.Gallery(
        label="Samples",
        show_label=False,
        height="auto",
        allow_preview=False,
        buttons=[],
        object_fit="contain",
        format="png",
        elem_classes="pixels",
        elem_id="samples",
    )


def _exhibit(label: str) -> tuple[gr.Image, gr.Audio]:
    """One sample, large, and heard where it is a sound."""
    with gr.Column(min_width=160):
        shown = gr.Image(
            label=label,
            format="png",
            interactive=False,
            height=230,
            buttons=["download"],
            elem_classes="pixels",
            elem_id=label.lower().replace(" ", "-").replace(",", ""),
        )
        sound = gr.Audio(
            label=label,
            visible=False,
            interactive=False,
            show_label=False,
            buttons=["download"],
        )
    return shown, sound


class _Acts:
    """What the page does with the shelf's models."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def offer(self, name: str | None) -> list[Any]:
        """Labels, counts and sentences that suit the model."""
        if not name:
            return [gr.skip(), gr.skip(), gr.skip()]
        manifest, domain = self.shelf.manifest(name), self.shelf.model(name).domain
        choices = [IN_TURN, *manifest.classes]
        labels = gr.Dropdown(choices=choices, value=IN_TURN, visible=bool(manifest.classes))
        text = gr.Textbox(visible=takes_text(manifest))
        if not domain.grid:
            return [labels, gr.Slider(maximum=CLOUD, value=CLOUD), text]
        usual = HEARD if is_sound(domain) else USUAL
        return [labels, gr.Slider(maximum=MOST, value=usual), text]

    def draw(
        self, name: str, count: int, seed: int, label: str, cut: float, text: str | None
    ) -> list[Any]:
        """Samples by the model's own method; words that it has never seen are said."""
        model, known = self.shelf.model(name), None if label == IN_TURN else label
        sentence = text if text and text.strip() and takes_text(model.manifest) else None
        now = Asked(name, int(count), int(seed or 0), known, cut or None, sentence)
        words: dict[str, Any] = {"label": known, "truncation": now.truncation, "text": sentence}
        samples = model.sample(now.count, seed=now.seed, **words)
        if sentence and (strange := unseen(model.manifest, sentence)):
            noted(f"the model has never seen {named(strange)}; the rest of the sentence is drawn.")
        kept = gr.DownloadButton(value=_kept(model, samples, name), visible=True)
        return [now, gr.Gallery(value=pictures(model.domain, samples)), kept]

    def choose(self, asked: Asked, event: gr.SelectData) -> Asked:
        """The one that was clicked becomes the second, the former second the first."""
        chosen = (asked.pair[1], int(event.index))
        return replace(asked, pair=chosen)

    def ends(self, asked: Asked) -> list[Any]:
        """Both chosen samples."""
        model = self.shelf.model(asked.name)
        shown = [exhibited(model, _on_the_way(model, asked, way)) for way in (0.0, 1.0)]
        return [*shown[0], *shown[1]]

    def walk(self, asked: Asked | None, way: float) -> list[Any]:
        """A sample between them."""
        if asked is None:
            return [gr.skip(), gr.skip()]
        model = self.shelf.model(asked.name)
        return exhibited(model, _on_the_way(model, asked, float(way)))

    def gif(self, asked: Asked | None) -> Any:
        """The whole walk between them, there and back, to take home."""
        if asked is None:
            raise InputError("draw samples first; the walk goes from one of them to another.")
        model = self.shelf.model(asked.name)
        if not model.domain.grid:
            raise InputError("no walk can be drawn: this model's samples are not shown one by one.")
        path = Path(tempfile.mkdtemp()) / f"{asked.name.removeprefix(PREFIX)}-walk.gif"
        write_gif(model.domain, _walk(model, asked, slice(0, None, STRIDE)), path)
        return gr.DownloadButton(value=str(path), visible=True)

    def move(self, asked: Asked | None, *steps: float) -> list[Any]:
        """The first sample (of a cloud all), so many steps along the directions."""
        if asked is None:
            return [gr.skip(), gr.skip()]
        model = self.shelf.model(asked.name)
        rows = slice(asked.pair[0], asked.pair[0] + 1) if model.domain.grid else slice(None)
        told = asked.condition(model, range(asked.count)).rows(rows)
        along = torch.tensor(steps, dtype=torch.float32)
        latent = moved(asked.latents(model)[rows], strongest(model, len(steps)), along)
        return exhibited(model, model.generate(latent, told))


def _on_the_way(model: Model, asked: Asked, way: float) -> Tensor:
    """The sample so far on the great circle from one to the other; a cloud stays as it is."""
    latent = asked.latents(model)
    if not model.domain.grid:
        return model.generate(latent, asked.condition(model, range(asked.count)))
    step = round(way * STEPS)
    return _walk(model, asked, slice(step, step + 1))


def _walk(model: Model, asked: Asked, steps: slice) -> Tensor:
    """These of the STEPS + 1 samples from the first to the second."""
    first, second = (min(index, asked.count - 1) for index in asked.pair)
    latent, weights = asked.latents(model), torch.linspace(0.0, 1.0, STEPS + 1)[steps, None]
    told = _told(model, asked, (first, second)).rows(steps)
    return model.generate(slerp(latent[first], latent[second], weights), told)


def _told(model: Model, asked: Asked, pair: tuple[int, int]) -> Condition:
    """What both are told, and at every step between them what lies between."""
    first, second = (asked.condition(model, [index] * (STEPS + 1)) for index in pair)
    for field, value in first._asdict().items():
        if value is not None:
            first = toward(first, second, field, model.manifest.spec)
    return first


def _kept(model: Model, samples: Tensor, name: str) -> str:
    """All samples as files of the data's own kind, in one archive."""
    folder, domain = Path(tempfile.mkdtemp(dir=tempfile.gettempdir())), model.domain
    stored = domain.decode(samples)
    items = [stored] if domain.many else list(stored)
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
        for index, item in enumerate(items):
            path = folder / f"{index:04d}{domain.suffixes[0]}"
            domain.write(item, path)
            archive.write(path, path.name)
            path.unlink()
    return str(folder / f"{name}.zip")
