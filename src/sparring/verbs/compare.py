"""Judging samples made from sources: against their true partners, and beside baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.streams import latents, seed_for
from sparring.core.types import Batch, Items
from sparring.data.items import encode
from sparring.metrics import intervals
from sparring.metrics.judging import Measured, faults, measured
from sparring.metrics.score import score
from sparring.verbs.shares import Pieces, by_first, itself, read

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.data import Dataset
    from sparring.data.content import Progress
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.judging import Baseline, Judging
    from sparring.metrics.scores import Scores
    from sparring.training.engine import Engine

CHUNK = 128
TARGETS = 500
"""Training samples that a baseline may learn from, such as their histogram."""
Make = Callable[[Batch, int], Tensor]
"""A batch and the index of its first item to samples (N, *shape)."""


def prepared(model: Model, items: Items, start: int = 0) -> Batch:
    """Encoded items, the first of index `start`, as the model's task has them when not training."""
    if model.task.sources != "none":
        return Batch(items["sample"], model.task.known(items))
    # What the task chooses at random is the same every time, and disturbs nobody's stream.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for("held out", start))
        batch: Batch = model.task.prepare(items)
    return batch


def compare(
    model: Model,
    dataset: Dataset,
    judging: Judging,
    extractor: Extractor,
    *,
    count: int | None = None,
    seed: int = 0,
    split: str = "held_out",
    others: Mapping[str, Model] | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> Scores:
    """Score what a model makes of held-out sources, with baselines and other models beside it.

    Of each sample: the task's measures against its true partner (of pictures `l1`, `psnr`, `ssim`
    and, with the extra `efficientnet`, `perceptual`); of all of them: the distances between
    distributions. Sources without partners have the latter alone. Where sources can be read back
    from what was made of them (layouts), so is that (`miou`); of models that go both ways
    `cycle_error`. Every row sees the same conditions. Each of an engine's processes makes and reads
    its share.

    Raises:
        InputError: too few held-out items.
    """
    batches = _batches(model, dataset, count, split)
    real = torch.cat([batch.real for batch in batches])
    given = torch.cat([_map(batch) for batch in batches])
    paired = dataset.held_out_sources is None
    rows = _rows(model, dataset, judging, seed, others or {})
    shown = len(real) * (len(rows) + 3) // (engine.world if engine else 1)
    extractor = extractor.watched(shown, progress)
    group = math.lcm(CHUNK, extractor.batch) // CHUNK
    sizes = [len(piece) for piece in real.split(CHUNK * group)]

    def pieces(make: Make) -> Pieces:
        def made(number: int) -> Tensor:
            numbers = range(number * group, min(number * group + group, len(batches)))
            return torch.cat([make(batches[k], CHUNK * k) for k in numbers])

        return Pieces(sizes, made)

    embedded, _ = read(pieces(lambda batch, start: batch.real), extractor, engine)
    against = model.task.measures(judging) if paired else {}
    source = (model.source_domain or model.domain).judging(dataset.name)
    back = source.read_back(dataset, model.domain) if paired and model.source_domain else {}

    def judged(make: Make) -> Scores:
        also = [*judging.alone.values(), itself]
        known, (*told, fakes) = read(pieces(make), extractor, engine, also)

        def work() -> Scores:
            scores = score(embedded, known, extractor, split=split.replace("_", "-"), seed=seed)
            scores = scores.with_more(faults(judging.alone, told))
            scores = scores.with_more(measured(judging.scores, real, fakes))
            scores = scores.with_more(measured(against, real, fakes))
            return scores.with_more(measured(back, given, fakes))

        return by_first(engine, work)

    rows = {"truth": lambda batch, start: batch.real, **rows} if back else rows
    beside = {kind: judged(make) for kind, make in rows.items()}
    found = judged(_maker(model, seed))

    def whole() -> Scores:
        more = found.with_more(_cycle(model, batches))
        return _with_floor(more, dataset, extractor, embedded, model, split).beside(beside)

    return by_first(engine, whole)


def _rows(
    model: Model, dataset: Dataset, judging: Judging, seed: int, others: Mapping[str, Model]
) -> dict[str, Make]:
    """What stands beside the model: baselines of its task, and other models."""

    def targets() -> Tensor:
        store: Any = dataset.train
        return model.domain.encode(store.take(torch.arange(min(TARGETS, len(store))))["sample"])

    source = model.source_domain or model.domain
    found = model.task.baselines(judging, source, targets)
    rows = {kind: _baseline(baseline) for kind, baseline in found.items()}
    for other, made in others.items():
        rows[other if other not in rows else f"{other} (run)"] = _maker(made, seed)
    return rows


def _cycle(model: Model, batches: list[Batch]) -> dict[str, Measured]:
    """What is lost on the way there and back (L1 of [0, 1]), where a model goes both ways."""
    if "reverse" not in model.game.doors:
        return {}
    lost = []
    for batch in batches:
        back = model.translate(model.translate(_map(batch)), reverse=True)
        lost.append((back.double() - _map(batch).double()).abs().flatten(1).mean(1) / 2)
    return {"cycle_error": Measured(intervals.mean(torch.cat(lost)), lower_is_better=True)}


def _with_floor(
    found: Scores,
    dataset: Dataset,
    extractor: Extractor,
    embedded: Any,
    model: Model,
    split: str,
) -> Scores:
    """Beside it what as many training pictures get against the held-out ones."""
    store: Any = dataset.train
    number = min(found.n_fake, len(store))
    if split != "held_out" or number < intervals.GROUPS:
        return found
    some = store.take(torch.arange(number) * len(store) // number)["sample"]
    return found.with_floor(score(embedded, model.domain.encode(some), extractor, split=split))


def _batches(model: Model, dataset: Dataset, count: int | None, split: str) -> list[Batch]:
    store: Any = dataset.held_out if split == "held_out" else dataset.train
    loose: Any = dataset.held_out_sources if split == "held_out" else dataset.sources
    number = min(count or len(store), len(store), len(loose) if loose is not None else len(store))
    if number < intervals.GROUPS:
        raise InputError(
            f"{dataset.address} has {number} held-out items; at least {intervals.GROUPS} are "
            "needed to judge. Hold out more of them, or give --split train."
        )
    found = []
    for indices in torch.arange(number).split(CHUNK):
        items = store.take(indices)
        items = items if loose is None else {**items, **loose.take(indices)}
        encoded = encode(items, model.domain, model.source_domain)
        found.append(prepared(model, encoded, int(indices[0])))
    return found


def _maker(model: Model, seed: int) -> Make:
    def make(batch: Batch, start: int) -> Tensor:
        indices = range(start, start + len(batch.real))
        latent = latents(seed, indices, model.manifest.spec.latent)
        return model.generate(latent, batch.condition)

    return make


def _baseline(baseline: Baseline) -> Make:
    def make(batch: Batch, start: int) -> Tensor:
        return baseline(_map(batch), tuple(batch.real.shape[1:]))

    return make


def _map(batch: Batch) -> Tensor:
    assert batch.condition.map is not None
    return batch.condition.map
