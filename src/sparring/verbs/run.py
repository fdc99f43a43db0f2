"""The verbs train and resume; the command line and Python call these same ones."""

from __future__ import annotations

import functools
import math
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sparring.artifact.manifest import Manifest, versions
from sparring.artifact.model import Model
from sparring.core.device import speaks
from sparring.core.errors import InputError, shown
from sparring.core.ranges import Seed
from sparring.core.ranges import check as check_value
from sparring.core.recipe import Recipe
from sparring.core.storage import writable_folder
from sparring.core.types import Batch
from sparring.data import Dataset, load
from sparring.data import check as check_items
from sparring.data.items import encode
from sparring.data.options import remembered
from sparring.recipes import recipe_named
from sparring.training.budget import Budget, Intervals
from sparring.training.engine import Engine
from sparring.training.initial import Initial, read_initial
from sparring.training.loop import Loop, Show
from sparring.training.step import Draw
from sparring.verbs import check
from sparring.verbs.evaluate import scorer
from sparring.verbs.fitting import grouped, rank_of, seen, spec_of
from sparring.verbs.limits import (
    check_length,
    check_resumable,
    check_trackers,
    check_values,
)
from sparring.verbs.reading import apart, read_once
from sparring.verbs.reals import reals_of
from sparring.verbs.strips import COUNT, write_strip

EXAMPLES = 16
"""Items whose conditions a model keeps, to be sampled with."""
SMALL = 64
"""Samples of fewer numbers are trained in fp32 unless told otherwise."""


def train(
    recipe: Recipe | str | Callable[[int], Recipe],
    data: Any,
    run: str | Path,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    intervals: Intervals | None = None,
    overwrite: bool = False,
    track: Sequence[str] = (),
    quiet: bool = False,
    trusted: Sequence[str] = (),
    initial: str | Path | None = None,
    command: str | None = None,
    **reading: Any,
) -> Model:
    """Train a recipe on data in a new run folder; the trained model is returned.

    Args:
        recipe: a Recipe, the name of one of `sparring recipes`, or what makes one from the rank of
            the data (0 points, 1 sound, 2 pictures, 3 volumes).
        data: whatever `sparring.load_data` reads: an address, a Path, an array, a list of
            pictures, a Dataset of its own, of torch's or of Hugging Face's.
        run: the folder to make.
        steps: train so many steps; the recipe's own number if neither this nor minutes is given.
        minutes: train for so many minutes; schedules last as many images as the first steps'
            speed lets expect.
        batch: real samples a turn, over all processes.
        seed: every random number of the run follows from it.
        settings: dotted settings for `Recipe.override`.
        intervals: when to log, sample, score and checkpoint.
        overwrite: replace a run that is there already.
        track: tensorboard, wandb or trackio.
        quiet: no progress bar.
        trusted: packages that read data of kinds of their own, as in `sparring.load_data`.
        initial: a run, checkpoint or model whose weights the networks start from (fine-tuning):
            averaged ones where there are such, and the discriminator's of a run or checkpoint.
        command: the command line, where it came from one; the run keeps it for the report.
        reading: options of `sparring.load_data`: those of the kind of data, such as size, fit,
            channels, rate, seconds; and pairs, kind, range, skip_broken, dedupe, held_out,
            streaming.

    Raises:
        InputError: recipe, data, folder or machine do not fit; nothing was written then.
    """
    make = _maker(recipe)
    check_length(steps, minutes)
    check_value("seed", seed, Seed)
    check_trackers(track)
    folder = Path(run)
    _check_free(folder, overwrite)
    options = remembered(reading, trusted)
    if isinstance(data, Dataset) and options:
        raise InputError(f"a Dataset is read already; give {', '.join(options)} to load_data.")

    def fitting(dataset: Dataset) -> Recipe:
        made = grouped(make(rank_of(dataset)), dataset).override(settings or {})
        return made if batch is None else made.replace(batch=batch)

    def read() -> Dataset:
        found = load(data, **options, trusted=trusted)
        wanted = fitting(found)
        check_values(wanted)
        check.check_data(wanted, seen(wanted, found))
        _survey(seen(wanted, found), wanted, quiet)
        return found

    each = apart(data, bool(options.get("streaming")))
    dataset = read_once(Engine("fp32"), read, apart=each)
    chosen = fitting(dataset)
    dataset = seen(chosen, dataset)
    budget = Budget(steps=steps, minutes=minutes)
    if steps is None and minutes is None:
        budget = Budget(steps=chosen.steps)
    sitting = {**asdict(budget), "images": None, "intervals": asdict(intervals or Intervals())}
    sitting |= {"reading": options, "track": list(track), "command": command, "initial": None}
    manifest = plan(chosen, dataset, seed)
    engine = Engine(precision_for(manifest), track, folder)
    manifest = check.shared_out(manifest, engine)
    sitting["images"] = budget.steps * manifest.recipe.images_a_step if budget.steps else None
    manifest = replace(manifest, sitting=sitting)
    with engine.together(folder):
        check.check_run(manifest, engine.world, engine.beside)
        origin = read_initial(Path(initial), manifest, trusted) if initial is not None else None
        if origin is not None:
            manifest = replace(manifest, sitting={**sitting, "initial": origin.facts})
        if engine.main:
            writable_folder(folder.parent)  # before a run that is there already is given up
            if folder.exists():
                shutil.rmtree(folder)
            writable_folder(folder)
            manifest.write(folder)
        engine.wait()
    return _sit(manifest, dataset, folder, engine, budget, quiet=quiet, origin=origin)


