"""Draw the figures of the documentation from sparring's own losses.

python docs/figures.py
"""

from __future__ import annotations

from pathlib import Path

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from sparring.losses import adversarial

IMAGES = Path(__file__).parent / "images"
SHOWN = ("minimax", "non_saturating", "least_squares", "relativistic", "wasserstein")
"""Losses in the order of the legend; the relativistic one meets real logits of +4."""


def pull(name: str, logits: Tensor) -> Tensor:
    """How strongly the generator is pulled at each logit of a fake: -dJ_G / dD(fake), (N,)."""
    fake = logits.clone().requires_grad_()
    cost = getattr(adversarial, name)().generator(torch.full_like(fake, 4.0), fake)
    (slope,) = torch.autograd.grad(cost * len(fake), fake)
    return -slope


def saturation(path: Path) -> None:
    """Draw what is left for the generator to learn from, by how sure the discriminator is."""
    logits = torch.linspace(-8.0, 4.0, 241)
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name in SHOWN:
        axes.plot(logits, pull(name, logits), label=name.replace("_", " "))
    axes.set_xlabel("D(fake): the discriminator's logit (left: sure that it is fake)")
    axes.set_ylabel("pull on the generator")
    axes.set_ylim(-0.1, 2.1)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    saturation(IMAGES / "saturation.png")
