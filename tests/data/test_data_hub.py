from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.core.errors import InputError
from sparring.data import check, load
from sparring.data.feed import StreamFeed
from sparring.data.streaming import Stream

COUNT = 60


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def png(index: int, side: int = 6) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), index, np.uint8)).save(file, "png")
    return file.getvalue()


def parquet(path: Path, rows: range, **columns: Any) -> Path:
    import datasets

    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["even", "odd"])}
    values = {
        "image": [{"bytes": png(index), "path": None} for index in rows],
        "label": [index % 2 for index in rows],
    }
    path.parent.mkdir(exist_ok=True)
    made = datasets.Dataset.from_dict(values, features=datasets.Features(features))
    made.to_parquet(str(path))
    return path


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Three Parquet shards of 20 pictures; the number of a picture is its colour."""
    for shard in range(3):
        parquet(tmp_path / "shards" / f"part-{shard}.parquet", range(shard * 20, shard * 20 + 20))
    return tmp_path / "shards"


def numbers(samples: torch.Tensor) -> list[int]:
    return [int(value) for value in samples[:, 0, 0, 0]]


def test_parquet_shards_are_loaded_with_labels(shards: Path) -> None:
    found = load(shards)
    assert (len(found.train), len(found.held_out)) == (54, 6)
    assert found.classes == ("even", "odd")
    everything = [*found.train.fields["sample"], *found.held_out.fields["sample"]]
    assert sorted(numbers(torch.stack(everything))) == list(range(COUNT))
    fields = found.train.fields
    assert [n % 2 for n in numbers(fields["sample"])] == fields["label"].tolist()
    assert load(shards).fingerprint == found.fingerprint


def test_a_test_shard_is_held_out(tmp_path: Path) -> None:
    parquet(tmp_path / "set" / "train-0.parquet", range(12))
    parquet(tmp_path / "set" / "test-0.parquet", range(12, 15))
    found = load(tmp_path / "set")
    assert numbers(found.held_out.fields["sample"]) == [12, 13, 14] and len(found.train) == 12


def webdataset(path: Path, rows: range = range(10)) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for index in rows:
            for suffix, data in (("png", png(index)), ("cls", str(index % 2).encode())):
                info = tarfile.TarInfo(f"{index:03}.{suffix}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("streaming", [False, True])
def test_webdataset_shards(tmp_path: Path, streaming: bool) -> None:
    found = load(webdataset(tmp_path / "x.tar"), held_out=0.2, streaming=streaming)
    items = found.feed(batch=4, seed=0).items(0)
    assert items["sample"].shape == (4, 1, 6, 6)
    assert items["label"].tolist() == [n % 2 for n in numbers(items["sample"])]


def seen(feed: StreamFeed, batches: range) -> list[int]:
    return [n for k in batches for n in numbers(feed.items(k)["sample"])]


def test_a_stream_gives_every_item_once_an_epoch_but_not_the_held_out(shards: Path) -> None:
    found = load(shards, streaming=True, held_out=0.2)
    assert found.streaming and found.count is None and isinstance(found.train, Stream)
    held = set(numbers(found.held_out.fields["sample"]))
    rest = sorted(set(range(COUNT)) - held)
    assert 0 < len(held) < 25
    feed = found.feed(batch=1, seed=0)
    assert isinstance(feed, StreamFeed)
    items = seen(feed, range(2 * len(rest)))
    assert sorted(items[: len(rest)]) == sorted(items[len(rest) :]) == rest
    assert items[: len(rest)] != items[len(rest) :]


def test_a_stream_resumes_where_it_was(shards: Path) -> None:
    found = load(shards, streaming=True)
    straight = found.feed(batch=4, seed=2)
    batches = [seen(straight, range(k, k + 1)) for k in range(20)]
    again = found.feed(batch=4, seed=2)
    assert [seen(again, range(k, k + 1)) for k in (17, 18, 5, 6)] == [
        batches[k] for k in (17, 18, 5, 6)
    ]


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_a_stream(shards: Path, world: int) -> None:
    found = load(shards, streaming=True, held_out=0)
    share = COUNT // world
    parts = [
        seen(found.feed(batch=world, seed=0, rank=rank, world=world), range(share))
        for rank in range(world)
    ]
    assert sorted(n for part in parts for n in part) == list(range(COUNT))


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("form", ["parquet", "tar"])
def test_a_stream_goes_on_from_any_batch_without_reading_what_came_before(
    shards: Path, tmp_path: Path, form: str, world: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "tar":
        for number in range(3):
            webdataset(tmp_path / "tars" / f"{number}.tar", range(20 * number, 20 * number + 20))
    folder = shards if form == "parquet" else tmp_path / "tars"
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    batches = range(3 * COUNT)
    for rank in range(world):
        straight = load(folder, streaming=True).feed(
            batch=2 * world, seed=2, rank=rank, world=world
        )
        rows = [seen(straight, range(k, k + 1)) for k in batches]
        opened: list[int] = []
        again = load(folder, streaming=True)
        stream, read = again.train, Stream._blocks
        assert isinstance(stream, Stream)

        def blocks(self: Stream, shard: int) -> Any:
            opened.append(shard)  # noqa: B023 - called within the loop
            return read(self, shard)  # noqa: B023

        monkeypatch.setattr(Stream, "_blocks", blocks)
        order = stream.values(2, rank, world, 2 * (3 * COUNT - 1))
        numbered = [int(stream.item(next(order))["sample"][0, 0, 0]) for _ in range(2)]
        monkeypatch.setattr(Stream, "_blocks", read)
        assert numbered == rows[-1], "a position tells the item"
        assert len(opened) <= 2, "the shards before were not read"


def test_what_equals_a_held_out_item_is_not_trained_on(tmp_path: Path) -> None:
    parquet(tmp_path / "set" / "part-0.parquet", range(40))
    parquet(tmp_path / "set" / "part-1.parquet", range(40))
    found = load(tmp_path / "set", streaming=True, held_out=0.2)
    held = set(numbers(found.held_out.fields["sample"]))
    feed = found.feed(batch=1, seed=0)
    assert isinstance(feed, StreamFeed) and held
    assert not held & set(seen(feed, range(80)))


def test_a_stream_with_a_picture_of_another_size_says_so(tmp_path: Path) -> None:
    import datasets

    values = [{"bytes": png(n, side=6 if n < 150 else 7), "path": None} for n in range(200)]
    features = datasets.Features({"image": datasets.Image()})
    made = datasets.Dataset.from_dict({"image": values}, features=features)
    made.to_parquet(str(tmp_path / "x.parquet"))
    with pytest.raises(InputError, match="7 x 7"):
        seen(load(tmp_path / "x.parquet", streaming=True).feed(batch=8, seed=0), range(25))
    assert load(tmp_path / "x.parquet", streaming=True, size=6).domain.name == "Image"


def test_a_stream_is_checked_as_far_as_it_is_known(shards: Path) -> None:
    report = check(shards, streaming=True)
    assert report.ok and "a stream" in report.notes[0]


def test_corrupt_pictures_in_a_shard_are_named(tmp_path: Path) -> None:
    import datasets

    values = [{"bytes": png(n) if n != 3 else b"nothing", "path": None} for n in range(9)]
    features = datasets.Features({"image": datasets.Image()})
    made = datasets.Dataset.from_dict({"image": values}, features=features)
    made.to_parquet(str(tmp_path / "x.parquet"))
    with pytest.raises(InputError, match=r"item 3 \(not a picture"):
        load(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="not a picture"):
        load(tmp_path / "x.parquet", streaming=True)


def test_a_table_without_pictures_says_its_columns(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_dict({"age": [1, 2]}).to_parquet(str(tmp_path / "x.parquet"))
    with pytest.raises(InputError, match="no column of pictures or sounds; its columns are: age"):
        load(tmp_path / "x.parquet")


def test_a_name_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def offline(**options: Any) -> None:
        assert options["path"] == "someone/faces"
        raise ConnectionError("Couldn't reach the Hub\nmore")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(InputError, match="Couldn't reach the Hub"):
        load("hf:someone/faces")
    with pytest.raises(InputError, match="no file or folder someone/faces, and as a Hugging Face"):
        load("someone/faces")
