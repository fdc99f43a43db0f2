"""Compare: runs side by side, by samples of the same latents, scores and curves."""

from __future__ import annotations

import functools
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from sparring.artifact.model import Model
from sparring.artifact.ready import PREFIX
from sparring.core.errors import InputError
from sparring.domains.embedding import drawn, img
from sparring.studio import progress
from sparring.studio.showing import told
from sparring.verbs.kept import kept_in
from sparring.verbs.reals import data_of, reals_of
from sparring.verbs.report import page, pictures
from sparring.verbs.strips import write_strip

if TYPE_CHECKING:
    from sparring.core.types import Batch
    from sparring.studio.shelf import Shelf

TITLE = "Compare"
MOST, SAMPLES, COLUMNS, CLOUD = 4, 36, 6, 2000
STRIP = 6
"""Held-out items that are translated, one beside the other."""
CSS = (
    progress.CSS + ".strip img { image-rendering: pixelated; } td:last-child { min-width: 0; }"
    "th, td { border-width: 0 0 1px 0 !important; }"
)


def build(shelf: Shelf, tab: gr.Tab) -> None:
    """Fill the tab."""
    with gr.Row():
        runs = gr.Dropdown(
            shelf.names(), multiselect=True, max_choices=MOST, label="Runs", scale=4, elem_id="runs"
        )
        seed = gr.Number(0, precision=0, minimum=0, label="Seed of the latents", min_width=140)
        go = gr.Button("Compare", variant="primary", min_width=120, elem_id="compare")
    found = gr.HTML(css_template=CSS, elem_id="beside")

    def again(chosen: list[str] | None) -> Any:
        known = shelf.names()
        return gr.Dropdown(choices=known, value=[n for n in chosen or known[:2] if n in known])

    tab.select(again, runs, runs, show_progress="hidden")
    go.click(told(lambda names, seed: compared(shelf, names, int(seed or 0))), [runs, seed], found)


def compared(shelf: Shelf, names: list[str], seed: int) -> str:
    """The runs as HTML: what they make, how good it is, how it came about.

    Raises:
        InputError: none is chosen, or one is gone.
    """
    if not names:
        raise InputError("choose one run or more to compare.")
    folders = [shelf.folder(name) for name in names]
    made = [page.figure(_made(shelf, name, seed), name) for name in names]
    return "\n".join(
        [
            page.section(f"Made of the same latents (seed {seed}) and sources", page.strip(made)),
            page.section("Scores, with their 95 % intervals", _scores(folders)),
            page.section("Curves", progress.beside(folders)),
        ]
    )


def _made(shelf: Shelf, name: str, seed: int) -> str:
    """Samples drawn now; of models that start from something, a strip of held-out items."""
    model = shelf.model(name)
    if "sample" in model.task.abilities:
        count = SAMPLES if model.domain.grid else CLOUD
        return model.domain.embed(model.sample(count, seed=seed), COLUMNS)
    if name.startswith(PREFIX):
        # Its data are perhaps not on this machine, and may be hundreds of megabytes.
        return img(shelf.folder(name) / "picture.png")
    try:
        batch = _held_out(shelf.folder(name), shelf.trusted)
    except InputError:  # Its data are gone: what it saved while it learnt is left.
        saved = pictures.saved(shelf.folder(name) / "samples")
        return img(saved[-1]) if saved else page.paragraph("nothing to show: its data are gone")
    return drawn(lambda path: write_strip(model, batch, path, seed))


@functools.lru_cache(maxsize=MOST)
def _held_out(folder: Path, trusted: tuple[str, ...]) -> Batch:
    """Held-out items of the run's own data, read once."""
    model = Model.load(folder, trusted=trusted)
    return reals_of(model, data_of(model, trusted=trusted), STRIP)


def _scores(folders: list[Path]) -> str:
    """A row a score, a column a run."""
    kept = {folder.name: kept_in(folder) for folder in folders}
    rows: dict[str, dict[str, str]] = {}
    for name, scores in kept.items():
        for score, value, interval, *_ in scores.table() if scores else ():
            rows.setdefault(score, {})[name] = f"{value} ({interval})"
    if not rows:
        words = " or ".join(f"sparring evaluate {escape(str(folder))}" for folder in folders[:1])
        return page.paragraph(f"None is scored yet: {words}")
    cells = [(score, *(row.get(name, "-") for name in kept)) for score, row in rows.items()]
    readers = {scores.extractor for scores in kept.values() if scores}
    said = "" if len(readers) < 2 else "Judged by different extractors: not to be compared."
    return page.table(("score", *kept), cells, said)
