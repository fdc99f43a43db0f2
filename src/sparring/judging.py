"""Judging pictures made from pictures: against their true partners, and beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.backbone import efficientnet_installed
from sparring.domains.items import encode
from sparring.errors import InputError
from sparring.metrics import baselines, fidelity, intervals
from sparring.metrics.score import score
from sparring.streams import latents, seed_for
from sparring.types import Batch, Items

if TYPE_CHECKING:
    from sparring.data import Dataset
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.scores import Scores
    from sparring.model import Model

CHUNK = 128
TARGETS = 500
"""Training pictures whose histogram the histogram baseline takes."""
Make = Callable[[Batch, int], Tensor]
"""A batch and the index of its first item to pictures (N, C, H, W)."""


def prepared(model: Model, items: Items, start: int = 0) -> Batch:
    """Encoded items, the first of index `start`, as the model's task has them when not training."""
    if model.task.sources != "none":
        return Batch(items["sample"], model.task.known(items))
    # What the task chooses at random is the same every time, and disturbs nobody's stream.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for("held out", start))
        batch: Batch = model.task.prepare(items)
    return batch


def judge(
    model: Model,
    dataset: Dataset,
    extractor: Extractor,
    *,
    count: int | None = None,
    seed: int = 0,
    split: str = "held_out",
    others: Mapping[str, Model] | None = None,
) -> Scores:
    """Score what a model makes of held-out sources, with baselines and other models beside it.

    Of each picture: `l1`, `psnr`, `ssim` and, with the extra `efficientnet`, `perceptual` against
    its true partner; of all of them: the distances between distributions. Sources without
    partners have the latter alone. Every row sees the same conditions.

    Raises:
        InputError: too few held-out items.
    """
    batches = _batches(model, dataset, count, split)
    real = torch.cat([batch.real for batch in batches])
    rows: dict[str, Make] = {}
    name = type(model.task).__name__
    targets = _targets(model, dataset) if name == "Translate" else None
    for kind, baseline in baselines.for_task(name, targets).items():
        if all(end is None or end.head == "tanh" for end in (model.source, model.domain)):
            rows[kind] = _baseline(baseline)
    for other, made in (others or {}).items():
        rows[other if other not in rows else f"{other} (run)"] = _maker(made, seed)
    paired = dataset.held_out_sources is None
    embedded = extractor.embed(real)

    def judged(make: Make) -> Scores:
        fakes = torch.cat([make(batch, CHUNK * k) for k, batch in enumerate(batches)])
        scores = score(embedded, fakes, extractor, split=split.replace("_", "-"), seed=seed)
        return scores.with_more(fidelities(fakes, real)) if paired else scores

    beside = {kind: judged(make) for kind, make in rows.items()}
    return judged(_maker(model, seed)).beside(beside)


def fidelities(fakes: Tensor, real: Tensor) -> dict[str, intervals.Interval]:
    """Means over pictures of their likeness to the true ones, with intervals."""
    measures: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "l1": fidelity.l1,
        "psnr": lambda a, b: fidelity.psnr(a, b).clamp(max=fidelity.EQUAL),
    }
    if min(real.shape[2:]) >= fidelity.WINDOW:
        measures["ssim"] = fidelity.ssim
    if efficientnet_installed():
        measures["perceptual"] = fidelity.perceptual
    return {name: intervals.mean(_chunked(m, fakes, real)) for name, m in measures.items()}


def _chunked(measure: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    pairs = zip(a.split(CHUNK), b.split(CHUNK), strict=True)
    return torch.cat([measure(x, y).double() for x, y in pairs])


def _batches(model: Model, dataset: Dataset, count: int | None, split: str) -> list[Batch]:
    store: Any = dataset.held_out if split == "held_out" else dataset.train
    loose: Any = dataset.held_out_sources if split == "held_out" else dataset.sources
    number = min(count or len(store), len(store), len(loose) if loose is not None else len(store))
    if number < intervals.GROUPS:
        raise InputError(
            f"{dataset.source} has {number} held-out items; at least {intervals.GROUPS} are "
            "needed to judge. Hold out more of them, or give --split train."
        )
    found = []
    for indices in torch.arange(number).split(CHUNK):
        items = store.take(indices)
        items = items if loose is None else {**items, **loose.take(indices)}
        encoded = encode(items, model.domain, model.source)
        found.append(prepared(model, encoded, int(indices[0])))
    return found


def _maker(model: Model, seed: int) -> Make:
    def make(batch: Batch, start: int) -> Tensor:
        indices = range(start, start + len(batch.real))
        latent = latents(seed, indices, model.manifest.spec.latent)
        return model.generate(latent, batch.condition)

    return make


def _baseline(baseline: baselines.Baseline) -> Make:
    def make(batch: Batch, start: int) -> Tensor:
        assert batch.condition.map is not None
        return baseline(batch.condition.map, tuple(batch.real.shape[1:]))

    return make


def _targets(model: Model, dataset: Dataset) -> Tensor:
    store: Any = dataset.train
    return model.domain.encode(store.take(torch.arange(min(TARGETS, len(store))))["sample"])
