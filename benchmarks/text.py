"""text2image on held-out sentences: is what was said in the picture?

    sparring train text2image --data avatars --steps 1600 --seed 0 --run runs/text-avatars
    sparring train cgan --data avatars --steps 1500 --seed 0 --run runs/cgan-avatars
    python benchmarks/text.py avatars runs/text-avatars --labels runs/cgan-avatars

Several runs may be named, to stand side by side.

R-precision (Xu et al. 2018, section 4.1) is the share of pictures whose own sentence is the nearest
among 100 held-out ones, by a judge of two encoders that is trained on real training pairs alone.
Attributes are read by the judge of benchmarks/attributes.py; held-out avatars combine hairstyle,
hair colour and glasses as no training face does. Frechet distances are of EfficientNet-Lite0's
features, to the true pictures of the sentences; for real ones, of as many training pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from attributes import Judge, judge, right, told, varied
from machine import record
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

import sparring.data
from sparring.artifact.model import Model
from sparring.core.types import Condition
from sparring.data import cache
from sparring.data.dataset import Dataset
from sparring.domains.image.pretrained import efficientnet
from sparring.metrics.distances import frechet
from sparring.networks.sentence import Sentence
from sparring.verbs.fitting import seen
from sparring.verbs.strips import Row, write_rows

AMONG, STEPS, BATCH, RATE, SIZE = 100, 700, 96, 1e-3, 128
RESULTS = Path(__file__).parent / "results"


class Pairs(nn.Module):
    """Pictures and sentences into one space, where those that belong together are near."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.eye, self.ear = Judge(), Sentence(vocabulary, SIZE)
        self.eye.head = nn.Linear(256, SIZE)

    def pictures(self, pictures: Tensor) -> Tensor:
        """(N, SIZE), of length 1."""
        return functional.normalize(torch.cat([self.eye(x) for x in pictures.split(256)]), dim=1)

    def sentences(self, tokens: Tensor) -> Tensor:
        """(N, SIZE), of length 1."""
        return functional.normalize(self.ear(tokens)[0], dim=1)


def trained(data: Dataset, seed: int = 0) -> Pairs:
    """A judge of real training pairs (contrastive: Radford et al. 2021)."""
    torch.manual_seed(seed)
    made, domain = Pairs(data.tokens[0]), data.domain.build()
    feed = data.feed(batch=BATCH, seed=seed)
    optimizer = torch.optim.AdamW(made.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
    for step in range(STEPS):
        items = feed.items(step)
        seen = made.pictures(varied(domain.encode(items["sample"])))
        fit = 15.0 * seen @ made.sentences(items["tokens"]).T
        numbers = torch.arange(len(fit))
        cost = functional.cross_entropy(fit, numbers) + functional.cross_entropy(fit.T, numbers)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        schedule.step()
    return made.eval().requires_grad_(False)


@torch.inference_mode()
def precision(reader: Pairs, pictures: Tensor, tokens: Tensor, seed: int = 0) -> float:
    """R-precision among 100: the picture's own sentence and 99 other, different ones."""
    random = torch.Generator().manual_seed(seed)
    seen, heard = reader.pictures(pictures), reader.sentences(tokens)
    fit = seen @ heard.T
    found = []
    for row in range(len(fit)):
        others = (tokens != tokens[row]).any(1).nonzero().flatten()
        rivals = others[torch.randperm(len(others), generator=random)[: AMONG - 1]]
        found.append(bool((fit[row, row] > fit[row, rivals]).all()))
    return sum(found) / len(found)


def nearest(data: Dataset, tokens: Tensor) -> Tensor:
    """The training pictures whose sentences share most of the words."""
    store, vocabulary = data.train, data.tokens[0]
    known = store.take(torch.arange(len(store)))["tokens"]  # type: ignore[union-attr, arg-type]
    bags = words(known, vocabulary)
    mine = words(tokens, vocabulary)
    common = mine @ bags.T
    every = mine.sum(1)[:, None] + bags.sum(1)[None] - common
    items = store.take((common / every).argmax(1))  # type: ignore[union-attr]
    return data.domain.build().encode(items["sample"])


def words(tokens: Tensor, vocabulary: int) -> Tensor:
    """Which words there are, (N, vocabulary) of 0 and 1."""
    found = torch.zeros(len(tokens), vocabulary + 1)
    return found.scatter(1, tokens + 1, 1.0)[:, 1:]


def judge_of(data: Dataset) -> Pairs:
    """The judge of such pairs, from the cache or trained now."""
    path = cache.folder("judges") / f"pairs-{data.fingerprint[:8]}.safetensors"
    if not path.exists():
        save_file(trained(data).state_dict(), path)
    found = Pairs(data.tokens[0]).eval().requires_grad_(False)
    found.load_state_dict(load_file(path))
    return found


def told_by(model: Model, data: Dataset, rows: Tensor, roll: int = 0) -> Tensor:
    """What the model makes of the sentences of held-out items, or of those so many rows before."""
    # As its networks see the data: an encoder may have read the sentences.
    held = seen(model.manifest.recipe, data).held_out.take(rows)
    return made(model, model.task.known(held).apply(lambda value: value.roll(roll, 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--labels", type=Path, help="a run of cgan, which is told labels alone")
    parser.add_argument("--count", type=int, default=500)
    asked = parser.parse_args()
    data, models = sparring.data.load(asked.data), {x.name: Model.load(x) for x in asked.runs}
    first = next(iter(models.values()))
    rows = torch.randperm(len(data.held_out))[: asked.count]
    held = data.held_out.take(rows)
    real, tokens = data.domain.build().encode(held["sample"]), held["tokens"]
    shown = {"real": real}
    shown |= {name: told_by(model, data, rows) for name, model in models.items()}
    shown["shuffled sentences"] = told_by(first, data, rows, roll=1)
    shown["nearest sentence's picture"] = nearest(data, tokens)
    if asked.labels:
        shown["labels alone"] = made(Model.load(asked.labels), Condition(label=held["label"]))
    reader, eyes = judge_of(data), efficientnet()
    read: Callable[[Tensor], dict[str, Tensor]] | None = None
    if asked.data == "avatars":
        read = judge().values
    result, features = {}, eyes.features(real)
    for name, pictures in shown.items():
        result[name] = {"r_precision": precision(reader, pictures, tokens)}
        others = some(data, len(real)) if name == "real" else pictures
        result[name]["frechet"] = frechet(features, eyes.features(others))
        if read is not None:
            result[name] |= scored(right(read(pictures), told(held["vector"])))
        print(name, {k: round(v, 3) for k, v in result[name].items()}, flush=True)
    record(f"text-{asked.data}", result)
    strips = [Row(name, first.domain, pictures[:12]) for name, pictures in shown.items()]
    write_rows(strips, RESULTS / f"text-{asked.data}.png")


def some(data: Dataset, count: int) -> Tensor:
    """So many training pictures."""
    items = data.train.take(torch.randperm(len(data.train))[:count])  # type: ignore[union-attr]
    return data.domain.build().encode(items["sample"])


def scored(shares: dict[str, float]) -> dict[str, float]:
    """Their mean, and each."""
    return {"attributes": sum(shares.values()) / len(shares), **shares}


def made(model: Model, condition: Condition) -> Tensor:
    """One picture for each of the conditions, of latents of their own."""
    count = len(next(value for value in condition if value is not None))
    latent = torch.randn(count, model.manifest.spec.latent)
    return model.generate(latent, condition)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
