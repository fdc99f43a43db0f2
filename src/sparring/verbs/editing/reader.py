"""A small network that reads attributes from samples, learnt from the data's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.streams import seed_for, stream
from sparring.core.types import Condition, Domain, Spec
from sparring.networks.convolutional import Discriminator

if TYPE_CHECKING:
    from sparring.data import Dataset
    from sparring.data.content import Progress

STEPS, BATCH, WIDTH, RATE = 400, 64, 16, 2e-3
SURE = 8.0
"""Log odds beyond which nothing more is learnt of a sample."""
LABEL = "label"


class Known(NamedTuple):
    """What is known of the items of a data set."""

    attributes: Mapping[str, tuple[str, ...]]
    """Attribute -> the names of its values, as directions are called."""
    of: Callable[[Mapping[str, Tensor]], Tensor]
    """Items to (N, names)."""

    @property
    def names(self) -> list[str]:
        """Of all values, in their order."""
        return [name for values in self.attributes.values() for name in values]


def known(dataset: Dataset) -> Known:
    """What items are known to have: all of their attributes, or else their label.

    Raises:
        InputError: nothing is known of them.
    """
    if dataset.attributes:
        times = Counter(v for values in dataset.attributes.values() for v in values)
        named = {
            attribute: tuple(v if times[v] == 1 else f"{attribute} {v}" for v in values)
            for attribute, values in dataset.attributes.items()
        }
        return Known(named, lambda items: items["vector"].float())
    if dataset.classes:
        count = len(dataset.classes)
        values = {LABEL: tuple(map(str, dataset.classes))}
        return Known(values, lambda items: F.one_hot(items["label"].clamp_min(0), count).float())
    raise InputError(
        f"{dataset.address} has no labels and no attributes, so only directions without names of "
        "their own can be found; leave it at that with --unsupervised."
    )


def reader(
    dataset: Dataset, domain: Domain, told: Known, progress: Progress
) -> Callable[[Tensor], Tensor]:
    """Learn to read samples (N, *shape) as log odds (N, names), or as numbers of deviation 1.

    The same data give the same reader: it is trained anew, in a minute of a core, from a seed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for("reader"))
        network = Discriminator(Spec(domain.shape, 0), width=WIDTH, outputs=len(told.names))
    _train(network, dataset, domain, told, progress)
    network.eval()

    @torch.inference_mode()
    def read(samples: Tensor) -> Tensor:
        found = [network(piece, Condition()).logits for piece in samples.split(256)]
        return torch.cat(found).clamp(-SURE, SURE)

    return read


def _train(
    network: Discriminator, dataset: Dataset, domain: Domain, told: Known, progress: Progress
) -> None:
    store: Any = dataset.train
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    order = stream("reader", "order")
    for step in range(STEPS):
        progress("learning to read attributes", step, STEPS)
        items = store.take(torch.randint(len(store), (BATCH,), generator=order))
        said, true = network(domain.encode(items["sample"]), Condition()).logits, told.of(items)
        optimizer.zero_grad()
        _cost(said, true).backward()
        optimizer.step()
        falling.step()


def _cost(said: Tensor, true: Tensor) -> Tensor:
    """Cross-entropy of values that an item has or not, squared error of numbers."""
    has = ((true == 0) | (true == 1)).all(0)
    entropy = F.binary_cross_entropy_with_logits(said, true.clamp(0, 1), reduction="none")
    numbers = (true - true.mean(0)) / true.std(0).clamp_min(1e-3)
    return torch.where(has, entropy, (said - numbers).square()).mean()


def accuracy(
    read: Callable[[Tensor], Tensor], dataset: Dataset, domain: Domain, told: Known
) -> float:
    """The share of held-out items' values that are read rightly, as often there as not."""
    store: Any = dataset.held_out if len(dataset.held_out) else dataset.train
    items = store.take(torch.arange(min(512, len(store))))
    said, true = read(domain.encode(items["sample"])) > 0, told.of(items) > 0.5
    rates = [
        (said[:, k] == true[:, k])[true[:, k] == there].float().mean()
        for k in range(true.shape[1])
        for there in (True, False)
        if bool((true[:, k] == there).any())
    ]
    return float(torch.stack(rates).mean())
