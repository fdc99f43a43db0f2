from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.data import cache, load
from sparring.data.dataset import Dataset
from sparring.data.split import split
from sparring.data.stores import Mapped, Memory

Writer = Callable[..., Path]
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 6, 7), np.uint8)


def everything(found: Dataset) -> torch.Tensor:
    """All stored samples, sorted so that two orders compare equal."""
    assert isinstance(found.train, Memory) and isinstance(found.held_out, Memory)
    both = torch.cat([found.train.fields["sample"], found.held_out.fields["sample"]])
    rows = both.flatten(1).tolist()
    return torch.tensor(sorted(rows)).reshape(both.shape)


def ordered(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(sorted(values.reshape(len(values), -1).tolist())).reshape(values.shape)


def npy(path: Path, values: np.ndarray) -> Path:
    np.save(path, values)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_folder_gives_pictures_labels_and_a_tenth_held_out(faces: Path) -> None:
    found = load(faces)
    assert found.domain.arguments["shape"] == (1, 8, 8)
    assert found.classes == ("cat", "dog") and found.name == "faces"
    assert found.count == 11 and not found.streaming
    assert (len(found.train), len(found.held_out)) == (11, 1)
    labels = [*found.train.fields["label"], *found.held_out.fields["label"]]
    assert sorted(int(label) for label in labels) == [0] * 8 + [1] * 4
    files = [pixels(path)[None] for path in sorted(faces.rglob("*.png"))]
    assert torch.equal(everything(found), ordered(np.stack(files)))


def test_a_flat_folder_has_no_labels(tmp_path: Path, picture: Writer) -> None:
    for index in range(4):
        picture(tmp_path / "flat" / f"{index}.png", mode="RGB", seed=index)
    (tmp_path / "flat" / "notes.txt").write_text("hello")
    found = load(tmp_path / "flat")
    assert found.classes == () and "label" not in found.train.fields
    assert "left out" in found.notes[0]


def test_train_and_test_folders_are_the_split(tmp_path: Path, picture: Writer) -> None:
    for index in range(8):
        part = "train" if index < 6 else "test"
        picture(tmp_path / "set" / part / "ab"[index % 2] / f"{index}.png", seed=index)
    found = load(tmp_path / "set")
    assert (len(found.train), len(found.held_out)) == (6, 2)
    assert found.classes == ("a", "b")


def test_size_crops_about_the_centre_and_resizes(tmp_path: Path) -> None:
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200  # Only the middle third is left by a square crop.
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(np.full((40, 40), 200, np.uint8)).save(tmp_path / "square.png")
    found = load(tmp_path, size=5)
    assert (everything(found) == 200).all()
    assert found.domain.arguments["shape"] == (1, 5, 5)


def test_size_also_fits_arrays(tmp_path: Path) -> None:
    values = np.zeros((3, 10, 30), np.uint8)
    values[:, :, 10:20] = 77
    found = load(npy(tmp_path / "x.npy", values), size=(5, 5), held_out=0)
    assert found.train.fields["sample"].shape == (3, 1, 5, 5)
    assert (found.train.fields["sample"] == 77).all()


def test_with_a_size_mixed_modes_become_colour_and_keep_opacity_if_most_have_it(
    tmp_path: Path, picture: Writer
) -> None:
    picture(tmp_path / "a.png", mode="L")
    picture(tmp_path / "b.png", mode="RGB", seed=1)
    assert load(tmp_path, size=8).domain.arguments["shape"] == (3, 8, 8)
    picture(tmp_path / "c.png", mode="LA", seed=2)
    found = load(tmp_path, size=8)
    assert found.domain.arguments["shape"] == (3, 8, 8)
    assert "1 of 3 pictures have opacity; laid on white (kept by --channels 4)." in found.notes
    assert "2 of 3 pictures are grey and are read as colour." in found.notes
    picture(tmp_path / "d.png", mode="RGBA", seed=3)
    found = load(tmp_path, size=8)
    assert found.domain.arguments["shape"] == (4, 8, 8)
    assert "2 of 4 pictures have no opacity (--channels 3 for none)." in found.notes
    assert load(tmp_path, channels=1).domain.arguments["shape"] == (1, 8, 8)


def test_alpha_is_laid_on_white_where_it_is_lost(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(tmp_path / "clear.png")
    Image.new("RGBA", (4, 4), (10, 20, 30, 255)).save(tmp_path / "solid.png")
    found = load(tmp_path, channels=3, held_out=0)
    clear, solid = found.train.fields["sample"]
    assert (clear == 255).all()
    assert solid[:, 0, 0].tolist() == [10, 20, 30]


def test_palette_pictures_have_their_colours(tmp_path: Path) -> None:
    plain = Image.new("RGB", (4, 4), (200, 100, 0))
    plain.quantize(4).save(tmp_path / "palette.png")
    with Image.open(tmp_path / "palette.png") as written:
        assert written.mode == "P"
    sample = load(tmp_path, held_out=0).train.fields["sample"]
    assert sample[0, :, 0, 0].tolist() == [200, 100, 0]


def test_exif_orientation_is_honoured(tmp_path: Path) -> None:
    values = np.zeros((8, 16), np.uint8)
    values[:, 8:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned a quarter clockwise: the right half goes to the bottom.
    Image.fromarray(values).save(tmp_path / "x.jpg", exif=exif, quality=95)
    sample = load(tmp_path, held_out=0).train.fields["sample"][0, 0]
    assert sample.shape == (16, 8)
    assert sample[:7].max() < 30 and sample[9:].min() > 225


def test_16_bit_pictures_keep_their_depth(tmp_path: Path) -> None:
    values = np.array([[0, 1, 256], [65535, 32768, 65534]], np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    sample = load(tmp_path, held_out=0).train.fields["sample"]
    assert sample.dtype == torch.float32
    assert np.allclose(sample[0, 0].numpy(), values / 32767.5 - 1, atol=1e-6)


def test_float_pictures_are_scaled_together(tmp_path: Path) -> None:
    for name, value in (("a", 0.0), ("b", 1.0), ("c", 0.25)):
        Image.fromarray(np.full((2, 2), value, np.float32)).save(tmp_path / f"{name}.tiff")
    sample = load(tmp_path, held_out=0).train.fields["sample"]
    assert sample[:, 0, 0, 0].tolist() == [-1.0, 1.0, -0.5]


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (GREY, (1, 6, 7)),
        (GREY[:, None], (1, 6, 7)),
        (RNG.integers(0, 256, (20, 6, 7, 3), np.uint8), (3, 6, 7)),
        (RNG.integers(0, 256, (20, 4, 6, 7)), (4, 6, 7)),
    ],
)
def test_npy_layouts(tmp_path: Path, values: np.ndarray, shape: tuple[int, ...]) -> None:
    found = load(npy(tmp_path / "x.npy", values))
    assert found.domain.arguments["shape"] == shape
    first = values.reshape(20, 1, 6, 7) if values.ndim == 3 else values
    first = first if first.shape[1] == shape[0] else first.transpose(0, 3, 1, 2)
    assert torch.equal(everything(found), ordered(first.astype(np.uint8)))
    assert found.train.fields["sample"].dtype == torch.uint8


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 65535, 32768], np.uint16), [-1.0, 1.0, 32768 / 32767.5 - 1]),
        (np.array([0, 300, 65535], np.int64), [-1.0, 300 / 32767.5 - 1, 1.0]),
        (np.array([0.0, 0.5, 1.0], np.float64), [-1.0, 0.0, 1.0]),
        (np.array([-1.0, 0.5, 1.0], np.float32), [-1.0, 0.5, 1.0]),
        (np.array([0.0, 127.5, 255.0], np.float16), [-1.0, 0.0, 1.0]),
        (np.array([False, True, True]), [0, 255, 255]),
    ],
)
def test_ranges_of_numbers(tmp_path: Path, values: np.ndarray, expected: list[float]) -> None:
    found = load(npy(tmp_path / "x.npy", np.repeat(values, 4).reshape(3, 2, 2)), held_out=0)
    sample = found.train.fields["sample"]
    assert np.allclose(sample[:, 0, 0, 0].tolist(), expected, atol=1e-6)


