"""What stands on the page, section by section; each says nothing where it has nothing to say."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.data.given import MARK
from sparring.domains.embedding import img
from sparring.verbs.report import curves, health, page, pictures
from sparring.verbs.usage import usage

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.data import Dataset

Log = Sequence[Mapping[str, float]]

GRIDS = 5
"""Sample grids shown on the way to the last one."""
ASKED = 8
"""Samples whose neighbours are shown."""
NEIGHBOURS = 5
SEARCHED = 20_000
"""Training items among which neighbours are sought."""
EDITS = 6
"""Directions that are shown."""


def head(manifest: Manifest, lines: Log, run: Path) -> str:
    """What was trained on what, for how long, how fast."""
    from sparring.training import checkpoint

    last = checkpoint.reached(run)
    data = manifest.data
    facts = {
        "recipe": manifest.recipe.name,
        "data": str(data.get("name", data.get("address", "?"))),
        "steps": f"{last.step:,}",
        "real samples seen": f"{last.images:,}",
        "training time": duration(last.seconds),
        "samples/s": f"{speed:,.0f}" if (speed := health.mean(lines, "images_per_second")) else "?",
        "sample shape": " x ".join(map(str, manifest.spec.shape)),
        "seed": str(manifest.seed),
    }
    title = f"<h1>{escape(manifest.recipe.name)} on {escape(facts['data'])}</h1>"
    return title + page.paragraph(f"Run {run}") + page.facts(facts)


def words(lines: Log, kept: Mapping[str, Any] | None = None) -> str:
    """Observations on the log and on the scores that are kept."""
    from sparring.metrics.scores import Scores

    scores = Scores.from_json(kept) if kept else None
    return page.section("How it went, in words", page.notes(health.notes(lines, scores)))


def training(lines: Log) -> str:
    """Curves of the log."""
    if not lines:
        return page.section("Training", page.paragraph("This run has no log yet."))
    cards = [page.chart(chart.title, svg, chart.note) for chart, svg in curves.drawn(lines)]
    steady = [f"{name} {value:g}" for name, value in curves.constants(lines).items()]
    said = page.paragraph(f"Constant throughout: {', '.join(steady)}.") if steady else ""
    return page.section("Curves", page.charts(cards), said)


def samples(run: Path, model: Model | None, count: int = 64) -> str:
    """The final samples, large, and the same latents on the way there."""
    saved = pictures.saved(run / "samples")
    parts = []
    translates = model is not None and "translate" in model.task.abilities
    if model is not None and not translates:
        final = model.sample(count, seed=model.manifest.seed)
        words = f"{count} samples of the final model, seed {model.manifest.seed}, not chosen."
        parts.append(page.figure(model.domain.embed(final), words, "large"))
    shown = [
        page.figure(img(path), f"step {pictures.step_of(path):,}")
        for path in pictures.spread(saved, GRIDS)
    ]
    if len(shown) > 1:
        same = "items" if translates else "latents"
        parts += [page.paragraph(f"The same {same}, over time:"), page.strip(shown)]
    return page.section("Samples", *parts)


def real(model: Model, dataset: Dataset, count: int = 64) -> str:
    """Real items, in the same form as the samples."""
    from sparring.verbs.reals import reals_of

    batch = reals_of(model, dataset, count)
    words = f"{len(batch.real)} real held-out items, to compare with."
    shown = model.domain.embed(batch.real)
    return page.section("Real data", page.figure(shown, words, "medium"))


def strip(model: Model, dataset: Dataset) -> str:
    """For models that make samples from sources: held-out items given, made and true."""
    from sparring.verbs.reals import reals_of
    from sparring.verbs.strips import COUNT, rows

    found = rows(model, reals_of(model, dataset, COUNT))
    what = "what was made of it, the truth"
    if "alter" in model.task.abilities:
        what = "and the same asked for one value after the other"
    words = f"{COUNT} held-out items, not chosen: what was given, {what}."
    shown = [
        page.figure(row.domain.embed(row.samples, len(row.samples)), row.name, "large")
        for row in found
    ]
    return page.section("Held-out items", page.paragraph(words), *shown)


def sentences(model: Model, dataset: Dataset) -> str:
    """For models that are told sentences: held-out ones over what was made of them."""
    import torch

    from sparring.artifact.conditions import takes_text
    from sparring.core.streams import latents
    from sparring.verbs.reals import items_of

    words = dataset.words
    if not words or not takes_text(model.manifest):
        return ""
    items = items_of(model, dataset, ASKED)
    real, tokens = items["sample"], items["tokens"].tolist()
    latent = latents(model.manifest.seed, range(len(real)), model.manifest.spec.latent)
    made = model.generate(latent, model.task.known(items))
    shown = [
        page.figure(
            model.domain.embed(torch.stack(pair), 2),
            " ".join(words[number] for number in row if number >= 0),
        )
        for pair, row in zip(zip(made, real, strict=True), tokens, strict=True)
    ]
    said = "Held-out sentences, not chosen: what was made of each, and the true picture."
    return page.section("Sentences", page.paragraph(said), page.strip(shown))


def neighbours(model: Model, dataset: Dataset) -> str:
    """Samples beside the nearest training items: is anything copied?"""
    import torch

    from sparring.metrics.distances import nearest
    from sparring.verbs.reals import encoded, training_items
    from sparring.verbs.shares import read

    if not model.domain.grid or not dataset.count:
        return ""
    try:
        reader = model.domain.judging(dataset.name).extractor()
    except InputError as error:  # a page without neighbours is no reason to stop
        return page.section("Nearest training neighbours", page.paragraph(str(error)))
    asked = model.sample(ASKED, seed=model.manifest.seed)
    known, _ = read(encoded(dataset, dataset.train, SEARCHED), reader)
    found, _ = nearest(reader.features(asked), known.features, NEIGHBOURS)
    rows = []
    for sample, indices in zip(asked, found, strict=True):
        rows += [sample[None], next(training_items(model, dataset, indices.cpu()))]
    shown = model.domain.embed(torch.cat(rows), NEIGHBOURS + 1)
    searched = min(dataset.count or 0, SEARCHED)
    words = (
        f"First in each row a sample, then its {NEIGHBOURS} nearest among {searched:,} training "
        f"items, by the features of {reader.name}. A twin in every row would mean copying."
    )
    return page.section("Nearest training neighbours", page.figure(shown, words, "medium"))


def edits(folder: Path, model: Model) -> str:
    """The clearest of a run's directions, where some were found: samples edited more and more."""
    from sparring.artifact import named
    from sparring.verbs.editing.directions import STEPS, along

    place = named.beside(folder)
    if not place.exists():
        return ""
    try:
        found = named.read(place, model)
    except InputError as error:
        return page.section("Edits", page.paragraph(str(error)))
    clearest = sorted(found.ways, key=lambda name: (-found.quality.get(name, 0.0), name))[:EDITS]
    shown = [
        page.figure(model.domain.embed(along(model, found, name), len(STEPS)), name)
        for name in clearest
    ]
    words = (
        f"Each row is a sample, at strengths from {STEPS[0]:+.0f} to {STEPS[-1]:+.0f} deviations "
        "along a direction; as it is in the middle."
    )
    return page.section("Edits", page.paragraph(words), page.strip(shown))


