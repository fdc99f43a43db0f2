"""A stargan of avatars on held-out faces: is what was asked for there, and does the rest stay?

    python benchmarks/stargan.py RUN

Every face is asked for one other value of each attribute in turn. `asked` is the share in which the
outside judge (attributes.py) sees it, `kept` the share of all other attributes that it reads as it
read them in the source, `chance` what `asked` is when the source is left as it is. Of expressions
true pairs exist: L1 to the true picture, beside that of the source and of the training pictures'
mean.
"""

from __future__ import annotations

import argparse

import torch
from attributes import ATTRIBUTES, Judge, judge, told
from machine import record
from torch import Tensor

import sparring
from sparring.artifact.model import Model

FACES = 400
PAIRS = ("neutral-smiling", "neutral-surprised", "smiling-angry")


def asked_for(model: Model, source: Tensor, attribute: str, wanted: Tensor) -> Tensor:
    """Each face asked for a value of the attribute, by its number (N,)."""
    made = torch.empty_like(source)
    for number in wanted.unique().tolist():
        rows = wanted == number
        made[rows] = model.translate(source[rows], to=[ATTRIBUTES[attribute][number]])
    return made


def changed(model: Model, reader: Judge, source: Tensor, truth: dict[str, Tensor]) -> dict:
    """By attribute: asked, kept, chance."""
    before, random = reader.values(source), torch.Generator().manual_seed(0)
    found = {}
    for name, values in ATTRIBUTES.items():
        step = torch.randint(1, len(values), (len(source),), generator=random)
        wanted = (truth[name] + step) % len(values)
        after = reader.values(asked_for(model, source, name, wanted))
        others = [(after[other] == before[other]).double() for other in ATTRIBUTES if other != name]
        found[name] = {
            "asked": float((after[name] == wanted).double().mean()),
            "kept": float(torch.stack(others).mean()),
            "chance": float((before[name] == wanted).double().mean()),
        }
        print(name, found[name], flush=True)
    return found


def against_truth(model: Model, pair: str) -> dict[str, float]:
    """L1 in [-1, 1] to the same people with the other expression."""
    data = sparring.load_data(f"avatars:{pair}")
    items = data.held_out.take(torch.arange(len(data.held_out)))
    source, true = (model.domain.encode(items[name]) for name in ("source", "sample"))
    training = model.domain.encode(data.train.take(torch.arange(len(data.train)))["sample"])
    rows = {
        "stargan": model.translate(source, to=[pair.partition("-")[2]]),
        "source": source,
        "mean": training.mean(0, keepdim=True),
    }
    return {name: float((row - true).abs().mean()) for name, row in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    model, reader = Model.load(parser.parse_args().run), judge()
    data = sparring.load_data("avatars")
    rows = torch.arange(FACES) * len(data.held_out) // FACES
    items = data.held_out.take(rows)
    source = model.domain.encode(items["sample"])
    found = changed(model, reader, source, told(items["vector"]))
    pairs = {pair: against_truth(model, pair) for pair in PAIRS}
    record("stargan", {"faces": FACES, "attributes": found, "pairs": pairs})


if __name__ == "__main__":
    main()
