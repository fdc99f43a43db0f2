"""Train: choose recipe, data and budget; watch, stop and resume an ordinary run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import gradio as gr

from sparring.core.errors import InputError
from sparring.data import check, packs
from sparring.data.kinds import kinds
from sparring.recipes import recipe_functions, recipe_named
from sparring.studio import jobs, progress
from sparring.studio.showing import QUIET, told

if TYPE_CHECKING:
    from sparring.data.checks import CheckReport
    from sparring.studio.shelf import Shelf

TITLE = "Train"
TICK = 2.0
"""Seconds between two looks at a run."""
KEPT = 20
"""Checkpoints of a run, evenly spread: what Look inside goes back through."""
BY_MINUTES, BY_STEPS = "minutes", "steps"


def build(shelf: Shelf, tab: gr.Tab) -> None:
    """Fill the tab."""
    acts = _Acts(shelf)
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            form = [_, data, *_] = _form()
            with gr.Row():
                doctor = gr.Button("Check data", min_width=120, elem_id="doctor")
                go = gr.Button("Train", variant="primary", min_width=120, elem_id="train")
            found = gr.Textbox(
                label="Data doctor",
                lines=6,
                max_lines=14,
                interactive=False,
                elem_id="found",
                elem_classes="plain",
            )
        with gr.Column(scale=3, min_width=380):
            with gr.Row():
                run = gr.Dropdown(acts.runs(), value=acts.newest(), label="Run", elem_id="run")
                stop = gr.Button("Stop and save", min_width=120, elem_id="stop")
                more = gr.Number(0, label="Until minute (0: as begun)", minimum=0, min_width=120)
                again = gr.Button("Resume", min_width=120, elem_id="resume")
            facts = gr.HTML(css_template=progress.CSS, elem_id="facts")
            grid = gr.Image(
                label="The same latents, over time",
                format="png",
                interactive=False,
                height=360,
                buttons=["fullscreen"],
                elem_classes="pixels",
            )
            curves = gr.HTML(css_template=progress.CSS, elem_id="curves")
    seen, clock = gr.State(None), gr.Timer(TICK)
    doctor.click(told(acts.examine), form, found)
    data.change(lambda: "", None, found, **QUIET)
    go.click(told(acts.begin), [*form, found], [found, run])
    watched = [facts, grid, curves, seen]
    gr.on([clock.tick, run.change, tab.select], told(acts.watch), [run, seen], watched, **QUIET)
    tab.select(acts.again, run, run, **QUIET)
    stop.click(told(acts.stop), run, None, **QUIET)
    again.click(told(acts.resume), [run, more], None, **QUIET)


def _form() -> list[Any]:
    """Recipe, data, name, budget and its unit, batch, size, labels, further flags."""
    toys = [toy for kind in kinds() for toy in kind.toys]
    known = [*(pack.name for pack in packs()), *toys]
    with gr.Row():
        recipe = gr.Dropdown([*recipe_functions()], value="r3", label="Recipe", min_width=110)
        data = gr.Dropdown(
            known,
            value="digits",
            label="Data",
            info="or a folder's path",
            allow_custom_value=True,
            min_width=110,
            elem_id="data",
        )
    with gr.Row():
        budget = gr.Number(2, minimum=0.01, label="Budget", min_width=80, elem_id="budget")
        unit = gr.Radio([BY_MINUTES, BY_STEPS], value=BY_MINUTES, label="in", min_width=140)
    name = gr.Textbox(label="Name", placeholder="recipe-data", elem_id="name")
    with gr.Accordion("More", open=False):
        batch = gr.Number(0, precision=0, minimum=0, label="Batch", info="0: the recipe's own")
        size = gr.Number(0, precision=0, minimum=0, label="Side in px", info="0: as they are")
        labels = gr.Checkbox(label="Tell it the labels")
        flags = gr.Textbox(label="Further flags", placeholder="--lr 0.001", elem_id="flags")
    return [recipe, data, name, budget, unit, batch, size, labels, flags]


class _Acts:
    """What the page does in the shelf's folder."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.place = shelf, shelf.place

    def runs(self) -> list[str]:
        """Runs that can be watched: those with a log, and those being begun."""
        logged = [path.parent.name for path in sorted(self.place.glob("*/log.jsonl"))]
        return list(dict.fromkeys([*logged, *jobs.begun(self.place)]))

    def newest(self) -> str | None:
        """The run that was begun last."""
        begun = jobs.begun(self.place) or self.runs()
        return begun[-1] if begun else None

    def again(self, chosen: str | None) -> Any:
        """The list as it is now."""
        known = self.runs()
        return gr.Dropdown(choices=known, value=chosen if chosen in known else self.newest())

    def examine(self, recipe: str, data: str, *rest: Any) -> str:
        """The data doctor's report."""
        return "\n".join(_examined(recipe, data, *rest).lines())

    def begin(self, *given: Any) -> list[Any]:
        """Start the run, once the data doctor has nothing against it."""
        recipe, data, name, *rest, found = given
        if not found:
            report = _examined(recipe, data, name, *rest)
            if not report.ok:
                raise InputError(report.errors[0])
            found = "\n".join(report.lines())
        words = str(data).rstrip("/").rpartition("/")[2].replace(":", "-")
        run = jobs.checked_name(self.place, name or self._free(f"{recipe}-{words}"))
        jobs.begin(self.place, run, [*_command(recipe, data, *rest), "--run", self._path(run)])
        return [found, gr.Dropdown(choices=self.runs(), value=run)]

    def watch(self, run: str | None, seen: Any) -> list[Any]:
        """Figures each time; samples and curves where the run's folder has changed."""
        if not run:
            return [gr.skip()] * 4
        folder = self.shelf.place / jobs.checked_word(run)
        said = progress.state(self.place, run)
        mark = (run, said, _changed(folder / "log.jsonl"), _changed(folder / "samples"))
        if mark == seen:
            return [gr.skip()] * 4
        live = said == "training"
        picture, words = progress.newest(folder), progress.drawn(folder, live)
        return [progress.facts(folder, said), picture, words, mark]

    def stop(self, run: str | None) -> None:
        """Ask it to save and end."""
        jobs.stop(self.place, run or "")
        gr.Info(f"{run} saves its state and ends.")

    def resume(self, run: str | None, minutes: float | None) -> None:
        """Go on as if it had never stopped."""
        self.shelf.folder(run)
        longer = ["--minutes", f"{minutes:g}"] if minutes else []
        jobs.begin(self.place, str(run), ["resume", self._path(str(run)), "--quiet", *longer])

    def _path(self, run: str) -> str:
        return str(self.place / run)

    def _free(self, name: str) -> str:
        """The name, or the first one like it that no run has."""
        taken, number = self.runs(), 2
        free = name
        while free in taken or (self.place / free).exists():
            free, number = f"{name}-{number}", number + 1
        return free