def test_npz_with_labels_vectors_classes_and_a_split(tmp_path: Path) -> None:
    held_out = np.arange(20) >= 15
    np.savez(
        tmp_path / "x.npz",
        images=GREY,
        labels=np.arange(20) % 2,
        vectors=np.ones((20, 3)),
        classes=np.array(["even", "odd"]),
        held_out=held_out,
    )
    found = load(tmp_path / "x.npz")
    assert (len(found.train), len(found.held_out)) == (15, 5)
    assert found.classes == ("even", "odd") and found.vector == 3
    items = found.train.take(torch.tensor([4, 1]))
    assert items["label"].tolist() == [0, 1]
    assert items["vector"].shape == (2, 3) and items["vector"].dtype == torch.float32
    assert torch.equal(items["sample"][0, 0], torch.from_numpy(GREY[4]))


def test_npz_as_keras_names_it(tmp_path: Path) -> None:
    parts = {"x_train": GREY[:12], "x_test": GREY[12:]}
    labels = {"y_train": np.zeros(12), "y_test": np.ones(8)}
    np.savez(tmp_path / "x.npz", **parts, **labels)
    found = load(tmp_path / "x.npz")
    assert (len(found.train), len(found.held_out)) == (12, 8)
    assert found.held_out.fields["label"].tolist() == [1] * 8


def test_labels_with_gaps_and_words_get_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "gaps.npz", sample=GREY, label=np.repeat([3, 70], 10))
    np.savez(tmp_path / "words.npz", sample=GREY, label=np.repeat(["b", "a"], 10))
    assert load(tmp_path / "gaps.npz").classes == ("3", "70")
    words = load(tmp_path / "words.npz", held_out=0)
    assert words.classes == ("a", "b") and words.train.fields["label"].tolist()[0] == 1


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + bytes(values)


