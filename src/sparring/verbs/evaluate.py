"""Evaluate: how good a run's samples are, against data that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.device import device_of
from sparring.core.errors import InputError, unknown
from sparring.core.ranges import Images, check
from sparring.core.streams import stream
from sparring.verbs.reals import CELLS, CHUNK, data_of, encoded

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.data import Dataset
    from sparring.data.content import Progress
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.judging import Judging, Measured
    from sparring.metrics.scores import Scores
    from sparring.training.engine import Engine
    from sparring.verbs.shares import Pieces

MOST = 10_000
"""Samples drawn where no number is asked for."""
SPLITS = ("held_out", "train")


def evaluate(
    what: Any,
    data: Any = None,
    *,
    extractor: str = "auto",
    count: int | None = None,
    seed: int = 0,
    split: str = "held_out",
    against: Iterable[str | Path] = (),
    device: str = "auto",
    trusted: Iterable[str] = (),
    progress: Progress | None = None,
    **reading: Any,
) -> Scores:
    """Score a run, a model, a folder or `.npy` of samples, or a tensor of them.

    The scores of a run or model folder are kept in it, in scores.json and in its card. As the
    floor, training data are scored against held-out data in the same way.

    Args:
        what: a run's or model's folder, a folder of pictures, a `.npy`, an array or a tensor with
            samples (N, *shape) in [-1, 1], a list of pictures, or a Model.
        data: what to compare with, as `sparring.load_data` takes it; the run's own data if None.
        extractor: a name of the domain's, "auto", or the user's own "module:function".
        count: samples to draw or read; at most 10,000 and no more than training items if None.
        seed: of the samples, and of the subsets that intervals come from.
        split: which items to compare with: held_out or train.
        against: runs or models to judge beside it, where pictures are made from pictures.
        device: where to draw and read samples; "auto" is the GPU where there is one. A Model
            stays where it is.
        trusted: packages besides sparring that the run may call, and that read data.
        progress: called with what is being done, how much is done, and how much there is.
        reading: options of `sparring.load_data`, such as size; what a run remembers if not given.

    Raises:
        InputError: nothing to score at `what`, no data, or data of another shape.
    """
    check("the number of samples", count, Images | None)
    part = split.replace("-", "_")
    if part not in SPLITS:
        raise unknown("split", split, SPLITS)
    from sparring.verbs.shares import crew

    engine = crew()
    with engine.together() if engine else nullcontext():
        place = str(engine.device) if engine and device == "auto" else device
        model = _model(what, place, trusted)
        dataset = _dataset(model, data, tuple(trusted), reading, engine)
        judging = dataset.domain.build().judging(dataset.name)
        reader = judging.extractor(extractor).on(model.device if model else device_of(place))
        if model is not None and "translate" in model.task.abilities:
            from sparring.verbs.compare import compare

            others = _others(against, model, trusted)
            options: dict[str, Any] = {"count": count, "seed": seed, "split": part}
            options |= {"others": others, "progress": progress, "engine": engine}
            found = compare(model, dataset, judging, reader, **options)
            return _kept(found, model, what, engine)
        if list(against):
            raise InputError("--against is for models that make samples from sources.")
        fakes = _fakes(what, model, dataset, count, seed, reader.batch)
        found = _scored(dataset, fakes, judging, reader, part, seed, progress, engine)
        return _kept(found, model, what, engine)


def _scored(
    dataset: Dataset,
    fakes: _Fakes,
    judging: Judging,
    reader: Extractor,
    split: str,
    seed: int,
    progress: Progress | None,
    engine: Engine | None,
) -> Scores:
    """The scores of fakes against a split of the data, with the other split's as their floor."""
    from sparring.metrics.score import score
    from sparring.verbs.shares import by_first, itself, read

    real, other = _sides(dataset, split)
    floor = None if other is None else _some(other, len(fakes.samples), seed)
    sides = [encoded(dataset, real), fakes.samples]
    sides += [] if floor is None else [encoded(dataset, floor)]
    total = sum(map(len, sides)) // (engine.world if engine else 1)
    reader = reader.watched(total, progress)
    # Scores of the domain's own look at all samples at once.
    also = [*judging.alone.values(), *([itself] if judging.scores else [])]
    seen = [read(side, reader, engine, also) for side in sides]
    (reals, drawn, *reference), told = [found for found, _ in seen], [more for _, more in seen]

    def work() -> Scores:
        found = score(
            reals,
            drawn,
            reader,
            real_labels=real.column("label"),
            fake_labels=fakes.labels,
            reference=reference[0] if reference else None,
            reference_labels=None if floor is None else floor.column("label"),
            classes=dataset.classes,
            split=split.replace("_", "-"),
            seed=seed,
        )
        return _with_own(found, judging, *told)

    return by_first(engine, work)


