from __future__ import annotations

import gzip
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import cache, check, load

Writer = Callable[..., Path]
GREY = np.random.default_rng(0).integers(0, 256, (20, 6, 7), np.uint8)


def refusal(source: Path | str, **options: Any) -> str:
    """The one sentence that `load` refuses with; `check` must say the same, and not raise."""
    with pytest.raises(InputError) as caught:
        load(source, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.rstrip().endswith((".", "?"))
    report = check(source, **options)
    assert not report.ok and report.errors
    return sentence


def truncated(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-600])
    return path


def huge_png(path: Path, side: int) -> Path:
    """A PNG whose header promises side x side pixels; 100 bytes long."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data)
    return path


def test_a_missing_folder(tmp_path: Path) -> None:
    assert "no file or folder" in refusal(tmp_path / "gone")


def test_an_empty_folder_and_one_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "the folder is empty. Give a folder of" in refusal(tmp_path / "empty")
    (tmp_path / "empty" / "a.txt").write_text("a")
    assert "none of its 1 files" in refusal(tmp_path / "empty")


def test_an_unreadable_folder(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def denied(path: Any) -> Any:
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    assert "dog cannot be read (Permission denied)" in refusal(faces)


def test_a_text_file_named_png(faces: Path) -> None:
    (faces / "cat" / "note.png").write_text("This is no picture.")
    sentence = refusal(faces)
    assert "1 of 13 pictures" in sentence
    assert "cat/note.png (not a picture" in sentence and "sparring data check" in sentence


def test_a_truncated_jpeg_is_named(tmp_path: Path, picture: Writer) -> None:
    picture(tmp_path / "good.png", size=(64, 64))
    truncated(tmp_path / "torn.jpg")
    sentence = refusal(tmp_path)
    assert "torn.jpg" in sentence and "truncated" in sentence and "good.png" not in sentence


def test_many_corrupt_files_are_counted_and_all_listed_by_check(tmp_path: Path) -> None:
    for index in range(5):
        (tmp_path / f"{index}.png").write_bytes(b"nothing")
    assert "and 2 more" in refusal(tmp_path)
    assert len(check(tmp_path).errors) == 5


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_a_huge_picture_is_refused_by_its_header(faces: Path, side: int) -> None:
    huge_png(faces / "cat" / "huge.png", side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentence = refusal(faces, size=8)
    assert "cat/huge.png" in sentence and "megapixels" in sentence


def test_mixed_sizes_ask_for_a_size(tmp_path: Path, picture: Writer) -> None:
    picture(tmp_path / "a.png", size=(8, 8))
    picture(tmp_path / "b.png", size=(8, 9))
    sentence = refusal(tmp_path)
    assert "8 x 8 and 8 x 9" in sentence and "--size" in sentence


def test_mixed_modes_ask_for_a_choice(tmp_path: Path, picture: Writer) -> None:
    for index, mode in enumerate(("L", "L", "RGB", "RGBA")):
        picture(tmp_path / f"{index}.png", mode=mode)
    sentence = refusal(tmp_path)
    assert "2 grey, 1 colour, 1 colour with alpha" in sentence and "--channels" in sentence


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def npy(path: Path, values: Any) -> Path:
    np.save(path, values)
    return path


ARRAYS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "npy-words": (lambda p: written(p / "x.npy", b"hello"), "is damaged, or holds"),
    "npy-empty": (lambda p: written(p / "x.npy", b""), "cannot be read as an .npy"),
    "npy-torn": (
        lambda p: written(p / "y.npy", npy(p / "x.npy", GREY).read_bytes()[:-9]),
        "cannot be read as an .npy",
    ),
    "npy-objects": (lambda p: npy(p / "x.npy", np.array([{}, 1])), "Python objects"),
    "npy-complex": (lambda p: npy(p / "x.npy", GREY * 1j), "plain numbers"),
    "npy-flat": (lambda p: npy(p / "x.npy", np.zeros(9)), "shape (9,)"),
    "npy-none": (lambda p: npy(p / "x.npy", GREY[:0]), "shape (0, 6, 7)"),
    "npy-five": (lambda p: npy(p / "x.npy", np.zeros((2, 5, 6, 7))), "C from 1 to 4"),
    "npy-nan": (
        lambda p: npy(p / "x.npy", np.where(np.arange(84).reshape(2, 6, 7) == 50, np.nan, 0)),
        "NaN or infinity, first in item 1",
    ),
    "npy-range": (lambda p: npy(p / "x.npy", GREY * 40.0), "hold values from"),
    "npy-negative": (lambda p: npy(p / "x.npy", GREY.astype(int) - 9), "hold values from"),
    "npy-points-nan": (lambda p: npy(p / "x.npy", np.full((3, 2), np.inf)), "NaN or infinity"),
    "npz-words": (lambda p: written(p / "x.npz", b"hello"), "is damaged, or holds"),
    "npz-torn": (
        lambda p: written(p / "y.npz", save(p / "x.npz", sample=GREY).read_bytes()[:-99]),
        "cannot be read as an .npz",
    ),
    "npz-nothing": (lambda p: save(p / "x.npz", weights=GREY), "weights"),
    "npz-objects": (lambda p: save(p / "x.npz", sample=np.array([{}, 1])), "Python objects"),
    "npz-label-length": (
        lambda p: save(p / "x.npz", sample=GREY, label=np.zeros(19)),
        "20 samples but 19 label",
    ),
    "npz-label-fraction": (
        lambda p: save(p / "x.npz", sample=GREY, label=np.full(20, 0.5)),
        "whole numbers",
    ),
    "npz-label-outside": (
        lambda p: save(p / "x.npz", sample=GREY, label=np.full(20, 2), classes=["a", "b"]),
        "outside its 2 classes",
    ),
    "npz-vector-nan": (
        lambda p: save(p / "x.npz", sample=GREY, vector=np.full((20, 2), np.nan)),
        "the vectors of",
    ),
    "csv-empty": (lambda p: written(p / "x.csv", b""), "no row"),
    "csv-names-only": (lambda p: written(p / "x.csv", b"a,b\n"), "no row"),
    "csv-words": (lambda p: written(p / "x.csv", b"1,2\n3,four\n"), "table of numbers"),
    "csv-ragged": (lambda p: written(p / "x.csv", b"1,2\n3,4,5\n"), "table of numbers"),
    "csv-bytes": (lambda p: written(p / "x.csv", b"\xff\xfe\0\1"), "table of numbers"),
    "csv-nan": (lambda p: written(p / "x.csv", b"1,2\nnan,4\n"), "first in item 1"),
    "csv-no-gzip": (lambda p: written(p / "x.csv.gz", b"1,2\n"), "table of numbers"),
    "idx-words": (lambda p: written(p / "x.idx", b"hello"), "no IDX file"),
    "idx-empty": (lambda p: written(p / "x.idx", b""), "no IDX file"),
    "idx-torn": (
        lambda p: written(p / "x.idx", struct.pack(">4B3I", 0, 0, 8, 3, 9, 9, 9) + b"abc"),
        "needs 729 bytes after its header, and 3 are there",
    ),
    "idx-torn-gzip": (
        lambda p: written(p / "x-ubyte.gz", gzip.compress(bytes(GREY))[:40]),
        "cannot be read as an IDX",
    ),
    "parquet-words": (lambda p: written(p / "x.parquet", b"hello"), "through `datasets`"),
    "single-picture": (lambda p: written(p / "x.png", b""), "is no data set"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_a_bad_file_gets_one_sentence(tmp_path: Path, case: str) -> None:
    write, words = ARRAYS[case]
    path = write(tmp_path)
    sentence = refusal(path)
    assert words in sentence and path.name in sentence


def test_an_unknown_name_suggests_the_nearest() -> None:
    assert refusal("digit") == "unknown data set 'digit': did you mean 'digits'?"
    said = refusal("zzz")
    assert "known: " in said and " digits, " in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "at least 1 x 1"),
        ({"size": (3, -1)}, "at least 1 x 1"),
        ({"channels": 5}, "channels must be"),
        ({"held_out": 1.0}, "held-out share"),
        ({"streaming": True}, "cannot be streamed"),
    ],
)
def test_a_bad_option_gets_one_sentence(faces: Path, options: Any, words: str) -> None:
    assert words in refusal(faces, **options)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    written(tmp_path / "x.parquet", b"")
    assert "pip install 'sparring[datasets]'" in refusal(tmp_path / "x.parquet")


def test_a_cache_that_cannot_be_made(
    tmp_path: Path, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "file", b"")
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "file" / "below"))
    monkeypatch.setattr("sparring.data.cache.MEMORY_LIMIT", 1)
    assert "SPARRING_CACHE" in refusal(faces)


def test_a_cache_that_cannot_be_locked(own_cache: Path) -> None:
    (own_cache / "x.lock").mkdir(parents=True)
    with pytest.raises(InputError, match="SPARRING_CACHE"), cache.alone(own_cache / "x"):
        pass


def test_a_full_disk_leaves_nothing_behind(
    faces: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sparring.data.cache.MEMORY_LIMIT", 1)
    monkeypatch.setattr(os, "replace", full)
    assert "No space left on device" in refusal(faces)
    assert not [path for path in own_cache.rglob("*") if path.suffix == ".npy"]