def test_idx_files_find_their_labels_and_their_folder_the_split(tmp_path: Path) -> None:
    labels = np.arange(20, dtype=np.uint8) % 4
    for name, rows in (("train", slice(0, 15)), ("t10k", slice(15, 20))):
        images = gzip.compress(idx(np.ascontiguousarray(GREY[rows])))
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(images)
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels[rows]))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[rows])))
    one = load(tmp_path / "train-images-idx3-ubyte.gz", held_out=0)
    assert one.train.fields["label"].tolist() == labels[:15].tolist()
    both = load(tmp_path)
    assert (len(both.train), len(both.held_out)) == (15, 5)
    assert torch.equal(both.held_out.fields["sample"][:, 0], torch.from_numpy(GREY[15:]))


def test_csv_of_square_pictures_with_the_label_last(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (12, 64))
    table = np.column_stack([pixels, np.arange(12) % 3])
    np.savetxt(tmp_path / "x.csv.gz", table, delimiter=",", fmt="%d")
    found = load(tmp_path / "x.csv.gz", held_out=0)
    assert found.domain.arguments["shape"] == (1, 8, 8)
    assert found.train.fields["label"].tolist() == (np.arange(12) % 3).tolist()
    assert torch.equal(found.train.fields["sample"].flatten(1).long(), torch.from_numpy(pixels))


def test_csv_with_a_named_label_and_csv_of_points(tmp_path: Path) -> None:
    rows = np.column_stack([np.arange(12) % 2, RNG.normal(50, 3, (12, 2))])
    np.savetxt(tmp_path / "x.csv", rows, delimiter=";", header="label;a;b", comments="")
    found = load(tmp_path / "x.csv", held_out=0)
    assert found.classes == ("0", "1")
    encoded = found.domain.build().encode(found.train.fields["sample"])
    assert encoded.mean(0).abs().max() < 1e-4
    assert (encoded.std(0, correction=0) - 1).abs().max() < 1e-4
    np.savetxt(tmp_path / "y.csv", rows[:, 1:], delimiter=",")
    assert load(tmp_path / "y.csv").domain.arguments["shape"] == (2,)


def test_the_split_depends_on_the_items_not_on_their_order(tmp_path: Path) -> None:
    straight = load(npy(tmp_path / "a.npy", GREY), held_out=0.3)
    turned = load(npy(tmp_path / "b.npy", GREY[::-1]), held_out=0.3)
    held = [ordered(found.held_out.fields["sample"].numpy()) for found in (straight, turned)]
    assert torch.equal(*held) and len(held[0]) == 6
    other = load(tmp_path / "a.npy", held_out=0.3, seed=1)
    assert not torch.equal(ordered(other.held_out.fields["sample"].numpy()), held[0])


def test_exact_duplicates_stay_on_one_side() -> None:
    hashes = np.repeat(np.arange(100, dtype=np.uint64) * 7919, 5)
    mask = split(hashes, 0.2, seed=0).reshape(100, 5)
    assert (mask.all(1) | ~mask.any(1)).all()
    assert mask.sum() == 100


def test_the_fingerprint_follows_content_and_split(tmp_path: Path) -> None:
    one = load(npy(tmp_path / "a.npy", GREY)).fingerprint
    assert load(npy(tmp_path / "b.npy", GREY)).fingerprint == one
    changed = GREY.copy()
    changed[3, 2, 2] ^= 1
    others = {
        load(npy(tmp_path / "c.npy", changed)).fingerprint,
        load(tmp_path / "a.npy", held_out=0.4).fingerprint,
        load(tmp_path / "a.npy", size=4).fingerprint,
    }
    assert len(others | {one}) == 4


def test_what_exceeds_memory_is_mapped_and_decoded_once(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load(faces, held_out=0.25)
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 100)
    told: list[str] = []
    mapped = load(faces, held_out=0.25, progress=lambda what, done, total: told.append(what))
    assert isinstance(mapped.train, Mapped) and "decoding pictures" in told
    assert mapped.fingerprint == small.fingerprint
    rows = torch.tensor([5, 0, 3])
    for side in ("train", "held_out"):
        taken, expected = (getattr(found, side).take(rows % 3) for found in (mapped, small))
        assert taken.keys() == expected.keys()
        assert all(torch.equal(taken[name], expected[name]) for name in expected)
    told.clear()
    load(faces, held_out=0.25, progress=lambda what, done, total: told.append(what))
    assert "decoding pictures" not in told


def test_a_large_npy_is_mapped_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    monkeypatch.setattr(cache, "MEMORY_LIMIT", 100)
    found = load(npy(tmp_path / "x.npy", GREY))
    assert isinstance(found.train, Mapped)
    assert not list(own_cache.rglob("*.npy"))


def test_half_built_arrays_leave_nothing(own_cache: Path) -> None:
    def fill(out: np.ndarray) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        cache.kept("key", (4,), "uint8", fill)
    assert not list(own_cache.rglob("*.npy"))


def test_a_data_set_says_what_it_holds(tiny_npz: str) -> None:
    said = "<Dataset pictures: 1 x 8 x 8, 360 to train on, 40 held out, 2 labels>"
    assert repr(load(tiny_npz)) == said
