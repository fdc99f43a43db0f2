"""Reference: the classic fully connected Keras GAN, in the style it is usually published.

Runs in its own environment (see README.md beside this file); it never imports sparring.

    python keras_gan.py --seed 0 --out keras_samples_0.npy --json keras_0.json
"""

# ruff: noqa: E402 (the clock and the settings must come before the heavy imports)

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
START = time.perf_counter()

import keras
import numpy as np
import tensorflow
from keras import layers

LATENT = 100
FASHION = Path("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")


def load_images(path: Path) -> np.ndarray:
    """IDX pictures as float32 (N, 28, 28, 1) in [-1, 1]."""
    raw = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(raw, ">i4", count=3, offset=4)
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(*shape, 1)
    return pixels.astype(np.float32) / 127.5 - 1.0


def build_generator() -> keras.Model:
    """Latent 100 -> 256 -> 512 -> 1024 -> 28 x 28 x 1, tanh."""
    model = keras.Sequential([keras.Input((LATENT,))])
    for width in (256, 512, 1024):
        model.add(layers.Dense(width))
        model.add(layers.LeakyReLU(negative_slope=0.2))
        model.add(layers.BatchNormalization(momentum=0.8))
    model.add(layers.Dense(28 * 28, activation="tanh"))
    model.add(layers.Reshape((28, 28, 1)))
    return model


def build_discriminator() -> keras.Model:
    """28 x 28 x 1 -> 512 -> 256 -> probability of being real."""
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten()])
    for width in (512, 256):
        model.add(layers.Dense(width))
        model.add(layers.LeakyReLU(negative_slope=0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def adam() -> keras.optimizers.Adam:
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def combine(generator: keras.Model, discriminator: keras.Model) -> keras.Model:
    """G followed by a frozen D.

    Keras 3 reads `trainable` when it traces a training function, at the first
    `train_on_batch`, and not (as Keras 2 did) in `compile`. So D must have been traced before
    this is called, or D would silently never learn.
    """
    discriminator.trainable = False
    latent = keras.Input((LATENT,))
    combined = keras.Model(latent, discriminator(generator(latent)))
    combined.compile(loss="binary_crossentropy", optimizer=adam())
    return combined


def train(images: np.ndarray, iterations: int, batch: int) -> keras.Model:
    """The classic loop; returns the trained generator."""
    generator, discriminator = build_generator(), build_discriminator()
    discriminator.compile(loss="binary_crossentropy", optimizer=adam(), metrics=["accuracy"])
    combined = None
    ones, zeros = np.ones((batch, 1)), np.zeros((batch, 1))
    for iteration in range(iterations):
        real = images[np.random.randint(0, len(images), batch)]
        fake = generator.predict(np.random.normal(0, 1, (batch, LATENT)), verbose=0)
        on_real = discriminator.train_on_batch(real, ones)
        on_fake = discriminator.train_on_batch(fake, zeros)
        combined = combined or combine(generator, discriminator)
        g_loss = combined.train_on_batch(np.random.normal(0, 1, (batch, LATENT)), ones)
        if iteration % 200 == 0 or iteration == iterations - 1:
            # Keras averages these over all calls so far; they are only a sign of life.
            print(f"{iteration:5d} D {on_real} {on_fake} G {g_loss}", flush=True)
    return generator


def sample(generator: keras.Model, count: int) -> np.ndarray:
    """`count` samples, float32 (count, 1, 28, 28) in [-1, 1]."""
    latent = np.random.normal(0, 1, (count, LATENT))
    made = generator.predict(latent, batch_size=500, verbose=0)
    return np.ascontiguousarray(made.transpose(0, 3, 1, 2), dtype=np.float32)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=FASHION, help="IDX .gz of 28 x 28 pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--out", type=Path, required=True, help="where the samples go (.npy)")
    parser.add_argument("--json", type=Path, required=True, help="where the timings go")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    keras.utils.set_random_seed(arguments.seed)
    images = load_images(arguments.data)
    began = time.perf_counter()
    generator = train(images, arguments.iterations, arguments.batch)
    trained = time.perf_counter()
    np.save(arguments.out, sample(generator, arguments.samples))
    report = {
        "seed": arguments.seed,
        "iterations": arguments.iterations,
        "batch": arguments.batch,
        "samples": arguments.samples,
        "images": len(images),
        "train_seconds": trained - began,
        "total_seconds": time.perf_counter() - START,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "cpus": len(os.sched_getaffinity(0)),
    }
    arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
