"""Damaged files of every kind: `load` reads them, or says in one sentence why not, and soon."""

from __future__ import annotations

import gzip
import io
import json
import signal
import struct
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import check, load

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 6, 7), np.uint8)
SECONDS = 20
"""No reading of so small a file may take longer."""


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def png(values: np.ndarray, mode: str | None = None) -> bytes:
    picture = Image.fromarray(values)
    if mode == "P":
        picture.putpalette([7 * i % 256 for i in range(768)])
    return saved(lambda file: picture.save(file, "png"))


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + bytes(values)


def table() -> bytes:
    rows = np.column_stack([RNG.normal(size=(12, 3)), np.arange(12) % 2])
    return saved(lambda file: np.savetxt(file, rows, delimiter=",", header="a,b,c,label"))


def tar() -> bytes:
    def write(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for index, values in enumerate(GREY):
                info = tarfile.TarInfo(f"{index:03}.png")
                data = png(values)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    return saved(write)


def parquet() -> bytes:
    import datasets

    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    rows = [{"bytes": png(values), "path": None} for values in GREY]
    made = datasets.Dataset.from_dict({"image": rows, "label": [0, 1] * 6}, features=features)
    return saved(lambda file: made.to_parquet(file))


def layouts(palette: str, text: bytes) -> dict[str, bytes]:
    """Pairs of label maps and pictures, with a palette of this name."""
    maps = {f"set/A/{n}.png": png(GREY[n] % 3, "P") for n in range(3)}
    drawn = {f"set/B/{n}.png": png(GREY[n]) for n in range(3)}
    return {f"set/{palette}": text, **maps, **drawn}


CLASSES = [[0, 1, 2, 3, "sea"], [1, 40, 50, 60, "land"], [2, 70, 80, 90, "ice"]]
LINES = "\n".join(" ".join(map(str, row)) for row in CLASSES)
MNIST = {
    "set/train-images-idx3-ubyte": idx(GREY),
    "set/train-labels-idx1-ubyte": idx(np.arange(12, dtype=np.uint8) % 3),
    "set/t10k-images-idx3-ubyte": idx(GREY[:4]),
    "set/t10k-labels-idx1-ubyte": idx(np.arange(4, dtype=np.uint8) % 3),
}
FILES: dict[str, tuple[str, dict[str, bytes]]] = {
    "npy": ("x.npy", {"x.npy": saved(lambda file: np.save(file, GREY))}),
    "npz": (
        "x.npz",
        {
            "x.npz": saved(
                lambda file: np.savez(
                    file,
                    sample=GREY,
                    label=np.arange(12) % 2,
                    vector=np.ones((12, 2)),
                    classes=np.array(["a", "b"]),
                    held_out=np.arange(12) > 9,
                )
            )
        },
    ),
    "npz-packed": ("x.npz", {"x.npz": saved(lambda file: np.savez_compressed(file, sample=GREY))}),
    "csv": ("x.csv", {"x.csv": table()}),
    "csv.gz": ("x.csv.gz", {"x.csv.gz": gzip.compress(table(), mtime=0)}),
    "idx": ("x.idx", {"x.idx": idx(GREY)}),
    "idx.gz": ("x.idx.gz", {"x.idx.gz": gzip.compress(idx(GREY), mtime=0)}),
    "idx-folder": ("set", MNIST),
    "pictures": ("set", {f"set/{n % 2}/{n}.png": png(GREY[n]) for n in range(4)}),
    "palette.txt": ("set", layouts("palette.txt", LINES.encode())),
    "palette.csv": ("set", layouts("palette.csv", LINES.replace(" ", ",").encode())),
    "palette.json": ("set", layouts("palette.json", json.dumps(CLASSES).encode())),
}
SLOW: dict[str, tuple[str, Callable[[], bytes]]] = {
    "tar": ("x.tar", tar),
    "parquet": ("x.parquet", parquet),
}

Change = tuple[str, float, bytes]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "cut", "drop", "insert", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, changes: list[Change]) -> bytes:
    for what, place, word in changes:
        at = int(place * len(data))
        if what == "flip" and data:
            data = data[:at] + bytes([data[at] ^ (1 << word[0] % 8)]) + data[at + 1 :]
        elif what == "set":
            data = data[:at] + word + data[at + len(word) :]
        elif what == "cut":
            data = data[:at]
        elif what == "drop":
            data = data[:at] + data[at + len(word) :]
        elif what == "insert":
            data = data[:at] + word + data[at:]
        elif what == "repeat":
            data = data[:at] + data[at:] * 2
    return data


@contextmanager
def bounded() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"reading took more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(address: str, files: dict[str, bytes]) -> None:
    """Load, and check; InputError is the only error that may come."""
    with tempfile.TemporaryDirectory() as folder, bounded():
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        try:
            found = load(Path(folder, address))
        except InputError as error:
            assert "\n" not in str(error)
            return
        assert check(found).facts and found.domain.build().shape


quick = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", FILES)
@quick
@given(which=st.integers(0, 6), changes=CHANGES)
@example(which=0, changes=[("cut", 0.0, b"x")])
def test_a_damaged_file_is_read_or_refused(kind: str, which: int, changes: list[Change]) -> None:
    address, files = FILES[kind]
    name = list(files)[which % len(files)]
    read(address, {**files, name: mutated(files[name], changes)})


@pytest.mark.parametrize("kind", SLOW)
def test_a_damaged_shard_is_read_or_refused(kind: str) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    name, write = SLOW[kind]
    data = write()

    @settings(quick, max_examples=8)
    @given(changes=CHANGES)
    def damaged(changes: list[Change]) -> None:
        read(name, {name: mutated(data, changes)})

    try:
        damaged()
    finally:
        datasets.enable_progress_bars()
