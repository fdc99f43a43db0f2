"""What sounds are scored against: real ones, and those that nothing was learnt for.

    python benchmarks/sound_floor.py

On `drums`: training items (the floor), noise with the mean spectrum of each class, and the first
half of one training item with the second of another; each against the held-out items, as
`sparring evaluate` scores a model. On `notes` and `speech`: what a sound inverted from its own mel
spectrogram by 60 iterations of Griffin and Lim's algorithm keeps, with its true partner.
"""

from __future__ import annotations

from typing import Any

import torch
from machine import record
from torch import Tensor

from sparring.core import spectra
from sparring.data import Dataset, load
from sparring.domains.sound import baselines
from sparring.domains.sound.judging import hums
from sparring.metrics.intervals import share
from sparring.metrics.judging import faults, measured
from sparring.metrics.score import score

PAIRS = 200
"""Held-out items whose mel spectrograms are inverted."""


def items(data: Dataset, held_out: bool) -> tuple[Tensor, Tensor]:
    """Encoded samples and labels of one side of the split."""
    store: Any = data.held_out if held_out else data.train
    found = store.take(torch.arange(len(store)))
    return data.domain.build().encode(found["sample"]), found["label"]


def rounded(found: Any) -> list[float]:
    """Value, low and high, to four digits."""
    return [float(f"{value:.4g}") for value in found]


def drums() -> dict[str, Any]:
    """Scores of each stand-in for a generator, asked for every class as often as it occurs."""
    data = load("drums")
    judging = data.domain.build().judging(data.name)
    (real, real_labels), (known, labels) = items(data, True), items(data, False)
    reader = judging.extractor()
    heard = reader.classify(real)
    assert heard is not None
    made = {
        "training items": known,
        "filtered noise": baselines.filtered_noise(known, labels, labels),
        "halves": baselines.halves(known, labels, labels),
    }
    rows = {}
    for name, fake in made.items():
        found = score(
            real, fake, reader, real_labels=real_labels, fake_labels=labels, classes=data.classes
        ).with_more(faults(judging.alone, [hums(fake)]))
        rows[name] = {key: rounded(value) for key, value in found.scores.items()}
    return {
        "held_out": len(real),
        "training": len(known),
        "judge on held-out items": rounded(share(heard.argmax(1) == real_labels)),
        "hum of held-out items": rounded(share(hums(real))),
        "scores": rows,
    }


def inverted(address: str) -> dict[str, Any]:
    """What Griffin and Lim's algorithm makes of true sounds' spectrograms, beside these."""
    data = load(address)
    domain = data.domain.build()
    judging = domain.judging(data.name)
    real = items(data, True)[0]
    real = real[torch.arange(PAIRS) * len(real) // PAIRS]
    bands = spectra.to_unit(spectra.log_mel(real[:, 0], domain.rate))
    invert = baselines.griffin_lim(domain.rate)
    made = torch.cat([invert(part, domain.shape) for part in bands.split(20)])
    found = measured(judging.measures, real, made)
    return {name: rounded(value.interval) for name, value in found.items()}


def main() -> None:
    torch.set_num_threads(1)
    with torch.inference_mode():
        result = {"drums": drums()}
        print(result, flush=True)
        result |= {name: inverted(name) for name in ("notes", "speech")}
    record("sound_floor", result)


if __name__ == "__main__":
    main()
