"""Faults of data that were found by use: each is one sentence, nothing hangs, nothing is obeyed."""

from __future__ import annotations

import gzip
import io
import os
import signal
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sparring.cli import call
from sparring.core.errors import InputError, shown
from sparring.data import check, load

GREY = np.random.default_rng(0).integers(0, 256, (20, 6, 7), np.uint8)


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A reading that hangs fails."""

    def stop(*_: Any) -> None:
        pytest.fail("reading hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_npy", ".npy"), data)
    return path


def array(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def encrypted(path: Path) -> Path:
    """A sound archive whose members are marked as encrypted."""
    zipped(path, sample_npy=array(GREY))
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    return path


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def idx(path: Path, shape: tuple[int, ...]) -> Path:
    head = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
    path.write_bytes(head + bytes(int(np.prod(shape))))
    return path


def unequal(path: Path) -> Path:
    path.mkdir()
    for name, shape in (("train", (5, 6, 6)), ("t10k", (2, 7, 7))):
        idx(path / f"{name}-images-idx3-ubyte", shape)
    return path


def flipped(path: Path) -> Path:
    data = bytearray(gzip.compress(b"1,2\n3,4\n" * 99))
    data[30] ^= 16
    path.write_bytes(bytes(data))
    return path


CASES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "damaged member": (lambda p: zipped(p / "x.npz", sample_npy=b"\x93NUMPY\1"), "archive"),
    "encrypted member": (lambda p: encrypted(p / "x.npz"), "encrypted"),
    "no array": (lambda p: zipped(p / "x.npz", sample=b"hello"), "'sample' that is no array"),
    "scalar sample": (lambda p: saved(p / "x.npz", sample=np.float32(3)), r"shape \(\)"),
    "scalar keras": (
        lambda p: saved(p / "x.npz", x_train=3, x_test=GREY),
        "cannot be read as an .npz archive",
    ),
    "scalar classes": (
        lambda p: saved(p / "x.npz", sample=GREY, label=np.zeros(20, int), classes="cat"),
        r"classes of shape \(\); a list",
    ),
    "classes in a square": (
        lambda p: saved(p / "x.npz", sample=GREY, classes=np.array([["a"], ["b"]])),
        r"classes of shape \(2, 1\); a list",
    ),
    "split in a square": (
        lambda p: saved(p / "x.npz", sample=GREY, held_out=np.zeros((20, 2), bool)),
        r"held_out of shape \(20, 2\)",
    ),
    "split in words": (
        lambda p: saved(p / "x.npz", sample=GREY, held_out=np.array(["yes"] * 20)),
        "true or false is needed",
    ),
    "vectors in words": (
        lambda p: saved(p / "x.npz", sample=GREY, vector=np.array([["a"]] * 20)),
        "vectors of .* must be plain numbers",
    ),
    "scalar vector": (lambda p: saved(p / "x.npz", sample=GREY, vector=3.0), "a single vector"),
    "flipped bits": (lambda p: flipped(p / "x.csv.gz"), "cannot be read as a table"),
    "70 dimensions": (lambda p: idx(p / "x.idx", (1,) * 70), "cannot be read as an IDX"),
    "unequal files": (lambda p: unequal(p / "set"), r"\(6, 6\) and t10k.* of \(7, 7\)"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_one_sentence(tmp_path: Path, case: str) -> None:
    write, said = CASES[case]
    path = write(tmp_path)
    with pytest.raises(InputError, match=said):
        load(path)
    assert not check(path).ok


def test_members_that_nobody_asks_for_may_be_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.npz", sample_npy=array(GREY), other_npy=b"hello")
    assert load(path).count == 18


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("palette.json", "[" * 100_000),
        ("palette.json", "[[0, 1, 2, " + "9" * 5000 + "], [1, 2, 3, 4]]"),
        ("palette.csv", '0,1,2,3,"' + "x" * 200_000 + '"\n1,2,3,4,b'),
    ],
)
def test_a_palette_without_end_is_named(tmp_path: Path, name: str, text: str) -> None:
    for side in "AB":
        (tmp_path / side).mkdir()
        Image.new("L", (4, 4)).save(tmp_path / side / "a.png")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"the palette .*{name}"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["pipe", "x.npy", "x.npz", "x.csv", "x.idx", "x.parquet", "a.png"])
def test_a_pipe_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="a pipe, a socket or a device"):
        load(tmp_path / name)
    assert not check(tmp_path / name).ok


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin"])
def test_a_device_is_refused(device: str) -> None:
    if Path(device).exists() and not Path(device).is_file():
        with pytest.raises(InputError, match="a pipe, a socket or a device"):
            load(device)


def test_pipes_within_a_folder_are_passed_over(faces: Path, tmp_path: Path) -> None:
    expected = load(faces).fingerprint
    os.mkfifo(faces / "cat" / "pipe.png")
    assert load(faces).fingerprint == expected and check(faces).ok
    for side in "AB":
        (tmp_path / "pairs" / side).mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / "pairs" / side / "a.png")
        os.mkfifo(tmp_path / "pairs" / side / "b.png")
    assert load(tmp_path / "pairs", held_out=0).count == 1
    (tmp_path / "shards").mkdir()
    os.mkfifo(tmp_path / "shards" / "x.parquet")
    with pytest.raises(InputError, match="no data set"):
        load(tmp_path / "shards")
    (tmp_path / "mnist").mkdir()
    for name in ("train", "t10k"):
        os.mkfifo(tmp_path / "mnist" / f"{name}-images-idx3-ubyte")
    with pytest.raises(InputError, match="no data set"):
        load(tmp_path / "mnist")


def test_a_name_too_long_is_one_sentence() -> None:
    with pytest.raises(InputError, match="File name too long"):
        load("x" * 5000)


def test_names_with_escape_sequences_are_shown_escaped(
    faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202egnp.png"
    (faces / "cat" / evil).write_bytes(b"nothing")
    with pytest.raises(InputError) as caught:
        load(faces)
    assert "\\x1b]0;owned\\x07\\x1b[2J\\u202egnp.png" in str(caught.value)
    assert call(["data", "check", str(faces)]) == 2
    assert call(["data", "check", "\x1b[2Jgone/x"]) == 2
    assert call(["train", "r3", "--data", str(faces), "--steps", "1"]) == 2
    printed = capsys.readouterr()
    for text in (printed.out, printed.err, str(caught.value)):
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert shown("Ähre 木 ok") == "Ähre 木 ok"