def _with_own(
    found: Scores, judging: Judging, real: Any, fake: Any, floor: Sequence[Tensor] = ()
) -> Scores:
    """The scores with those that the domain has of its own, beside the floor's."""
    from sparring.metrics.judging import faults, measured

    def more(told: Sequence[Tensor]) -> dict[str, Measured]:
        own = measured(judging.scores, real[-1], told[-1]) if judging.scores else {}
        return {**faults(judging.alone, told), **own}

    whole = found.with_more(more(fake))
    if found.floor is None:
        return whole
    return whole.with_floor(found.floor.with_more(more(floor)))


def scorer(
    dataset: Dataset, count: int = 2000, engine: Engine | None = None
) -> Callable[[Model], float]:
    """A quick score for the training loop: Frechet distance of so many samples, lower is better.

    It is measured against held-out items, or training items where fewer than `count` were held
    out. All its values share one bias, so they compare with each other and with nothing else.
    Each of an engine's processes draws and reads its share of the samples.
    """
    from sparring.metrics.distances import moments, quick_frechet
    from sparring.verbs.shares import read

    reader = dataset.domain.build().judging(dataset.name).extractor()
    few = not dataset.streaming and len(dataset.held_out) < count
    reals = encoded(dataset, dataset.train if few else dataset.held_out).first(10)
    known = moments(read(reals, reader, engine)[0].features)
    rank, world = (engine.rank, engine.world) if engine else (0, 1)
    share = -(-count // world)

    def measure(model: Model) -> float:
        found = reader.features(_drawn(model, share, seed=0, start=rank * share))
        return quick_frechet(known, engine.gather(found)[:count] if engine else found)

    return measure


def _kept(found: Scores, model: Model | None, what: Any, engine: Engine | None) -> Scores:
    if model is not None and isinstance(what, str | Path) and (engine is None or engine.main):
        from sparring.verbs.kept import keep

        keep(found, model, Path(what))
    return found


def _others(
    against: Iterable[str | Path], model: Model, trusted: Iterable[str]
) -> dict[str, Model]:
    """Other runs by their folders' names, which must do the same task at the same extent."""
    from sparring.artifact.model import Model

    found: dict[str, Model] = {}
    spec = model.manifest.spec
    for run in against:
        other, name = Model.load(run, model.device, trusted=trusted), Path(run).resolve().name
        theirs = other.manifest.spec
        if (theirs.shape, theirs.map) != (spec.shape, spec.map) or other.task != model.task:
            raise InputError(
                f"{run} cannot be judged beside this model: it was trained on another task, or on "
                f"samples of another shape ({theirs.map} to {theirs.shape})."
            )
        found[name if name not in found else f"{name} ({len(found) + 1})"] = other
    return found


@dataclass(frozen=True)
class _Fakes:
    samples: Pieces
    labels: Tensor | None = None


def _fakes(
    what: Any,
    model: Model | None,
    dataset: Dataset,
    count: int | None,
    seed: int,
    batch: int,
) -> _Fakes:
    if model is not None:
        number = count or min(MOST, dataset.count or MOST)
        labels = model.condition(range(number)).label if model.manifest.spec.classes else None
        return _Fakes(_drawn(model, number, seed), labels)
    from sparring.verbs.shares import pieces_of

    samples = _given(what, dataset)
    if count is not None and count > len(samples):
        raise InputError(f"there are {len(samples)} samples, fewer than the {count} asked for.")
    # As many as the extractor reads at once, or a multiple: it sees what it would of them whole.
    return _Fakes(pieces_of(samples[:count], batch * max(CHUNK // batch, 1)))


def _some(store: Any, most: int, seed: int) -> Any:
    """At most so many items of a store, at random: a floor needs no more than there are fakes."""
    import torch

    if len(store) <= most:
        return store
    return store.rows(torch.randperm(len(store), generator=stream("floor", seed))[:most])


def _drawn(model: Model, count: int, seed: int, start: int = 0) -> Pieces:
    from sparring.artifact.tiling import at_once
    from sparring.verbs.shares import Pieces

    chunk = at_once(CHUNK, CELLS, model.manifest.spec.shape)
    sizes = [min(chunk, count - done) for done in range(0, count, chunk)]
    return Pieces(sizes, lambda k: model.sample(sizes[k], seed=seed, start=start + k * chunk))


def _given(what: Any, dataset: Dataset) -> Tensor:
    """Samples that somebody else made, in the shape of the data."""
    import numpy as np
    import torch

    domain = dataset.domain.build()
    if isinstance(what, torch.Tensor | np.ndarray):
        samples = torch.as_tensor(what)
    elif isinstance(what, str | Path) and Path(what).suffix.lower() == ".npy":
        samples = _array(Path(what))
    else:
        from sparring.data import load

        found = load(what, held_out=0.0, **domain.reading, trusted=dataset.trusted)
        samples = torch.cat(list(encoded(found, found.train)))
    samples = samples if samples.is_floating_point() else domain.encode(samples)
    if tuple(samples.shape[1:]) != domain.shape:
        raise InputError(
            f"the samples have shape {tuple(samples.shape[1:])} and those of {dataset.address} "
            f"{domain.shape}; give the matching data with --data."
        )
    return samples


def _array(path: Path) -> Tensor:
    import numpy as np
    import torch

    from sparring.data.faults import one_sentence

    if not path.is_file():
        raise InputError(f"there is no file of samples {path}.")
    with one_sentence(str(path), "an array of samples"):
        return torch.from_numpy(np.load(path, allow_pickle=False))


def _model(what: Any, device: str, trusted: Iterable[str]) -> Model | None:
    from sparring.artifact.model import Model

    if isinstance(what, Model):
        return what
    if not isinstance(what, str | Path):
        return None
    path = Path(what)
    if not path.exists():
        raise InputError(f"there is no run, model, folder or file at {path}.")
    known = path.is_dir() and any(
        (path / name).exists() for name in ("recipe.json", "checkpoint", "model")
    )
    return Model.load(path, device, trusted=trusted) if known else None


def _dataset(
    model: Model | None,
    data: Any,
    trusted: tuple[str, ...],
    reading: Mapping[str, Any],
    engine: Engine | None,
) -> Dataset:
    if model is None and data is None:
        raise InputError("samples alone cannot be scored: say with --data what they imitate.")
    from sparring.data import load
    from sparring.data.options import remembered

    def read() -> Dataset:
        if model is not None:
            return data_of(model, data, trusted, **reading)
        return load(data, **remembered(reading, trusted), trusted=trusted)

    if engine is None:
        return read()
    from sparring.verbs.reading import apart, read_once

    streaming = model and model.manifest.sitting.get("reading", {}).get("streaming")
    streams = reading.get("streaming") or (streaming and data is None)
    return read_once(engine, read, apart=apart(data, bool(streams)))


def _sides(dataset: Dataset, split: str) -> tuple[Any, Any]:
    """The items to compare with, and those whose scores are the floor."""
    train = None if dataset.streaming else dataset.train
    if split == "held_out":
        return dataset.held_out, train
    if train is None:
        raise InputError("a stream has no training split to look up; use --split held_out.")
    return train, dataset.held_out