def _examined(recipe: str, data: str, *rest: Any) -> CheckReport:
    _, _, _, batch, size, *_ = rest
    options: dict[str, Any] = {"size": int(size)} if size else {}
    return check(data, batch=int(batch or recipe_named(recipe).batch), **options)


def _command(
    recipe: str,
    data: str,
    budget: float,
    unit: str,
    batch: float | None,
    size: float | None,
    labels: bool,
    flags: str,
) -> list[str]:
    """The words of `sparring train` for what the form says."""
    if not budget or budget <= 0:
        raise InputError("a budget is a number above 0.")
    by_steps = unit == BY_STEPS
    length = str(max(round(budget), 1)) if by_steps else f"{budget:g}"
    every = str(max(round(budget / KEPT), 1)) if by_steps else f"{budget / KEPT:g}min"
    words = ["train", recipe, "--data", data, f"--{unit}", length, "--quiet"]
    words += ["--keep", str(KEPT), "--checkpoint-every", every]
    words += ["--batch", str(int(batch))] if batch else []
    words += ["--size", str(int(size))] if size else []
    words += ["--conditional"] if labels else []
    try:
        return [*words, *shlex.split(flags or "")]
    except ValueError as error:
        raise InputError(f"the further flags cannot be read: {error}.") from error


def _changed(path: Any) -> int:
    try:
        return int(path.stat().st_mtime_ns)
    except OSError:
        return 0
