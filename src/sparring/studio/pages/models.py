"""Models: a card for each, with a sample, its scores and its licence."""

from __future__ import annotations

import functools
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from PIL import Image

from sparring.artifact import ready
from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.domains.embedding import img
from sparring.verbs.kept import kept_in
from sparring.verbs.report import pictures

if TYPE_CHECKING:
    from sparring.studio.shelf import Shelf

TITLE = "Models"
SAMPLES = 16
STRIP = 2
"""Times as wide as high from which a picture is a strip of many samples."""
OPENS = {
    "sample": ("sample", "Sample"),
    "paint": ("paint", "Paint"),
    "translate": ("translate", "Use on a file"),
}
"""What a card's button opens: the page, and what the button says."""
EMPTY = """
<div class="empty"><b>There is no model here yet.</b>
<p>Go to <b>Train</b>, choose <i>digits</i> and two minutes, and come back.</p></div>
"""
CSS = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 14px; }
.card { border: 1px solid var(--border-color-primary); border-radius: 12px; overflow: hidden;
  background: var(--block-background-fill); display: flex; flex-direction: column; }
.card .shown { background: #fff; aspect-ratio: 1.25; overflow: hidden; display: flex;
  align-items: center; justify-content: center; }
.card .shown img { width: 100%; height: 100%; object-fit: contain; display: block;
  image-rendering: pixelated; margin: 0; }
.card .shown .strip, .card .shown .strip img { display: block; width: 100%; height: 100%; }
.card .shown .strip img { object-fit: cover; object-position: left; }
.card .words { padding: .7rem .9rem .9rem; display: flex; flex-direction: column; gap: .2rem;
  flex: 1; }
.card h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.card p { margin: 0; font-size: .84rem; color: var(--body-text-color-subdued); line-height: 1.4; }
.card .score { color: var(--body-text-color); }
.card .doors { margin-top: auto; padding-top: .6rem; display: flex; gap: .4rem; flex-wrap: wrap; }
.card button { border: 1px solid var(--border-color-primary); border-radius: 8px; cursor: pointer;
  padding: .35rem .7rem; font-size: .84rem; background: var(--background-fill-secondary);
  color: var(--body-text-color); }
.card button:hover { border-color: var(--color-accent); }
.empty { padding: 2.5rem; text-align: center; border: 1px dashed var(--border-color-primary);
  border-radius: 12px; }
"""
OPEN = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-model]');
  if (button) trigger('click', {model: button.dataset.model, page: button.dataset.page});
});
"""


def build(shelf: Shelf, tab: gr.Tab) -> gr.HTML:
    """The cards; a click on a button of theirs carries the model's name and the page's."""
    cards = gr.HTML(value=lambda: _cards(shelf), css_template=CSS, js_on_load=OPEN)
    tab.select(lambda: _cards(shelf), None, cards, show_progress="hidden")
    return cards


def page_of(shelf: Shelf, name: str) -> str:
    """The page on which a model is first of all used."""
    return next(page for page in OPENS if name in shelf.names(page) or page == "translate")


def _cards(shelf: Shelf) -> str:
    cards = [_card(shelf, name) for name in shelf.names()]
    return f'<div class="cards">{"".join(cards)}</div>' if cards else EMPTY


def _card(shelf: Shelf, name: str) -> str:
    try:
        folder, manifest = shelf.folder(name), shelf.manifest(name)
        page, said = OPENS[page_of(shelf, name)]
    except InputError:  # it vanished a moment ago
        return ""
    words = f'<b class="score">{escape(_score(name, folder))}</b>'
    door = f'<button data-model="{escape(name)}" data-page="{page}">{said}</button>'
    return (
        f'<article class="card"><div class="shown">{_shown(shelf, name)}</div>'
        f'<div class="words"><h3>{escape(name)}</h3><p>{escape(_about(manifest))}</p>'
        f'<p>{words}</p><p>{escape(_licence(manifest))}</p><div class="doors">{door}</div>'
        "</div></article>"
    )


def _about(manifest: Manifest) -> str:
    shape = " x ".join(map(str, manifest.spec.shape))
    return f"{manifest.recipe.name} on {manifest.data.get('name', 'data')}, {shape}"


def _licence(manifest: Manifest) -> str:
    return f"Licence of its data: {manifest.data.get('licence') or 'not stated'}"


def _score(name: str, folder: Path) -> str:
    """The headline score with its interval; of a ready model what its card says."""
    if name.startswith(ready.PREFIX):
        known = ready.card(name.removeprefix(ready.PREFIX)).scores
        return ", ".join(f"{score} {value}" for score, value in known.items())
    try:
        found = kept_in(folder)
    except InputError:
        return "its scores cannot be read"
    if found is None:
        return "not scored yet"
    name, value, interval, *_ = found.table()[0]
    return f"{name} {value} ({interval})"


def _shown(shelf: Shelf, name: str) -> str:
    """What the model makes: a picture that came with it, the run's last, or samples drawn now."""
    folder = shelf.folder(name)
    saved = pictures.saved(folder / "samples")
    if name.startswith(ready.PREFIX):
        saved = [folder / "picture.png"]
    if saved:
        return _framed(saved[-1])
    changed = (folder / "recipe.json").stat().st_mtime_ns
    try:
        return _drawn(shelf, name, changed)
    except InputError:
        return "<p>no model yet</p>"


def _framed(path: Path) -> str:
    """A picture, of which the left is shown where it is a strip."""
    with Image.open(path) as picture:
        strip = picture.width > STRIP * picture.height
    return f'<span class="strip">{img(path)}</span>' if strip else img(path)


@functools.lru_cache(maxsize=64)
def _drawn(shelf: Shelf, name: str, changed: int) -> str:
    """Samples of a model that came without pictures, drawn once."""
    model = shelf.model(name)
    if "sample" not in model.task.abilities:
        return "<p>no picture</p>"
    return model.domain.embed(model.sample(SAMPLES))
