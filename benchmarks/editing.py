"""Inverting held-out avatars: beside the best of 10,000 random samples, and beside a VAE.

    sparring train vae --data avatars --latent 48 --steps 700 --seed 0 --run runs/vae-avatars
    python benchmarks/editing.py --vae runs/vae-avatars

Prints errors (L1 of a range of 1) and perceptual distances, and draws what was given above what
came of it into benchmarks/results/.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

from sparring.artifact.model import Model
from sparring.verbs.reals import data_of, reals_of
from sparring.verbs.strips import Row, write_rows

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--tune", type=int, default=100)
    asked = parser.parse_args()
    model = Model.load("ready:avatars")
    real = reals_of(model, data_of(model), asked.count).real
    began = time.process_time()
    found = model.invert(real, draws=asked.draws, steps=asked.steps)
    spent = time.process_time() - began
    tuned = model.invert(real, draws=asked.draws, steps=asked.steps, tune=asked.tune)
    rows = {"given": real, "inverted": found.samples, "tuned": tuned.samples}
    print(f"{asked.count} held-out avatars, {spent:.0f} s of a core for {asked.steps} steps")
    print(f"nearest of {asked.draws}: {found.chance.mean():.4f}, own samples {found.usual:.4f}")
    if asked.vae:
        rows["vae"] = Model.load(asked.vae).reconstruct(real)
    for name, samples in list(rows.items())[1:]:
        report(name, model, real, samples)
    write_rows([Row(n, model.domain, x) for n, x in rows.items()], RESULTS / "inverted.png")


def report(name: str, model: Model, real: Tensor, samples: Tensor) -> None:
    """One line of figures."""
    error = (samples - real).abs().flatten(1).mean(1) / 2
    unlike = model.domain.judging("avatars").perceptual
    assert unlike is not None
    with torch.inference_mode():
        deep = unlike(samples, real).mean()
    print(f"{name}: L1 {error.mean():.4f}, perceptual {deep:.3f}", flush=True)


if __name__ == "__main__":
    main()