def latent_space(model: Model, dataset: Dataset | None) -> str:
    """For an autoencoder: inputs beside what came of them, and the map of a 2-number latent."""
    if "reconstruct" not in model.game.doors:
        return ""
    parts = [_rebuilt(model, dataset)] if dataset is not None else []
    if model.manifest.spec.latent == 2 and model.domain.grid:
        shown = model.domain.embed(pictures.latent_map(model), 15)
        words = "The whole latent space, from its 2nd to its 98th percentile in each direction."
        parts.append(page.figure(shown, words, "medium"))
    return page.section("Latent space", *parts)


def _rebuilt(model: Model, dataset: Dataset, count: int = 32) -> str:
    import torch

    from sparring.verbs.reals import reals_of

    batch = reals_of(model, dataset, count)
    rebuilt = model.reconstruct(batch.real, batch.condition)
    pairs = torch.stack([batch.real, rebuilt], dim=1).flatten(0, 1)
    words = "Held-out items, each beside its reconstruction on the right."
    return page.figure(model.domain.embed(pairs, 8), words, "medium")


def scores(kept: Mapping[str, Any]) -> str:
    """The scores with their intervals and the floor, and the labels' shares."""
    from sparring.metrics.scores import HEADER, Scores
    from sparring.verbs.kept import told

    found = Scores.from_json(kept)
    shares = [
        (name, f"{real:.1%}", f"{fake:.1%}") for name, (real, fake) in found.histogram.items()
    ]
    labels = page.table(("label", "of real", "of samples"), shares) if shares else ""
    return page.section(
        "Scores",
        page.table(HEADER, found.table(), told(found)),
        page.table(*found.comparison(), "The same conditions for all.") if found.others else "",
        page.folded("Labels", labels) if labels else "",
    )


def recipe(manifest: Manifest, run: Path) -> str:
    """How to do it again: commands, recipe, data and versions."""
    data = {k: v for k, v in manifest.data.items() if v not in (None, "", {}, [])}
    rows = [(str(name), _said(value)) for name, value in data.items()]
    versions = [(f"{name}", version) for name, version in manifest.versions.items()]
    written = json.dumps(manifest.recipe.to_json(), indent=2)
    return page.section(
        "To do it again",
        page.code(commands(manifest, run)),
        page.folded("Recipe", page.code(written)),
        page.folded("Data", page.table(("fact", "value"), rows)),
        page.folded("Versions", page.table(("package", "version"), versions)),
    )


def commands(manifest: Manifest, run: Path) -> str:
    """Shell and Python lines that sample, score, go on with and repeat the run."""
    place, sitting = shlex.quote(str(run)), manifest.sitting
    length = "".join(f", {n}={sitting[n]}" for n in ("steps", "minutes") if sitting.get(n))
    source, packages = _source(manifest), manifest.trusted()
    trust = "".join(f" --trust {package}" for package in packages)
    trusted = f", trusted={packages!r}" if packages else ""
    own = (
        [f"# The run's own command line:\n{sitting['command']}\n"] if sitting.get("command") else []
    )
    return "\n".join(
        (
            *own,
            f"sparring {usage(manifest, place)}{trust}",
            f"sparring evaluate {place}{trust}",
            f"sparring resume {place}{trust}",
            "",
            "# The same run again, in Python:",
            "import sparring",
            f"recipe = sparring.Model.load({str(run)!r}{trusted}).manifest.recipe",
            f"sparring.train(recipe, {source}, {str(run) + '-again'!r}{length}"
            f"{_reading(sitting)}, seed={manifest.seed}{trusted})",
        )
    )


def _source(manifest: Manifest) -> str:
    """The data of a run, as Python is told them."""
    address = str(manifest.data.get("address", "DATA"))
    return "data" if address.startswith(MARK) else repr(address)


def duration(seconds: float) -> str:
    """Seconds in words: "42 s", "3 min 20 s", "5 h 12 min"."""
    if not math.isfinite(seconds) or seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _reading(sitting: Mapping[str, Any]) -> str:
    """How the data were read, as further arguments of train."""
    options = {n: v for n, v in (sitting.get("reading") or {}).items() if v}
    return "".join(f", {name}={value!r}" for name, value in options.items())


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
