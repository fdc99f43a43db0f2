"""Judging pictures made from pictures: against their true partners, and beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.streams import latents, seed_for
from sparring.core.types import Batch, Items
from sparring.data.items import encode
from sparring.domains.image import baselines, fidelity
from sparring.domains.layout import segmentation
from sparring.domains.layout.domain import Layout
from sparring.metrics import intervals
from sparring.metrics.score import score
from sparring.networks.backbone import efficientnet_installed

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.data import Dataset
    from sparring.metrics.extractor import Extractor
    from sparring.metrics.scores import Scores

CHUNK = 128
FEW = 32
"""Pictures measured at once: their features are memory that malloc keeps, not new pages."""
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


def compare(
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
    partners have the latter alone. Of pictures made from layouts also `miou`, what a network
    that never saw a fake reads back from them; of models that go both ways `cycle_error`. Every
    row sees the same conditions.

    Raises:
        InputError: too few held-out items.
    """
    batches = _batches(model, dataset, count, split)
    real = torch.cat([batch.real for batch in batches])
    rows = _rows(model, dataset, seed, others or {})
    paired = dataset.held_out_sources is None
    embedded = extractor.embed(real)
    read = _reader(model, dataset) if paired else None

    def judged(make: Make) -> Scores:
        fakes = torch.cat([make(batch, CHUNK * k) for k, batch in enumerate(batches)])
        scores = score(embedded, fakes, extractor, split=split.replace("_", "-"), seed=seed)
        scores = scores.with_more(fidelities(fakes, real)) if paired else scores
        return scores if read is None else scores.with_more(_layouts(read, fakes, batches))

    beside = {kind: judged(make) for kind, make in rows.items()}
    found = judged(_maker(model, seed)).with_more(_cycle(model, batches))
    return _with_floor(found, dataset, extractor, embedded, model, split).beside(beside)


def _rows(
    model: Model, dataset: Dataset, seed: int, others: Mapping[str, Model]
) -> dict[str, Make]:
    """What stands beside the model: baselines of its task, and other models."""
    rows: dict[str, Make] = {}
    name = type(model.task).__name__
    targets = _targets(model, dataset) if name == "Translate" else None
    if all(end is None or end.head == "tanh" for end in (model.source_domain, model.domain)):
        found = baselines.for_task(name, targets)
        rows |= {kind: _baseline(baseline) for kind, baseline in found.items()}
    elif _has_layouts(model):
        rows["truth"] = lambda batch, start: batch.real
    for other, made in others.items():
        rows[other if other not in rows else f"{other} (run)"] = _maker(made, seed)
    return rows


def _has_layouts(model: Model) -> bool:
    """Whether pictures are made from layouts."""
    return isinstance(model.source_domain, Layout) and model.domain.head == "tanh"


def _reader(model: Model, dataset: Dataset) -> Callable[[Tensor], Tensor] | None:
    if not _has_layouts(model):
        return None
    from sparring.domains.layout.segmenter import segmenter

    assert model.source_domain is not None
    return segmenter(dataset, model.domain, model.source_domain)


def _layouts(
    read: Callable[[Tensor], Tensor], fakes: Tensor, batches: list[Batch]
) -> dict[str, intervals.Interval]:
    """How much of their layouts can be read back from fakes."""
    maps = torch.cat([_map(batch) for batch in batches])
    found = torch.cat([read(part) for part in fakes.split(CHUNK)])
    return {"miou": segmentation.miou(segmentation.confusion(found, maps.argmax(1), maps.shape[1]))}


def _cycle(model: Model, batches: list[Batch]) -> dict[str, intervals.Interval]:
    """What is lost on the way there and back (L1), where a model goes both ways."""
    if not hasattr(model.game, "reverse"):
        return {}
    lost = []
    for batch in batches:
        back = model.translate(model.translate(_map(batch)), reverse=True)
        lost.append(fidelity.l1(back, _map(batch)).double())
    return {"cycle_error": intervals.mean(torch.cat(lost))}


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
    pairs = zip(a.split(FEW), b.split(FEW), strict=True)
    return torch.cat([measure(x, y).double() for x, y in pairs])


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


def _baseline(baseline: baselines.Baseline) -> Make:
    def make(batch: Batch, start: int) -> Tensor:
        return baseline(_map(batch), tuple(batch.real.shape[1:]))

    return make


def _map(batch: Batch) -> Tensor:
    assert batch.condition.map is not None
    return batch.condition.map


def _targets(model: Model, dataset: Dataset) -> Tensor:
    store: Any = dataset.train
    return model.domain.encode(store.take(torch.arange(min(TARGETS, len(store))))["sample"])
