"""Drawings of what happens inside a duel."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from sparring.verbs.inside import Players, field, pulls, slopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from sparring.core.types import Batch

REAL, FAKE = "#1d9a6c", "#e0742c"
SIDE, ARROWS, ROWS, BINS = 96, 120, 8, 48
"""Cells of a field's side, arrows drawn on it, checkpoints and bars in a picture of histograms."""
MARGIN = 0.35
"""Of the real points' extent, around it."""


def plane(found: Players, batch: Batch) -> Image.Image:
    """The discriminator's field, real and made points, and the generator's pull on these."""
    real, fakes = batch.real, found.fakes(batch.condition, len(batch.real))
    low, high = real.amin(0), real.amax(0)
    low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
    values = field(found, low, high, SIDE)
    pull = pulls(found, batch, fakes)[:ARROWS]
    figure, axes = _figure(6.4, 6.0)
    shown = (values - values.median()).numpy()
    extent = [float(low[0]), float(high[0]), float(low[1]), float(high[1])]
    limit = float(np.quantile(np.abs(shown), 0.98)) or 1.0
    axes.imshow(
        shown, origin="lower", extent=extent, cmap="BrBG", vmin=-limit, vmax=limit, alpha=0.75
    )
    axes.scatter(*real.T.numpy(), s=4, color=REAL, linewidths=0, label="real", zorder=4)
    axes.scatter(*fakes.T.numpy(), s=9, color=FAKE, linewidths=0, label="made", zorder=3)
    arrows = _short(pull, float((high - low).max()) / 12).T.numpy()
    axes.quiver(
        *fakes[:ARROWS].T.numpy(),
        *arrows,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.0025,
        color="#303030",
    )
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    axes.legend(loc="upper right", markerscale=3, framealpha=0.9, fontsize=9)
    axes.set_title(f"step {found.step:,}", fontsize=10, loc="left")
    return _picture(figure)


@dataclass(frozen=True)
class Logits:
    """What the discriminator said of real and made samples (N,) at a step."""

    step: int
    real: Tensor
    fake: Tensor


def logits(found: Players, batch: Batch) -> Logits:
    """Its verdicts on these real samples, and on as many made ones."""
    told, fakes = batch.condition, found.fakes(batch.condition, len(batch.real))
    with torch.no_grad():
        return Logits(found.step, found.logits(batch.real, told), found.logits(fakes, told))


def histograms(seen: Sequence[Logits]) -> Image.Image:
    """The logits of real and made samples, a row for each of these steps."""
    figure, _ = _figure(6.4, 0.9 * len(seen) + 0.8, rows=0)
    axes = figure.subplots(len(seen), 1, sharex=True, squeeze=False)[:, 0]
    every = torch.cat([values for found in seen for values in (found.real, found.fake)])
    edges = np.linspace(float(every.quantile(0.005)), float(every.quantile(0.995)) + 1e-6, BINS)
    for row, found in zip(axes, seen, strict=True):
        row.hist(found.real.numpy(), edges, color=REAL, alpha=0.65, label="real", density=True)
        row.hist(found.fake.numpy(), edges, color=FAKE, alpha=0.65, label="made", density=True)
        row.set_yticks([])
        row.set_ylabel(f"{found.step:,}", rotation=0, ha="right", va="center", fontsize=8)
        for spine in ("top", "left", "right"):
            row.spines[spine].set_visible(False)
    axes[0].legend(loc="upper left", fontsize=8, frameon=False, ncols=2)
    axes[-1].set_xlabel("the discriminator's logit; rows are steps", fontsize=9)
    return _picture(figure)


def looks(found: Players, batch: Batch, count: int = 8) -> Image.Image:
    """Real and made samples, each above where the discriminator looks at it."""
    rows = torch.linspace(0, len(batch.real) - 1, min(count, len(batch.real))).long()
    real, told = batch.real[rows], batch.condition.apply(lambda values: values[rows])
    fake = found.fakes(told, len(rows))
    figure, _ = _figure(1.1 * len(real) + 0.4, 4.8, rows=0)
    axes = figure.subplots(4, len(real), squeeze=False)
    names = ("real", "looked at", "made", "looked at")
    for top, samples in ((0, real), (2, fake)):
        maps = slopes(found, samples, told)
        for column, (sample, map_) in enumerate(zip(_seen(found, samples), maps, strict=True)):
            axes[top, column].imshow(sample, cmap="gray", vmin=0, vmax=255)
            axes[top + 1, column].imshow(map_.numpy(), cmap="magma")
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(name, fontsize=9)
        for cell in row:
            cell.set(xticks=[], yticks=[])
    figure.suptitle(f"step {found.step:,}", fontsize=10, x=0.02, ha="left")
    return _picture(figure)


def _seen(found: Players, samples: Tensor) -> list[Any]:
    """Pictures as arrays (H, W) or (H, W, 3)."""
    stored = found.model.domain.decode(samples)[:, :3].permute(0, 2, 3, 1).cpu().numpy()
    return [picture[..., 0] if picture.shape[-1] < 3 else picture for picture in stored]


def _short(pull: Tensor, longest: float) -> Tensor:
    """Arrows of which most are no longer than this; their lengths keep their proportions."""
    lengths = pull.norm(dim=1, keepdim=True)
    usual = float(lengths.quantile(0.9)) or 1.0
    return pull / lengths.clamp_min(1e-12) * (lengths / usual).clamp_max(1.0) * longest


def _figure(width: float, height: float, rows: int = 1) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot() if rows else None


def _picture(figure: Any) -> Image.Image:
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return Image.open(target).convert("RGB")
