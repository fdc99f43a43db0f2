"""Pictures from nothing: r3, with and without augmentation, beside sngan and dcgan, on three packs.

    python benchmarks/from_noise.py --runs runs/from-noise

Trains what is not there yet, and scores 200 samples of each run by the terms of `sparring
evaluate`, but against at most 400 held-out pictures, which are read once for the four runs of a
pack, as is its floor: so few that a busy machine is done in minutes. Also asks whether
samples lie nearer to training than to held-out pictures, and draws two sheets for each pack:
samples in rows by method, and samples of r3 beside their nearest training pictures, by pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from machine import record, sparring_command
from PIL import Image
from torch import Tensor

import sparring
from sparring.core.streams import stream
from sparring.metrics.distances import nearest
from sparring.metrics.extractor import Embedded
from sparring.metrics.neighbours import copying
from sparring.metrics.score import score
from sparring.verbs.reals import data_of, reals_of

DATA = ("landscapes", "emoji", "avatars")
METHODS: dict[str, tuple[str, ...]] = {
    "r3": ("r3", "--steps", "3000"),
    "r3a": ("r3", "--augment", "default/adaptive", "--steps", "3000"),
    "sngan": ("sngan", "--steps", "560"),
    "dcgan": ("dcgan", "--steps", "212"),
}
COLUMNS = ("frechet", "kernel", "precision", "recall")
COUNT, HELD = 200, 400
"""Samples that are scored, and held-out pictures at most, evenly spread."""
ACROSS, ASKED, BESIDE = 8, 8, 3
COLOURS = 128
"""Of a published sheet, which keeps it small."""
IMAGES = Path(__file__).parent.parent / "docs" / "images"


def command(data: str, method: str) -> tuple[str, ...]:
    recipe, *flags = METHODS[method]
    return ("train", recipe, *flags, "--data", data, "--size", "64", "--seed", "0")


def models(data: str, runs: Path) -> dict[str, sparring.Model]:
    """The four models of a pack, trained where they are not there yet."""
    for method in METHODS:
        if not (runs / f"{data}-{method}" / "model").exists():
            run = runs / f"{data}-{method}"
            sparring_command(*command(data, method), "--run", run, "--quiet")
    return {method: sparring.Model.load(runs / f"{data}-{method}") for method in METHODS}


def pictures(store: Any, domain: Any) -> Tensor:
    """All of a store's pictures, (N, C, H, W)."""
    return domain.encode(store.take(torch.arange(len(store)))["sample"])


def measure(data: str, runs: Path) -> list[dict[str, Any]]:
    """Every method's scores on one pack, and its sheets."""
    made = models(data, runs)
    plain = made["r3"]
    dataset = data_of(plain)
    reader = plain.domain.judging(dataset.name).extractor()
    floor = torch.randperm(len(dataset.train), generator=stream("floor", 0))[:COUNT]
    samples = {method: model.sample(COUNT, seed=0) for method, model in made.items()}
    draw(data, samples, pictures(dataset.train, plain.domain), plain.domain)
    held = reader.embed(reals_of(plain, dataset, HELD).real)
    known = reader.embed(pictures(dataset.train.rows(floor), plain.domain))
    return [
        {"data": data, "method": method, "command": " ".join(("sparring", *command(data, method)))}
        | figures(held, reader.embed(found), known, reader)
        for method, found in samples.items()
    ]


def figures(held: Embedded, made: Embedded, known: Embedded, reader: Any) -> dict[str, Any]:
    """Scores beside the floor, and how much nearer samples lie to training pictures."""
    found = score(held, made, reader, reference=known)
    return {
        **{name: list(found.scores[name]) for name in COLUMNS},
        "floor": {name: list(found.floor.scores[name]) for name in COLUMNS},
        "copying": copying(made.features, known.features, held.features)._asdict(),
        "n": [found.n_fake, found.n_real],
        "extractor": found.extractor,
    }


def draw(data: str, samples: dict[str, Tensor], train: Tensor, domain: Any) -> None:
    """One row of samples for each method; samples of r3, each before its nearest by pixels."""
    rows = torch.cat([found[:ACROSS] for found in samples.values()])
    publish(rows, domain, f"from-noise-{data}.png")
    for method in ("r3", "r3a"):
        asked = samples[method][:ASKED]
        near, _ = nearest(asked.flatten(1), train.flatten(1), BESIDE)
        pairs = [torch.cat([one[None], train[n]]) for one, n in zip(asked, near, strict=True)]
        name = f"from-noise-{data}-near{'' if method == 'r3' else '-augmented'}.png"
        publish(torch.cat(pairs), domain, name)


def publish(tiles: Tensor, domain: Any, name: str) -> None:
    """Write a sheet for the docs, in few colours."""
    domain.preview(tiles, IMAGES / name, columns=ACROSS)
    with Image.open(IMAGES / name) as drawn:
        few = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(IMAGES / name, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/from-noise"))
    parser.add_argument("--data", nargs="*", default=DATA)
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for data in given.data:
        rows += measure(data, given.runs)
        record("from_noise", {"rows": rows})


if __name__ == "__main__":
    main()
