"""The outside judge of avatars' attributes: what a face has, read by a classifier of real faces.

    python benchmarks/attributes.py

It has seen the pack's training faces only, and no generator. The first call trains it (two and a
half minutes of a core) and keeps its weights in the cache; every later one loads them. Other
scripts here import it:

    from attributes import judge, told

    judge().values(pictures)["glasses"]           # (N,) numbers of ATTRIBUTES["glasses"]
    judge().shares(pictures)["expression"]        # (N, 7), each row adds up to 1
    told(data.held_out.take(rows)["vector"])      # the truth, as `values` gives it
    named("glasses", "sunglasses")                # 3
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from machine import record
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

import sparring
from sparring.core.errors import unknown
from sparring.data import cache
from sparring.data.dataset import Dataset
from sparring.domains.image.packs.avatars import ATTRIBUTES

SIDE = 64
WIDTHS = (32, 48, 96, 128)
STEPS, BATCH, RATE = 1_000, 128, 2e-3
SIZES = [len(values) for values in ATTRIBUTES.values()]


class Judge(nn.Module):
    """Faces (N, 3, 64, 64) in [-1, 1] to logits of every value of every attribute, (N, 51)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((3, *WIDTHS), WIDTHS, strict=False):
            convolve = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
            layers += [convolve, nn.BatchNorm2d(outputs), nn.SiLU()]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.neck = nn.Sequential(nn.Linear(WIDTHS[-1] * (SIDE // 16) ** 2, 256), nn.SiLU())
        self.head = nn.Linear(256, sum(SIZES))

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits, side by side as in a face's vector."""
        return self.head(self.features(pictures))

    def features(self, pictures: Tensor) -> Tensor:
        """(N, 256): for a Frechet distance of faces, or as another perceptual distance."""
        if pictures.shape[2:] != (SIDE, SIDE):
            pictures = functional.interpolate(
                pictures, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False
            ).clamp(-1, 1)
        return self.neck(self.body(pictures))

    @torch.inference_mode()
    def shares(self, pictures: Tensor) -> dict[str, Tensor]:
        """Attribute -> (N, values) float32, how sure the judge is of each value."""
        logits = torch.cat([self(part) for part in pictures.float().split(256)])
        return {name: part.softmax(1) for name, part in grouped(logits).items()}

    def values(self, pictures: Tensor) -> dict[str, Tensor]:
        """Attribute -> (N,) int64, the number of the value that it sees."""
        return {name: part.argmax(1) for name, part in self.shares(pictures).items()}


def grouped(numbers: Tensor) -> dict[str, Tensor]:
    """Columns (N, 51), in the order of a face's vector, by attribute."""
    return dict(zip(ATTRIBUTES, numbers.split(SIZES, dim=1), strict=True))


def told(vector: Tensor) -> dict[str, Tensor]:
    """Attribute -> (N,) int64, of faces' own vectors (N, 51)."""
    return {name: part.argmax(1) for name, part in grouped(vector).items()}


def named(attribute: str, value: str) -> int:
    """The number of a value, as `values` gives it."""
    if value not in ATTRIBUTES[attribute]:
        raise unknown(attribute, value, ATTRIBUTES[attribute])
    return ATTRIBUTES[attribute].index(value)


def judge() -> Judge:
    """The judge in eval mode, from the cache or trained now."""
    data = sparring.data.load("avatars")
    path = cache.folder("judges") / f"avatars-{data.fingerprint[:8]}.safetensors"
    if not path.exists():
        save_file(trained(data).state_dict(), path)
    made = Judge().eval().requires_grad_(False)
    made.load_state_dict(load_file(path))
    return made


def trained(data: Dataset, seed: int = 0) -> Judge:
    """A judge of the training faces, which are shifted by up to 2 pixels and a little noisy."""
    torch.manual_seed(seed)
    made, domain = Judge(), data.domain.build()
    feed = data.feed(batch=BATCH, seed=seed)
    optimizer = torch.optim.AdamW(made.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
    for step in range(STEPS):
        items = feed.items(step)
        logits = made(varied(domain.encode(items["sample"])))
        truth = told(items["vector"])
        cost = sum(
            functional.cross_entropy(part, truth[name]) for name, part in grouped(logits).items()
        )
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        schedule.step()
    return made.eval().requires_grad_(False)


def varied(pictures: Tensor) -> Tensor:
    """So that it minds neither a pixel's shift nor a generator's grain."""
    down, across = torch.randint(-2, 3, (2,)).tolist()
    moved = functional.pad(pictures, (2, 2, 2, 2), mode="replicate")
    moved = moved[..., 2 + down : 2 + down + SIDE, 2 + across : 2 + across + SIDE]
    return moved + torch.randn_like(moved) * torch.rand(len(moved), 1, 1, 1) * 0.1


def right(found: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> dict[str, float]:
    """Attribute -> the share of faces that are read as they should be."""
    return {name: float((found[name] == truth[name]).double().mean()) for name in truth}


def main() -> None:
    reader = judge()
    data = sparring.data.load("avatars")
    held = data.held_out.take(torch.arange(len(data.held_out)))
    found = reader.values(data.domain.build().encode(held["sample"]))
    accuracy = right(found, told(held["vector"]))
    often = {name: part.mean(0).max().item() for name, part in grouped(held["vector"]).items()}
    for name, share in accuracy.items():
        print(f"{name:12s} {share:.4f}   most frequent value {often[name]:.4f}")
    record(
        "attributes",
        {
            "held_out": len(held["sample"]),
            "accuracy": accuracy,
            "most_frequent": often,
        },
    )


if __name__ == "__main__":
    main()
