"""Look inside: the discriminator's field and pull of points; of pictures logits and looks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import gradio as gr

from sparring.studio import progress
from sparring.studio.showing import QUIET, told
from sparring.training import checkpoint
from sparring.training.live import watch
from sparring.verbs.inside import players, players_now
from sparring.verbs.inside.drawing import ROWS, histograms, logits, looks, plane
from sparring.verbs.reals import data_of, reals_of
from sparring.verbs.report.pictures import spread

if TYPE_CHECKING:
    from pathlib import Path

    from sparring.core.types import Batch
    from sparring.studio.shelf import Shelf
    from sparring.verbs.inside import Players
    from sparring.verbs.inside.drawing import Logits

TITLE = "Look inside"
TICK = 1.0
POINTS, PICTURES = 600, 200
"""Real samples, and as many made ones, that are looked at."""
NOTE = (
    "Points: the greener, the more real the discriminator finds the place; arrows are the pull of "
    "the generator's loss on what it made. Pictures: the discriminator's logits, step by step, "
    "and where its verdict changes most with a pixel. A run that trains is followed live, between "
    "its checkpoints too."
)


def build(shelf: Shelf, tab: gr.Tab) -> gr.Dropdown:
    """Fill the tab; its chooser is returned."""
    acts, seen = _Acts(shelf), gr.State(None)
    with gr.Row():
        run = gr.Dropdown(acts.runs(), label="Run", value=None, elem_id="look", scale=1)
        step = gr.Slider(0, 1, 1, step=1, label="Checkpoint", scale=2, elem_id="step")
        live = gr.Checkbox(True, label="Follow it live", scale=0, min_width=180)
    gr.Markdown(NOTE, elem_classes="note")
    at = gr.Markdown(elem_id="at", elem_classes="note")
    with gr.Row():
        shown = {"format": "png", "interactive": False, "buttons": ["download"]}
        first = gr.Image(show_label=False, elem_id="inside", **shown)
        second = gr.Image(show_label=False, elem_id="looks", visible=False, **shown)
    clock = gr.Timer(TICK)
    parts = [step, at, first, second, seen]
    gr.on(
        [clock.tick, run.change, live.change],
        told(acts.follow),
        [run, step, live, seen],
        parts,
        **QUIET,
    )
    step.release(told(acts.back), [run, step], [live, at, first, second, seen], **QUIET)
    tab.select(acts.again, run, run, **QUIET)
    return run


class _Acts:
    """What the page does with the shelf's runs."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def runs(self) -> list[str]:
        """Runs with checkpoints of models that make samples out of nothing."""
        return [
            name
            for name in self.shelf.names("sample")
            if (self.shelf.place / name / "checkpoint").is_dir()
        ]

    def again(self, chosen: str | None) -> Any:
        """The list as it is now."""
        known = self.runs()
        return gr.Dropdown(
            choices=known, value=chosen if chosen in known else next(iter(known), None)
        )

    def follow(self, run: str | None, step: int, live: bool, seen: Any) -> list[Any]:
        """The run as it is now, or its newest checkpoint, where there is anything new."""
        if not run or (not live and seen is not None and seen[0] == run):
            return [gr.skip()] * 5
        folder = self.shelf.folder(run)
        if not progress.ended(folder):
            watch(folder)
        done, now = checkpoint.steps(folder), players_now(folder, self.shelf.trusted)
        mark = (run, tuple(done), now.step if now else None)
        if not done or mark == seen:
            return [gr.skip()] * 5
        slider = gr.Slider(minimum=1, maximum=max(len(done), 2), value=len(done))
        return [slider, *self._drawn(run, done, len(done), now), mark]

    def back(self, run: str | None, step: int) -> list[Any]:
        """An earlier checkpoint; the run is followed no longer."""
        done = checkpoint.steps(self.shelf.folder(run))
        return [False, *self._drawn(str(run), done, int(step), None), (run, tuple(done), None)]

    def _drawn(self, run: str, done: list[int], number: int, now: Players | None) -> list[Any]:
        """What stands at a checkpoint, or as the run is now, in words and two pictures."""
        folder, at = self.shelf.folder(run), done[min(max(number, 1), len(done)) - 1]
        batch = _reals(folder, self.shelf.trusted)
        found = now or players(folder, at, self.shelf.trusted)
        said = f"Step {found.step:,}, {'as it trains' if now else 'a checkpoint'}."
        if found.model.manifest.spec.shape == (2,):
            return [said, gr.Image(value=plane(found, batch)), gr.Image(visible=False)]
        before = spread([step for step in done if step <= at], ROWS - bool(now))
        rows = [_logits(folder, step, self.shelf.trusted) for step in before]
        maps = len(found.model.manifest.spec.shape) == 3
        looked = looks(found, batch) if maps else None
        return [
            said,
            gr.Image(value=histograms([*rows, logits(now, batch)] if now else rows)),
            gr.Image(value=looked, visible=looked is not None),
        ]


def _logits(folder: Path, step: int, trusted: tuple[str, ...]) -> Logits:
    """Those at a checkpoint, worked out once."""
    when = (folder / "checkpoint" / f"step-{step:08d}").stat().st_mtime_ns
    return _logits_of(folder, step, trusted, when)


@functools.lru_cache(maxsize=64)
def _logits_of(folder: Path, step: int, trusted: tuple[str, ...], when: int) -> Logits:
    return logits(players(folder, step, trusted), _reals(folder, trusted))


@functools.lru_cache(maxsize=4)
def _reals(folder: Path, trusted: tuple[str, ...]) -> Batch:
    """Real samples of the run's own data, read once."""
    model = players(folder, None, trusted).model
    count = POINTS if model.manifest.spec.shape == (2,) else PICTURES
    return reals_of(model, data_of(model, trusted=trusted), count)