def resume(
    run: str | Path,
    *,
    data: Any = None,
    steps: int | None = None,
    minutes: float | None = None,
    stretch: bool = False,
    quiet: bool = False,
    trusted: Sequence[str] = (),
) -> Model:
    """Go on with a run from its last whole checkpoint, exactly as if it had never stopped.

    Args:
        run: the run's folder.
        data: the same data in another place, or the data themselves, where they were handed over.
        steps: a new end, counted from the run's start; its own if neither is given.
        minutes: a new budget, counted from the run's start.
        stretch: draw the schedules out over the new length, which else stay at their end.
        quiet: no progress bar.
        trusted: packages besides sparring that it may call, and that read its data.

    Raises:
        InputError: no run there, damaged, from a newer version, or its data has changed.
    """
    check_length(steps, minutes)
    folder = Path(run)
    manifest = Manifest.read(folder, trusted)
    check_resumable(manifest, folder)
    each = apart(data, bool(manifest.sitting["reading"].get("streaming")))

    read = functools.partial(_again, manifest, folder, data, trusted)
    dataset = seen(manifest.recipe, read_once(Engine("fp32"), read, apart=each))
    manifest = replace(manifest, data={**manifest.data, "address": dataset.address})
    former = Budget(steps=manifest.sitting["steps"], minutes=manifest.sitting["minutes"])
    given = steps is not None or minutes is not None
    budget = Budget(steps=steps, minutes=minutes) if given else former
    engine = Engine(precision_for(manifest), manifest.sitting["track"], folder)
    manifest = check.shared_out(manifest, engine)
    with engine.together(folder):
        check.check_run(manifest, engine.world, engine.beside)
    going = _longer(manifest, budget, stretch)
    if engine.main:
        print(_fate(going, former, budget, stretch), end="", file=sys.stderr)
    return _sit(going, dataset, folder, engine, budget, quiet=quiet, again=True, stretch=stretch)


def _longer(manifest: Manifest, budget: Budget, stretch: bool) -> Manifest:
    """The manifest of a run with another end; a length in steps is known at once."""
    sitting = {**manifest.sitting, **asdict(budget)}
    if budget.steps and (stretch or not sitting["images"]):
        sitting["images"] = budget.steps * manifest.recipe.images_a_step
    return replace(manifest, sitting=sitting)


def _fate(manifest: Manifest, former: Budget, budget: Budget, stretch: bool) -> str:
    """A line on what becomes of rates beyond the length that schedules were made for, if any."""
    images, a_step = manifest.sitting["images"], manifest.recipe.images_a_step
    more_steps = images and budget.steps and budget.steps * a_step > images
    more_minutes = images and budget.minutes and budget.minutes > (former.minutes or 0.0)
    if stretch or not manifest.recipe.follows_length or not (more_steps or more_minutes):
        return ""
    return (
        f"learning rates and other schedules end at {images:,} images, as the run was begun, and "
        "stay as they are then; --stretch draws them out over the new length.\n"
    )


def plan(recipe: Recipe, dataset: Dataset, seed: int = 0) -> Manifest:
    """All that a run of the recipe on the data will be built from."""
    conditions = recipe.task.build().conditions
    return Manifest(
        recipe=recipe,
        domain=dataset.domain,
        spec=spec_of(recipe, dataset),
        source_domain=dataset.source_domain,
        data=facts(dataset),
        classes=dataset.classes,
        words=dataset.words if "tokens" in conditions else (),
        attributes=dataset.attributes if "vector" in conditions else {},
        examples=_examples(dataset, conditions & {"vector", "tokens"}),
        seed=seed,
        versions=versions(),
    )


def _examples(dataset: Dataset, names: frozenset[str]) -> dict[str, Any]:
    """These fields of a few items, evenly spread."""
    store: Any = dataset.train
    if not names or dataset.streaming:
        return {}
    items = store.take(torch.linspace(0, len(store) - 1, min(EXAMPLES, len(store))).long())
    return {name: items[name].tolist() for name in sorted(names)}


def _maker(recipe: Recipe | str | Callable[[int], Recipe]) -> Callable[[int], Recipe]:
    """What makes the recipe from the rank of the data; an unknown name is met at once."""
    if isinstance(recipe, Recipe):
        return lambda rank: recipe
    if isinstance(recipe, str):
        recipe_named(recipe)
        return lambda rank: recipe_named(recipe, rank=rank)
    return recipe


