"""A small network that reads layouts from pictures, to see whether made ones show their layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.streams import seed_for, stream
from sparring.core.types import Condition, Domain, Spec
from sparring.networks.unet import Generator

if TYPE_CHECKING:
    from sparring.data import Dataset

STEPS, BATCH, WIDTH, RATE = 400, 16, 16, 2e-3


def segmenter(
    dataset: Dataset, domain: Domain, source_domain: Domain
) -> Callable[[Tensor], Tensor]:
    """Learn from real training pairs to read pictures (N, C, H, W) as classes (N, H, W).

    The same data give the same reader: it is trained anew, for about a minute, from a seed.
    """
    spec = Spec(source_domain.shape, 0, map=domain.shape, head="linear")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for("segmenter"))
        network = Generator(spec, width=WIDTH, norm="none", head="linear")
    _train(network, dataset, domain, source_domain)
    network.eval()

    @torch.inference_mode()
    def read(pictures: Tensor) -> Tensor:
        return network(_no_latent(pictures), Condition(map=pictures)).argmax(1)

    return read


def _train(network: Generator, dataset: Dataset, domain: Domain, source_domain: Domain) -> None:
    store: Any = dataset.train
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    order = stream("segmenter", "order")
    for _ in range(STEPS):
        items = store.take(torch.randint(len(store), (BATCH,), generator=order))
        pictures, layout = domain.encode(items["sample"]), source_domain.encode(items["source"])
        mirrored = torch.rand(BATCH, generator=order) < 0.5
        pictures, layout = (
            torch.where(mirrored[:, None, None, None], x.flip(-1), x) for x in (pictures, layout)
        )
        scores = network(_no_latent(pictures), Condition(map=pictures))
        optimizer.zero_grad()
        F.cross_entropy(scores, layout.argmax(1)).backward()
        optimizer.step()
        falling.step()


def _no_latent(pictures: Tensor) -> Tensor:
    return pictures.new_zeros(len(pictures), 0)
