"""Train the judge of a pack on its training split, and write the weights that sparring ships.

    python scripts/train_judge.py digits fashion

One core is enough: about three minutes each. Two losses shape the features: the label's, and
that of a linear decoder which must redraw the picture at half its size from them. Without the
second a classifier forgets much that does not tell labels apart: on digits, thickening the
strokes then moves the Frechet distance half as far from its floor (weights/README.md).
"""

from __future__ import annotations

import argparse
import time

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from sparring.core.streams import seed_for, stream
from sparring.core.types import Store
from sparring.data import load
from sparring.domains.image.judge import FEATURES, SIDE, WEIGHTS, Judge

EPOCHS = {"digits": 30, "fashion": 6}
FLIPS = {"digits": False, "fashion": True}
REACH = {"digits": (0.2, 0.12, 0.12, 2.0), "fashion": (0.0, 0.0, 0.0, 0.0)}
"""Most rotation (radians), log scale, shear, and shift (pixels) of a training picture."""
BATCH = 128
RATE = 4e-3
REDRAW = 5.0
"""Weight of the decoder's squared error against the cross-entropy."""


def main() -> None:
    """Train the judges named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", choices=sorted(EPOCHS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.names:
        start = time.process_time()
        network = train(name, arguments.seed)
        save(network, name)
        used = time.process_time() - start
        print(f"{name}: held-out accuracy {accuracy(network, name):.4f}, {used:.0f} s of one core")


def train(name: str, seed: int) -> Judge:
    """The judge of a pack."""
    torch.manual_seed(seed_for("judge", name, seed))
    data = load(name)
    network, decoder = Judge(len(data.classes) or 10), nn.Linear(FEATURES, (SIDE // 2) ** 2)
    # Channels last makes a step a quarter faster on a CPU.
    network = network.to(memory_format=torch.channels_last)
    parameters = [*network.parameters(), *decoder.parameters()]
    steps = EPOCHS[name] * (len(data.train) // BATCH)
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    draw = stream("judge data", name, seed)
    for epoch in range(EPOCHS[name]):
        for indices in torch.randperm(len(data.train), generator=draw).split(BATCH):
            if len(indices) < BATCH:
                continue
            samples, labels = take(data.train, indices)
            value = loss(network, decoder, augment(samples, name, draw), labels)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
        print(f"{name}: epoch {epoch + 1} of {EPOCHS[name]}, loss {value.item():.3f}", flush=True)
    return network.eval()


def loss(network: Judge, decoder: nn.Module, samples: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the labels plus the squared error of the redrawn picture."""
    rows = samples.contiguous(memory_format=torch.channels_last)
    features = network.neck(network.body(rows))
    logits = network.head(features)
    redrawn = functional.mse_loss(decoder(features), functional.avg_pool2d(samples, 2).flatten(1))
    return functional.cross_entropy(logits, labels) + REDRAW * redrawn


def augment(samples: Tensor, name: str, draw: torch.Generator) -> Tensor:
    """Samples (N, 1, 28, 28) rotated, scaled, sheared, shifted and, for clothes, mirrored."""
    turn, scale, shear, shift = REACH[name]

    def within(reach: float) -> Tensor:
        return (torch.rand(len(samples), generator=draw) * 2 - 1) * reach

    angle, size, slant = within(turn), within(scale).exp(), within(shear)
    side = torch.ones(len(samples))
    if FLIPS[name]:
        side -= 2 * (torch.rand(len(samples), generator=draw) < 0.5).float()
    rows = [
        torch.stack([angle.cos() * size * side, slant - angle.sin() * size, within(shift / 14)], 1),
        torch.stack([angle.sin() * size * side, angle.cos() * size, within(shift / 14)], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(samples.shape), align_corners=False)
    # The background is -1; grid_sample fills with 0.
    return functional.grid_sample(samples + 1, grid, align_corners=False) - 1


def take(store: Store, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Samples in [-1, 1] and labels of the items at these indices."""
    items = store.take(indices)
    return items["sample"].float() / 127.5 - 1, items["label"]


def save(network: Judge, name: str) -> None:
    """Write the weights as float16, and go on with what was written."""
    half = {key: _halved(value) for key, value in network.state_dict().items()}
    network.load_state_dict(half)
    save_file(half, WEIGHTS / f"{name}.safetensors")


def _halved(value: Tensor) -> Tensor:
    return value.half().contiguous() if value.is_floating_point() else value


@torch.inference_mode()
def accuracy(network: Judge, name: str) -> float:
    """Share of held-out items whose label is found."""
    store = load(name).held_out
    samples, labels = take(store, torch.arange(len(store)))
    found = torch.cat([network(part)[1].argmax(1) for part in samples.split(500)])
    return float((found == labels).double().mean())


if __name__ == "__main__":
    main()
