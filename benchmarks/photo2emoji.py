"""Photos of things made emoji: are they nearer to emoji, and is the thing still told?

    sparring train photo2emoji --data things --steps 1000 --seed 0 --run runs/photo2emoji
    python benchmarks/photo2emoji.py runs/photo2emoji [RUN ...]

Held-out photos, beside them as they are, with their histograms matched to the training emoji's, and
smoothed by the bilateral filter. `frechet` is the distance to held-out emoji by
EfficientNet-Lite0. `class` is the share of photos whose class (animals, plants, food, vehicles,
objects, sky, sports) a judge reads in the result, `balanced` the mean over the classes of that
share; the judge is trained on emoji alone, in three designs, and has seen neither a photo nor any
model. `shuffled` is a run's result against other photos' classes: what is had by chance.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from attributes import Judge
from machine import record
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

import sparring.data
from sparring.artifact.model import Model
from sparring.domains.image import baselines, pretrained
from sparring.metrics.distances import frechet, kernel
from sparring.verbs.strips import Row, write_rows

VIEWS = ("twitter", "google", "fluent")
STEPS, BATCH, RATE, JUDGES = 400, 96, 2e-3, 2
RESULTS = Path(__file__).parent / "results"


def pictures(view: str, split: str) -> tuple[Tensor, Tensor]:
    """All pictures of a view in [-1, 1], and their classes."""
    data = sparring.data.load(f"things:{view}")
    store = getattr(data, split)
    items = store.take(torch.arange(len(store)))
    return data.domain.build().encode(items["sample"]), items["label"]


def trained(classes: int, seed: int) -> Judge:
    """A judge of the training emoji, each moved, turned, zoomed and recoloured a little."""
    torch.manual_seed(seed)
    seen = [pictures(view, "train") for view in VIEWS]
    shown, truth = (torch.cat(part) for part in zip(*seen, strict=True))
    made = Judge()
    made.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(256, classes))
    weight = len(truth) / (classes * truth.bincount(minlength=classes)).double().sqrt()
    optimizer = torch.optim.AdamW(made.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
    for _ in range(STEPS):
        rows = torch.randint(len(truth), (BATCH,))
        logits = made(varied(shown[rows]))
        cost = functional.cross_entropy(logits, truth[rows], weight.float(), label_smoothing=0.1)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        schedule.step()
    return made.eval().requires_grad_(False)


def varied(shown: Tensor) -> Tensor:
    """Turned by up to 20 degrees, zoomed, shifted, mirrored, in other colours, with some grain."""
    count = len(shown)
    angle = (torch.rand(count) * 2 - 1) * math.radians(20)
    zoom = 0.8 + 0.6 * torch.rand(count)
    mirror = torch.randint(2, (count,)) * 2 - 1
    shift = torch.rand(count, 2) * 0.3 - 0.15
    rows = [angle.cos() * zoom * mirror, -angle.sin() * zoom, shift[:, 0]]
    more = [angle.sin() * zoom * mirror, angle.cos() * zoom, shift[:, 1]]
    turn = torch.stack([torch.stack(rows, 1), torch.stack(more, 1)], 1)
    grid = functional.affine_grid(turn, list(shown.shape), align_corners=False)
    moved = functional.grid_sample(shown - 1, grid, align_corners=False) + 1
    grey = moved.mean(1, keepdim=True)
    moved = grey + (moved - grey) * (0.3 + torch.rand(count, 1, 1, 1))
    tint = (torch.rand(count, 3, 1, 1) - 0.5) * 0.4
    moved = 1 - (1 - moved) * (1 + tint)  # White stays white.
    return moved + torch.randn_like(moved) * torch.rand(count, 1, 1, 1) * 0.15


@torch.inference_mode()
def read(judges: list[Judge], shown: Tensor) -> Tensor:
    """The classes (N,) that the judges see together."""
    return torch.stack([judge(shown.float()).softmax(1) for judge in judges]).mean(0).argmax(1)


def shares(found: Tensor, truth: Tensor) -> dict[str, float]:
    """Of how many the class is right; and the mean of that over the classes there are."""
    right = (found == truth).double()
    by_class = [float(right[truth == kind].mean()) for kind in truth.unique()]
    return {"class": float(right.mean()), "balanced": sum(by_class) / len(by_class)}


def bilateral(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """OpenCV's bilateral filter, three times: flat regions without learning."""
    import cv2

    made = []
    for picture in ((given + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy():
        for _ in range(3):
            picture = cv2.bilateralFilter(picture, 7, 60, 5)
        made.append(torch.from_numpy(picture).permute(2, 0, 1).float() / 127.5 - 1)
    return torch.stack(made)


def quantised(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Eight colours for each picture, by median cut: flat regions and few colours."""
    made = []
    for picture in ((given + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy():
        few = Image.fromarray(picture).quantize(8, dither=Image.Dither.NONE).convert("RGB")
        made.append(torch.from_numpy(np.array(few)).permute(2, 0, 1).float() / 127.5 - 1)
    return torch.stack(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    runs = parser.parse_args().runs
    (photos, truth), (targets, _) = pictures("photo", "held_out"), pictures("twitter", "train")
    emoji, kinds = pictures("twitter", "held_out")
    shape = tuple(photos.shape[1:])
    rows: dict[str, Tensor] = {
        "photos as they are": photos,
        "histogram matched": baselines.histogram(targets)(photos, shape),
        "bilateral filter": bilateral(photos, shape),
        "eight colours": quantised(photos, shape),
        **{run.name: Model.load(run).translate(photos) for run in runs},
    }
    judges = [trained(7, seed) for seed in range(JUDGES)]
    eye = pretrained.efficientnet()
    real = eye.features(emoji)
    result: dict[str, dict[str, float]] = {
        "training emoji": {"frechet": frechet(real, eye.features(targets[:: len(targets) // 80]))}
    }
    for view in VIEWS:
        result[f"held-out {view}"] = shares(read(judges, pictures(view, "held_out")[0]), kinds)
    for name, shown in rows.items():
        features, found = eye.features(shown), read(judges, shown)
        result[name] = {
            "frechet": frechet(real, features),
            "kernel": kernel(real, features),
            "l1": float((shown - photos).abs().mean()),
            **shares(found, truth),
        }
        chance = [shares(found[torch.randperm(len(found))], truth) for _ in range(200)]
        result[name]["shuffled"] = sum(one["class"] for one in chance) / len(chance)
        result[name]["shuffled balanced"] = sum(one["balanced"] for one in chance) / len(chance)
    for name, row in result.items():
        print(f"{name:20}", {key: round(value, 3) for key, value in row.items()}, flush=True)
    record("photo2emoji", result)
    domain = sparring.data.load("things").domain.build()
    some = torch.arange(0, len(photos), 5)
    write_rows([Row(n, domain, p[some]) for n, p in rows.items()], RESULTS / "photo2emoji.png")


if __name__ == "__main__":
    main()
