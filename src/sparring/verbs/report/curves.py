"""Curves of a run's log as inline SVG that takes the page's colours, light or dark."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Log = Sequence[Mapping[str, float]]

INK, RULE = "#123456", "#123457"
"""Stand-ins that are exchanged for the page's own text and line colours."""
COLOURS = ("#2a78c8", "#e0742c", "#2c9c6a", "#b84a9c", "#8a78d8", "#a08a28")
"""Readable on white and on near-black."""
WIDTH, HEIGHT, ROW = 4.6, 2.5, 0.19
"""Inches: of a chart, and of one row of names below it."""
NAMES = 2
"""In a row; three of a part's name would not fit."""
POINTS = 400
"""More than so many are averaged in blocks, which keeps the page small."""


class Chart(NamedTuple):
    """One small chart: which lines of the log, and how they are drawn."""

    title: str
    keys: tuple[str, ...]
    """Names in the log; one that ends in / stands for all below it."""
    note: str = ""
    log: bool = False
    limits: tuple[float, float] | None = None


CHARTS = (
    Chart("Losses", ("loss/",), "What each player pays in all."),
    Chart(
        "How often the discriminator is right",
        ("accuracy/",),
        "Near 1 on both for long: the generator learns little. Near 0.5: it is fooled.",
        limits=(0.0, 1.02),
    ),
    Chart(
        "Mean logits of the discriminator",
        ("logits/",),
        "The gap is what it sees between real and fake.",
    ),
    Chart(
        "Costs of the parts",
        ("discriminator/", "generator/", "autoencoder/"),
        "What each loss and penalty adds to its player's whole cost, weights included.",
        log=True,
    ),
    Chart("Penalty share", ("penalty_share/",), "Of the player's whole cost.", limits=(0, 1.02)),
    Chart(
        "Gradient norms",
        ("gradient_norm/",),
        "How hard each player is pushed; a spike is a step that nearly went wrong.",
        log=True,
    ),
    Chart("Learning rates", ("learning_rate/",), "As the schedule set them."),
    Chart("Augmentation", ("augmentation",), "Probability of each operation.", limits=(0, 1.02)),
    Chart("EMA half-life", ("ema_half_life",), "Samples after which an old weight counts half."),
    Chart("Spread of latents", ("latent/",), "Near 0: the latent carries nothing."),
    Chart("Score while training", ("score",), "Lower is better."),
    Chart("Samples per second", ("images_per_second",), "Real samples that all players saw."),
)


COMPARED = {
    "The generator's loss": "loss/generator",
    "The discriminator's loss": "loss/discriminator",
    "Right on real samples": "accuracy/real",
    "Right on made samples": "accuracy/fake",
    "Score while training": "score",
    "Samples per second": "images_per_second",
}
"""Title -> the one number whose curves stand together where runs are compared."""


def drawn(lines: Log, charts: Sequence[Chart] = CHARTS) -> list[tuple[Chart, str]]:
    """Those of the charts that the log has numbers for, with their SVG."""
    found = []
    for chart in charts:
        series = {name: points(lines, name) for name in _names(lines, chart)}
        series = {name: xy for name, xy in series.items() if any(xy[1])}
        if any(len(set(y)) > 1 for _, y in series.values()):
            found.append((chart, _svg(chart, series)))
    return found


def compared(logs: Mapping[str, Log]) -> list[tuple[str, str]]:
    """Title and SVG of each number of COMPARED that any of the named logs has."""
    found = []
    for title, key in COMPARED.items():
        series = {name: points(lines, key) for name, lines in logs.items()}
        series = {name: xy for name, xy in series.items() if xy[1]}
        if series:
            found.append((title, _svg(Chart(title, (key,)), series)))
    return found


def constants(lines: Log) -> dict[str, float]:
    """Names in the charts whose value never changed, and that value."""
    found = {}
    for name in (name for chart in CHARTS for name in _names(lines, chart)):
        values = set(points(lines, name)[1])
        if len(values) == 1 and (value := values.pop()):
            found[name.replace("/", " of ").replace("_", " ")] = value
    return found


def points(lines: Log, name: str) -> tuple[list[float], list[float]]:
    """Steps and finite values of one name, averaged in blocks where there are too many."""
    pairs = [
        (line["step"], line[name]) for line in lines if math.isfinite(line.get(name, math.nan))
    ]
    block = math.ceil(len(pairs) / POINTS) or 1
    blocks = [pairs[i : i + block] for i in range(0, len(pairs), block)]
    means = [tuple(sum(column) / len(b) for column in zip(*b, strict=True)) for b in blocks]
    return [x for x, _ in means], [y for _, y in means]


def _names(lines: Log, chart: Chart) -> list[str]:
    known: dict[str, None] = {}
    for line in lines:
        known.update(dict.fromkeys(line))
    return [
        name
        for key in chart.keys
        for name in known
        if name == key or (key.endswith("/") and name.startswith(key))
    ]


def _svg(chart: Chart, series: Mapping[str, tuple[list[float], list[float]]]) -> str:
    return _written(figure_of(chart, series), chart.title)


def figure_of(chart: Chart, series: Mapping[str, tuple[list[float], list[float]]]) -> Any:
    """The chart with its curves, and their names below it, where they hide nothing."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    rows = math.ceil(len(series) / NAMES) if len(series) > 1 else 0
    figure = Figure(figsize=(WIDTH, HEIGHT + ROW * rows), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    many = len({name.rpartition("/")[2] for name in series}) < len(series)
    for (name, (x, y)), colour in zip(series.items(), COLOURS * 3, strict=False):
        label = (name.replace("/", " ") if many else name.rpartition("/")[2]).replace("_", " ")
        axes.plot(x, y, color=colour, linewidth=1.5, label=label, marker="." if len(x) < 3 else "")
    if chart.log and all(value > 0 for _, y in series.values() for value in y):
        axes.set_yscale("log")
    if chart.limits:
        axes.set_ylim(*chart.limits)
    _style(axes)
    if rows:
        figure.legend(
            loc="outside lower center", ncols=NAMES, frameon=False, fontsize=8, labelcolor=INK
        )
    return figure


def _style(axes: Any) -> None:
    axes.grid(color=RULE, linewidth=0.6)
    axes.tick_params(which="both", colors=INK, labelsize=8, length=0)
    axes.set_xlabel("step", color=INK, fontsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _written(figure: Any, title: str) -> str:
    from matplotlib import rc_context

    target = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None})
    svg = target.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    return svg.replace(INK, "currentColor").replace(RULE, "var(--rule)")
