"""How far a run is, read off its folder: in words, as curves, and by its newest samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.studio import jobs
from sparring.training import checkpoint, log
from sparring.verbs.kept import kept_in
from sparring.verbs.report import curves, health, page, pictures
from sparring.verbs.report.sections import duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CSS = (
    "--ink: var(--body-text-color); --soft: var(--body-text-color-subdued);"
    "--card: var(--block-background-fill); --rule: var(--border-color-primary);"
    "--good: #1f8a5b; --bad: #c2571a;"
) + page.STYLE.replace("\\", "\\\\")
"""The report's own style in the page's colours; Gradio reads it as a template, with escapes."""
LIVE = ("Losses", "How often the discriminator is right", "Mean logits of the discriminator")
"""Charts that are drawn while a run trains; all of them are drawn when it has ended."""


def state(place: Path, name: str) -> str:
    """What the run is doing, in a word or a sentence."""
    folder, alive = place / name, jobs.training(place, name)
    if not (folder / "recipe.json").is_file():
        words = jobs.last_words(place, name)
        return "reading data" if alive else f"it did not start: {words}" if words else "no run"
    if alive:
        return "training"
    if ended(folder):
        return "finished"
    words = jobs.last_words(place, name)
    return f"it ended early: {words}" if words else "stopped; it can go on"


def ended(folder: Path) -> bool:
    """Whether the run has spent its budget."""
    try:
        sitting = Manifest.read(folder).sitting
    except InputError:
        return False
    reached = checkpoint.reached(folder)
    steps, minutes = sitting.get("steps"), sitting.get("minutes")
    done = steps and reached.step >= steps
    return bool(done or (minutes and reached.seconds >= 60 * minutes))


def facts(folder: Path, said: str) -> str:
    """Headline figures of a run as HTML: state, steps, speed, time left."""
    lines = log.read(folder / "log.jsonl")
    last: Mapping[str, Any] = next((line for line in reversed(lines) if "images" in line), {})
    speed = last.get("images_per_second")
    values = {
        "state": said.partition(":")[0],
        "step": f"{last.get('step', 0):,}",
        "samples/s": f"{speed:,.0f}" if speed else "-",
        "trained": duration(float(last.get("seconds", 0.0))),
        "left": _left(folder, last) if said == "training" else "-",
    }
    return page.facts(values) + (page.paragraph(said) if ":" in said else "")


def _left(folder: Path, last: Mapping[str, Any]) -> str:
    """The time to the end of the budget, at the pace so far."""
    try:
        sitting = Manifest.read(folder).sitting
    except InputError:
        return "-"
    seconds, step = float(last.get("seconds", 0.0)), int(last.get("step", 0))
    if sitting.get("minutes"):
        return duration(max(60.0 * sitting["minutes"] - seconds, 0.0))
    if not sitting.get("steps") or not step:
        return "-"
    return duration(max(sitting["steps"] - step, 0) * seconds / step)


def drawn(folder: Path, live: bool) -> str:
    """The run's health in words and its curves, as HTML."""
    lines = log.read(folder / "log.jsonl")
    if not lines:
        return page.paragraph("The first line of the log is still to come.")
    wanted = [chart for chart in curves.CHARTS if not live or chart.title in LIVE]
    cards = [page.chart(chart.title, svg) for chart, svg in curves.drawn(lines, wanted)]
    return page.notes(health.notes(lines, None if live else kept_in(folder))) + page.charts(cards)


def newest(folder: Path) -> Image.Image | None:
    """The last picture of samples that the run saved."""
    saved = pictures.saved(folder / "samples")
    if not saved:
        return None
    with Image.open(saved[-1]) as shown:
        return shown.copy()


def beside(folders: Sequence[Path]) -> str:
    """The same curves of several runs, by their names."""
    logs = {folder.name: log.read(folder / "log.jsonl") for folder in folders}
    return page.charts([page.chart(title, svg) for title, svg in curves.compared(logs)])