def facts(dataset: Dataset) -> dict[str, Any]:
    """What a run remembers of its data."""
    return {
        "name": dataset.name,
        "address": dataset.address,
        "licence": dataset.licence,
        "fingerprint": dataset.fingerprint,
        "train": dataset.count,
        "held_out": len(dataset.held_out),
    }


def precision_for(manifest: Manifest) -> str:
    """The recipe's precision; small samples gain nothing from bf16, and points lose by it."""
    asked = manifest.recipe.precision
    return "fp32" if asked == "auto" and math.prod(manifest.spec.shape) < SMALL else asked


def drawer(manifest: Manifest, dataset: Dataset, engine: Engine) -> Draw:
    """Batches of this process, encoded on its device."""
    recipe, task = manifest.recipe, manifest.recipe.task.build()
    feed = dataset.feed(
        batch=recipe.batch,
        seed=manifest.seed,
        rank=engine.rank,
        world=engine.world,
        device=engine.device,
        unpaired=task.sources == "unpaired",
    )
    domain = manifest.domain.build()
    source = manifest.source_domain.build() if manifest.source_domain else None

    def draw(number: int) -> Batch:
        batch: Batch = task.prepare(encode(feed.items(number), domain, source))
        return batch.apply(_laid_out)

    return draw


def shower(manifest: Manifest, dataset: Dataset) -> Show | None:
    """Draws strips of the same held-out items, where pictures are made from pictures."""
    task = manifest.recipe.task.build()
    if "translate" not in task.abilities:
        return None

    def show(model: Model, path: Path) -> None:
        write_strip(model, reals_of(model, dataset, COUNT), path)

    return show


def _laid_out(values: Tensor) -> Tensor:
    """Pictures with channels innermost, as their networks are."""
    if values.dim() != 4:
        return values
    return values.contiguous(memory_format=torch.channels_last)


def _sit(
    manifest: Manifest,
    dataset: Dataset,
    folder: Path,
    engine: Engine,
    budget: Budget,
    *,
    quiet: bool,
    again: bool = False,
    stretch: bool = False,
    origin: Initial | None = None,
) -> Model:
    intervals = Intervals(**manifest.sitting["intervals"])
    draw = drawer(manifest, dataset, engine)
    with engine.together(folder):
        score = scorer(dataset, engine=engine) if intervals.score else None
    show = shower(manifest, dataset)
    loop = Loop(
        *(manifest, folder, engine, draw, budget, intervals, score, show),
        quiet=quiet,
        stretch=stretch,
    )
    if origin is not None:
        loop.state.begin(origin.weights)
        missing = sorted(manifest.recipe.networks.keys() - origin.weights.keys())
        if missing and engine.main:
            print(f"{' and '.join(missing)} begin anew: nothing to start from.", file=sys.stderr)
    with engine.together(folder):
        if again:
            loop.resume()
            if engine.main:
                manifest.write(folder)
        engine.start_tracking(folder.name, {"recipe": manifest.recipe.name, "seed": manifest.seed})
        whole = loop.fit()
    if not whole and engine.main:
        said = f"stopped early and saved; go on with: sparring resume {folder}"
        print(shown(said), file=sys.stderr)
    engine.close()
    # Whoever handed us recipe and data, or read them with trust, trusts the packages they name.
    return Model.load(folder, trusted=manifest.packages())


def _survey(dataset: Dataset, recipe: Recipe, quiet: bool) -> None:
    """Refuse data that cannot be trained on, and say what training would suffer from."""
    found = check_items(dataset, batch=recipe.batch)
    if found.errors:
        raise InputError(found.errors[0])
    if not quiet and speaks():
        told = [f"warning: {text}" for text in found.warnings]
        for line in (*told, *(f"note: {text}" for text in found.notes)):
            print(shown(line), file=sys.stderr)


def _again(manifest: Manifest, folder: Path, data: Any, trusted: Sequence[str]) -> Dataset:
    """The data that the run was trained on, wherever they lie now.

    Raises:
        InputError: they cannot be read, or are others.
    """
    place = manifest.data["address"] if data is None else data
    options = remembered(manifest.sitting["reading"], manifest.trusted(trusted))
    dataset = load(place, **options, trusted=manifest.trusted(trusted))
    if dataset.fingerprint != manifest.data["fingerprint"]:
        raise InputError(
            f"the data at {dataset.address} has changed since {folder} was trained; restore it, "
            "say with --data where it lies now, or start a new run."
        )
    return dataset


def _check_free(folder: Path, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / "recipe.json").exists():
        raise InputError(f"{folder} exists and is no run; choose another --run.")
    if not overwrite:
        raise InputError(
            f"{folder} holds a run already; go on with: sparring resume {folder}, choose another "
            "--run, or replace it with --overwrite."
        )
