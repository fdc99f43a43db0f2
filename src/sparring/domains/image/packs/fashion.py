"""Fashion-MNIST, from Debian or by its Hugging Face name."""

from __future__ import annotations

from pathlib import Path

from sparring.data import files
from sparring.data.arraypack import ArrayPack
from sparring.data.content import Content
from sparring.data.kinds import Reading

_FASHION = "usr/share/datasets/fashion-mnist"


def unpack(folder: Path, reading: Reading) -> Content:
    """The pictures of four IDX files."""
    words = "T-shirt or top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    return files.read_idx_folder(folder, reading).replace(classes=tuple(words.split(",")))


PACK = ArrayPack(
    name="fashion",
    about="Fashion-MNIST, 60,000 pictures of clothes and 10,000 held out, 28 x 28 grey",
    licence="MIT (Zalando SE)",
    count=70000,
    shape=(1, 28, 28),
    client="apt",
    package="dataset-fashion-mnist",
    megabytes=30.9,
    members={
        f"{_FASHION}/train-images-idx3-ubyte.gz": (
            "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
        ),
        f"{_FASHION}/train-labels-idx1-ubyte.gz": (
            "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
        ),
        f"{_FASHION}/t10k-images-idx3-ubyte.gz": (
            "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
        ),
        f"{_FASHION}/t10k-labels-idx1-ubyte.gz": (
            "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
        ),
    },
    unpack=unpack,
    installed=f"/{_FASHION}",
    hub="zalando-datasets/fashion_mnist",
)
