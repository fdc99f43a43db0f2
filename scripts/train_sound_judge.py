"""Train the judge of sound on the training split of `drums`, and write the weights that we ship.

    python scripts/train_sound_judge.py

One core is enough: a few minutes. Few drums have to teach a whole class, so each is heard at
other pitches, lengths, loudness, colours and noise floors. As with the judges of pictures
(train_judge.py), the features must also redraw what was heard through a linear decoder.
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
from sparring.data import Dataset, load
from sparring.domains.sound.judge import FEATURES, NAME, RATE, WEIGHTS, Judge, heard

EPOCHS = 100
BATCH = 64
LEARNING = 4e-3
REDRAW = 5.0
"""Weight of the decoder's squared error against the cross-entropy."""
SMOOTH = 0.1
"""Of the labels."""
STRETCH, SHIFT, EARLY = 0.25, 6.0, 1.0
"""Most log factor of length, mel bands of pitch, and frames of time that a sound is moved."""
TILT, GAIN, FLOOR = 0.15, 0.15, 0.3
"""Most change of the highest against the lowest band, of loudness, and of the noise floor."""


def main() -> None:
    """Train the judge, write it, and say how well it does."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start = time.process_time()
    data = load(NAME)
    network = train(data, arguments.seed)
    save(network)
    used = time.process_time() - start
    known = confusion(network, data)
    share = float(known.diagonal().sum() / known.sum())
    print(f"{NAME}: held-out accuracy {share:.4f} of {int(known.sum())}, {used:.0f} s of one core")
    for name, row in zip(data.classes, known.tolist(), strict=True):
        print(f"{name:8}", *(f"{count:4}" for count in row))


def train(data: Dataset, seed: int) -> Judge:
    """The judge of these drums."""
    torch.manual_seed(seed_for("judge", NAME, seed))
    spectrograms, labels = take(data.train)
    counts = labels.bincount().float()
    weight = (counts.mean() / counts).sqrt()
    network, decoder = Judge(len(data.classes)), nn.Linear(FEATURES, 20 * 16)
    network = network.to(memory_format=torch.channels_last)
    steps = EPOCHS * (len(labels) // BATCH)
    parameters = [*network.parameters(), *decoder.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING, total_steps=steps)
    draw = stream("judge data", NAME, seed)
    for epoch in range(EPOCHS):
        for indices in torch.randperm(len(labels), generator=draw).split(BATCH):
            if len(indices) < BATCH:
                continue
            varied = augment(spectrograms[indices], draw)
            features, logits = network(varied)
            redrawn = functional.avg_pool2d(varied, 4).flatten(1)
            value = functional.cross_entropy(
                logits, labels[indices], weight=weight, label_smoothing=SMOOTH
            ) + REDRAW * functional.mse_loss(decoder(features), redrawn)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1} of {EPOCHS}, loss {value.item():.3f}", flush=True)
    return network.eval()


def augment(spectrograms: Tensor, draw: torch.Generator) -> Tensor:
    """Spectrograms (N, 1, 80, 64) longer or shorter, higher or lower, softer, duller, noisier."""
    count = len(spectrograms)

    def within(reach: float, *shape: int) -> Tensor:
        return (torch.rand(count, *shape, generator=draw) * 2 - 1) * reach

    length = within(STRETCH).exp()
    rows = torch.zeros(count, 2, 3)
    rows[:, 0, 0], rows[:, 1, 1] = length, 1
    rows[:, 0, 2] = length - 1 + within(EARLY / 32)  # the onset stays at the beginning
    rows[:, 1, 2] = within(SHIFT / 40)
    grid = functional.affine_grid(rows, list(spectrograms.shape), align_corners=False)
    moved = functional.grid_sample(spectrograms, grid, padding_mode="border", align_corners=False)
    slope = torch.linspace(-1, 1, moved.shape[2])[:, None]
    coloured = moved + slope * within(TILT, 1, 1, 1) + within(GAIN, 1, 1, 1)
    noisy = torch.rand(count, 1, 1, 1, generator=draw) < 0.3
    floor = noisy * within(FLOOR, 1, 1, 1).abs() - 1
    return torch.maximum(coloured, floor)


def take(store: Store) -> tuple[Tensor, Tensor]:
    """Spectrograms as the judge hears them, and labels, of all items."""
    items = store.take(torch.arange(len(store)))
    return heard(items["sample"].float() / 32768, RATE), items["label"]


def save(network: Judge) -> None:
    """Write the weights as float16, and go on with what was written."""
    half = {key: _halved(value) for key, value in network.state_dict().items()}
    network.load_state_dict(half)
    WEIGHTS.parent.mkdir(exist_ok=True)
    save_file(half, WEIGHTS)


def _halved(value: Tensor) -> Tensor:
    return value.half().contiguous() if value.is_floating_point() else value


@torch.inference_mode()
def confusion(network: Judge, data: Dataset) -> Tensor:
    """(classes, classes) counts of held-out items: what they are, and what they are taken for."""
    spectrograms, labels = take(data.held_out)
    found = network(spectrograms)[1].argmax(1)
    classes = len(data.classes)
    return (labels * classes + found).bincount(minlength=classes**2).view(classes, classes)


if __name__ == "__main__":
    main()
