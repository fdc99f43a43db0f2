"""Data handed over in Python: whatever holds them, they are read as their file would be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, TensorDataset

from sparring.core.errors import InputError
from sparring.data import check, load

Writer = Callable[..., Path]
GREY = np.random.default_rng(0).integers(0, 256, (20, 6, 7), np.uint8)
LABEL = np.arange(20) % 3


class Numbered(TorchDataset):
    """Items of a torch data set."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def pictures() -> list[Image.Image]:
    return [Image.fromarray(values) for values in GREY]


def rows(**columns: Any) -> Any:
    import datasets

    return datasets.Dataset.from_dict(columns)


GIVEN: dict[str, Callable[[], Any]] = {
    "array": lambda: GREY,
    "tensor": lambda: torch.from_numpy(GREY),
    "list of arrays": lambda: list(GREY),
    "pictures": pictures,
    "torch data set": lambda: TensorDataset(torch.from_numpy(GREY)),
    "torch data set of pictures": lambda: Numbered(pictures()),
    "datasets": lambda: rows(image=pictures()),
}
LABELLED: dict[str, Callable[[], Any]] = {
    "arrays by name": lambda: {"sample": GREY, "label": torch.from_numpy(LABEL)},
    "pairs": lambda: [(values, int(label)) for values, label in zip(GREY, LABEL, strict=True)],
    "pictures": lambda: list(zip(pictures(), LABEL.tolist(), strict=True)),
    "torch data set": lambda: TensorDataset(torch.from_numpy(GREY), torch.from_numpy(LABEL)),
    "torch items by name": lambda: Numbered(
        [{"image": picture, "label": int(n)} for picture, n in zip(pictures(), LABEL, strict=True)]
    ),
    "datasets": lambda: rows(image=pictures(), label=LABEL.tolist()),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_given_is_read_as_its_file(tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "x.npy", GREY)
    expected = load(tmp_path / "x.npy")
    found = load(GIVEN[kind]())
    assert found.fingerprint == expected.fingerprint
    assert found.address.startswith("python:") and check(GIVEN[kind]()).ok


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_come_along(tmp_path: Path, kind: str) -> None:
    np.savez(tmp_path / "x.npz", sample=GREY, label=LABEL)
    expected, found = load(tmp_path / "x.npz"), load(LABELLED[kind]())
    assert found.fingerprint == expected.fingerprint and found.classes == ("0", "1", "2")


def test_points_floats_and_options() -> None:
    points = torch.randn(30, 2, dtype=torch.bfloat16, requires_grad=True)
    assert load(points).domain.name == "Points"
    assert load([[0.5, 1.5], [2.5, 3.5], [4.5, 5.0]]).domain.arguments["shape"] == (2,)
    assert load(GREY, size=4).domain.arguments["shape"] == (1, 4, 4)
    assert load(pictures(), size=(3, 4), fit="pad").domain.arguments["shape"] == (1, 3, 4)
    assert load(np.zeros((5, 1, 40)), kind="pictures").domain.arguments["shape"] == (1, 1, 40)


def test_words_are_labels_too() -> None:
    found = load([(picture, "cat" if n % 2 else "dog") for n, picture in enumerate(pictures())])
    assert found.classes == ("cat", "dog")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_pictures_of_every_mode_are_read_as_their_files(tmp_path: Path, mode: str) -> None:
    if mode in ("F", "I;16"):
        values = np.arange(48, dtype=np.float32 if mode == "F" else np.uint16).reshape(6, 8)
        picture = Image.fromarray(values / 48 if mode == "F" else values * 1000)
    else:
        noise = np.random.default_rng(0).integers(0, 256, (6, 8, 4), np.uint8)
        picture = Image.fromarray(noise, "RGBA").convert(mode)
    suffix = "tiff" if mode in ("CMYK", "F") else "png"
    picture.save(tmp_path / f"x.{suffix}")
    expected = load(tmp_path, held_out=0).train.fields["sample"]
    if mode == "F":
        with pytest.raises(InputError, match="float pictures"):
            load([picture])
        return
    assert torch.equal(load([picture], held_out=0).train.fields["sample"], expected)


def test_transparency_and_orientation_are_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY[0]).save(tmp_path / "x.png", exif=exif)
    with Image.open(tmp_path / "x.png") as picture:
        turned = load([picture], held_out=0).train.fields["sample"]
    assert torch.equal(turned, load(tmp_path, held_out=0).train.fields["sample"])
    clear = Image.fromarray(GREY[0]).quantize(4)
    clear.info["transparency"] = 0
    assert load([clear]).domain.arguments["shape"][0] == 4


def test_a_stream_of_hugging_faces_is_a_stream() -> None:
    made = rows(image=pictures(), label=LABEL.tolist()).to_iterable_dataset()
    found = load(made)
    assert found.streaming and found.feed(batch=4, seed=0).items(0)["sample"].shape == (4, 1, 6, 7)


def test_a_path_is_read_as_its_string_and_remembered_whole(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(faces.parent)
    for address in (
        "faces",
        "faces/",
        Path("faces"),
        "./faces",
        "../" + faces.parent.name + "/faces",
    ):
        found = load(address)
        assert os.path.isabs(found.address) and os.path.samefile(found.address, faces)
    assert load("ring8").address == "ring8"
    dataset = load("faces")
    assert load(dataset) is dataset


class Endless(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "the int that was given is no data"),
        (None, "the NoneType that was given is no data"),
        ([], "is empty"),
        (Endless(), "no length"),
        ([GREY[0], GREY[0][:3]], r"several shapes, such as \(6, 7\) and \(3, 7\)"),
        ([Image.new("L", (4, 4)), GREY[0]], "item 1 is a"),
        ([Image.new("L", (4, 4)), Image.new("L", (4, 5))], "2 sizes"),
        ({"weights": GREY}, "holds weights, but no array named 'sample'"),
        (["a", "b"], "plain numbers"),
        (np.array([{}]), "plain numbers"),
        (torch.zeros(3), r"shape \(3,\)"),
        ([{"x": GREY[0]}, {"other": 1}], "given"),
    ],
)
def test_what_is_no_data_is_refused_in_one_sentence(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(given)
    assert not check(given).ok
