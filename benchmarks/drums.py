"""Drums from noise, by the judge of drums; what learnt nothing stands in sound_floor.py.

    python benchmarks/drums.py runs/wavegan-drums runs/melgan-drums

Every row has one sample for each training piece, of that piece's label, and is compared with the
held-out pieces. `right` is the share that the judge takes for what was asked for, `by_class` that
of each class; `varied` is the mean spread of its features within a label, as a share of real
pieces'. Sound is made in seconds a second, decoded to waveforms.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from machine import record
from torch import Tensor

import sparring
from sparring.domains.sound.domain import Sound
from sparring.metrics.extractor import Extractor
from sparring.metrics.judging import faults
from sparring.metrics.score import score


def drawn(model: sparring.Model, wanted: Tensor, seed: int) -> Tensor:
    """One waveform for each label, encoded."""
    made: list[Any] = [None] * len(wanted)
    for label in wanted.unique().tolist():
        rows = (wanted == label).nonzero()[:, 0].tolist()
        samples = model.domain.decode(model.sample(len(rows), label=label, seed=seed))
        for row, one in zip(rows, samples, strict=True):
            made[row] = one
    return torch.stack(made).float() / 32_768


def spread(features: Tensor, labels: Tensor) -> float:
    """The mean over labels of how far features lie from their mean."""
    parts = [features[labels == label] for label in labels.unique()]
    return float(torch.stack([(part - part.mean(0)).norm(dim=1).mean() for part in parts]).mean())


def judged(
    samples: Tensor, wanted: Tensor, held: Tensor, told: Tensor, reader: Extractor, domain: Sound
) -> dict[str, Any]:
    found = score(held, samples, reader, real_labels=told, fake_labels=wanted, classes=[*"1234567"])
    embedded = reader.embed(samples)
    assert embedded.logits is not None
    right = (embedded.logits.argmax(1) == wanted).double()
    judging = domain.judging("drums")
    own = {name: one.measure(held, samples) for name, one in judging.scores.items()}
    heard = faults(judging.alone, [alone(samples) for alone in judging.alone.values()])
    own |= {name: found.interval for name, found in heard.items()}
    values = {**found.scores, **own}
    names = ("label_accuracy", "frechet", "kernel", "precision", "recall", "hum")
    usual = spread(reader.embed(held).features, told)
    return {
        **{name: values[name][:3] for name in names},
        "by_class": [round(float(right[wanted == k].mean()), 2) for k in range(7)],
        "varied": spread(embedded.features, wanted) / usual,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    data = sparring.load_data("drums")
    domain = data.domain.build()
    reader = domain.judging("drums").extractor()
    (_, labels), (held, told) = (
        (domain.encode(items["sample"]), items["label"])
        for items in (part.take(torch.arange(len(part))) for part in (data.train, data.held_out))
    )
    rows, speeds = {}, {}
    for run in given.runs:
        model, begin = sparring.Model.load(run), time.perf_counter()
        samples = drawn(model, labels, given.seed)
        seconds = len(labels) * domain.length / domain.rate
        speeds[run.name] = seconds / (time.perf_counter() - begin)
        rows[run.name] = judged(samples, labels, held, told, reader, domain)
    record("drums", {"rows": rows, "sound_per_second": speeds})


if __name__ == "__main__":
    main()
