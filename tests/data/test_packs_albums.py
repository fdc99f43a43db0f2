"""Packs of pictures in aligned views: fetched, checked, drawn and read, all from tiny fakes."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.data import drawn, fetch, get, load, pack
from sparring.data.content import Content
from sparring.data.kinds import Reading, kinds
from sparring.domains.image.kind import KIND
from sparring.domains.image.packs import album

PALETTE = ((0, 0, 0), (255, 0, 0), (0, 255, 0))


def tgz(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def draw(files: drawn.Files, progress: Any) -> Iterator[album.Sheet]:
    """Bright and dark twins of 40 squares at 8 px and 12 at 16 px; and a view on its own."""
    step = int(files["package/step.txt"])
    for side, count in ((8, 40), (16, 12)):
        progress("drawing", side, 16)
        values = np.arange(count, dtype=np.uint8) * np.uint8(step)
        dark = np.broadcast_to(values[:, None, None, None], (count, 3, side, side)).copy()
        plan = np.broadcast_to(values[:, None, None, None] % 3, (count, 1, side, side)).copy()
        held = drawn.chosen([str(value) for value in values], 0.3)
        views = {"dark": dark, "bright": 255 - dark, "plan": plan}
        yield album.Sheet(views, held, values % 2, ("even", "odd"))
    yield album.Sheet({"other": dark}, held)


ARCHIVE = tgz({"package/step.txt": b"3", "package/index.js": b"process.exit(1)"})


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> album.Album:
    """An album whose package a pretended npm delivers."""
    made = album.Album(
        name="squares",
        about="squares",
        licence="CC0-1.0",
        count=40,
        shape=(3, 8, 8),
        packages=(
            fetch.Package(
                client="npm",
                name="@toys/squares",
                version="1.0.0",
                megabytes=2.5,
                members=("package/*.txt",),
                archives=(fetch.sha256(ARCHIVE),),
            ),
        ),
        views={
            "dark": album.View("dark"),
            "bright": album.View("bright"),
            "plan": album.View("plan", PALETTE, ("a", "b", "c")),
            "other": album.View("other items"),
        },
        default="bright",
        draw=draw,
    )
    monkeypatch.setitem(KIND.packs, "squares", made)
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", delivers(ARCHIVE))
    return made


def delivers(data: bytes) -> Callable[..., None]:
    def run(command: list[str], cwd: Path, **options: Any) -> None:
        assert command[:2] == ["npm", "pack"] and "--ignore-scripts" in command
        assert command[-1] == "@toys/squares@1.0.0"
        (cwd / "toys-squares-1.0.0.tgz").write_bytes(data)

    return run


def test_an_album_is_announced_fetched_drawn_and_then_found(
    squares: album.Album, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    seen: list[tuple[str, int, int]] = []
    path = get("squares", say=told.append, progress=lambda *at: seen.append(at))
    assert "CC0-1.0" in told[0] and "2.5 MB" in told[0] and own_cache in path.parents
    assert ("downloading @toys/squares", 2_500_000, 2_500_000) in seen
    assert ("drawing", 16, 16) in seen
    monkeypatch.setattr(subprocess, "run", None)
    assert get("squares", say=told.append) == path and len(told) == 1
    assert not list((own_cache / "downloads").rglob("*.tgz"))


def test_a_view_gives_plain_samples_with_the_split_of_the_album(squares: album.Album) -> None:
    bright, dark = load("squares"), load("squares:dark")
    assert bright.domain.build().shape == (3, 8, 8) and bright.classes == ("even", "odd")
    assert bright.licence == "CC0-1.0" and len(bright.train) + len(bright.held_out) == 40
    for ours, theirs in ((bright.train, dark.train), (bright.held_out, dark.held_out)):
        assert (ours.fields["sample"] == 255 - theirs.fields["sample"]).all()
    assert bright.fingerprint != dark.fingerprint


def content(views: str, size: tuple[int, int] | None = None) -> Content:
    return pack.read(
        KIND.packs["squares"],
        views,
        Reading(asked={} if size is None else {"size": size}, kinds=kinds()),
    )


@pytest.mark.parametrize(
    ("size", "side", "count"), [(None, 8, 40), (8, 8, 40), (6, 6, 40), (10, 10, 12), (99, 99, 12)]
)
def test_the_sheet_that_is_nearest_above_the_size_is_resized(
    squares: album.Album, size: int | None, side: int, count: int
) -> None:
    found = content("dark", None if size is None else (size, size))
    assert found.sample.shape == (count, 3, side, side)
    assert (found.sample[:, 0, 0, 0] == np.arange(count) * 3).all()


def test_a_pair_holds_aligned_sources_and_samples(squares: album.Album) -> None:
    found = content("dark-bright")
    assert found.source is not None and found.source_domain is not None
    assert (found.source == 255 - found.sample).all()
    data = load("squares:dark-bright")
    items = data.held_out.fields
    assert (items["source"] == 255 - items["sample"]).all() and data.source_domain is not None


def test_a_source_of_other_items_belongs_to_no_sample(squares: album.Album) -> None:
    data = load("squares:other-dark", size=(16, 16))
    assert data.sources is not None and data.held_out_sources is not None
    held = len(load("squares:other").held_out)
    assert (len(data.sources), len(data.held_out_sources)) == (12 - held, held)
    assert held and "source" not in data.train.take(torch.arange(1))
    taken = data.feed(batch=4, seed=0, unpaired=True).items(0)
    assert taken["source"].shape == taken["sample"].shape == (4, 3, 16, 16)


def test_a_layout_keeps_its_classes_at_any_size(squares: album.Album) -> None:
    found = content("plan", (5, 7))
    assert found.sample.shape == (40, 1, 5, 7)
    assert set(np.unique(found.sample)) <= {0, 1, 2}
    assert found.domain is not None and found.domain.arguments["shape"] == (3, 5, 7)
    assert found.domain.arguments["palette"] == PALETTE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("squares:brihgt", "did you mean 'bright'"),
        ("squares:dark-bright-plan", "more than a source and a target"),
        ("squares:dark+bright-other", "no pairs of dark and bright with that target"),
        ("digits:left", "digits has no views"),
    ],
)
def test_a_wrong_view_is_one_sentence(squares: album.Album, words: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load(words)
    assert "\n" not in str(caught.value)


def test_an_interrupted_build_goes_on_without_a_second_download(
    squares: album.Album, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(files: drawn.Files, progress: Any) -> Iterator[album.Sheet]:
        yield next(draw(files, progress))
        raise KeyboardInterrupt

    monkeypatch.setitem(KIND.packs, "squares", dataclasses.replace(squares, draw=breaks))
    with pytest.raises(KeyboardInterrupt):
        get("squares", say=len)
    assert not list((own_cache / "packs").rglob("*.npy"))
    monkeypatch.setitem(KIND.packs, "squares", squares)
    monkeypatch.setattr(subprocess, "run", None)
    assert (get("squares", say=len) / "album.json").exists()


def test_what_a_killed_build_left_is_cleared_away(squares: album.Album, own_cache: Path) -> None:
    path = squares.location()
    (path.with_name(f".{path.name}-0badcafe") / "0").mkdir(parents=True)
    half = own_cache / "downloads" / "npm-@toys-squares-1.0.0" / ".half"
    half.mkdir(parents=True)
    (half / "toys-squares-1.0.0.tgz").write_bytes(ARCHIVE[:50])
    assert get("squares", say=len) == path and not half.exists()
    assert [found.name for found in path.parent.iterdir() if found.is_dir()] == [path.name]


def test_a_tampered_archive_is_neither_used_nor_kept(
    squares: album.Album, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", delivers(tgz({"package/step.txt": b"4"})))
    with pytest.raises(InputError, match="SHA-256"):
        get("squares", say=len)
    assert not list(own_cache.rglob("*.tgz")) and not list(own_cache.rglob("*.npy"))
    monkeypatch.setattr(subprocess, "run", delivers(ARCHIVE))
    assert get("squares", say=len).is_dir()


def test_an_archive_packed_anew_is_known_by_what_it_holds(
    squares: album.Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = fetch.digest({"package/step.txt": b"3"})
    (package,) = (dataclasses.replace(p, contents=(digest,)) for p in squares.packages)
    known = dataclasses.replace(squares, packages=(package,))
    monkeypatch.setitem(KIND.packs, "squares", known)
    anew = tgz({"package/README": b"repacked", "package/step.txt": b"3"})
    monkeypatch.setattr(subprocess, "run", delivers(anew))
    assert get("squares", say=len).is_dir()


def test_no_npm_is_one_sentence(squares: album.Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"needs npm, which is not here") as caught:
        load("squares")
    assert "\n" not in str(caught.value)


def test_a_damaged_album_is_one_sentence(squares: album.Album) -> None:
    path = get("squares", say=len)
    next(path.rglob("bright.npy")).write_bytes(b"no array")
    with pytest.raises(InputError, match="damaged"):
        load("squares")
    (path / "album.json").write_text(json.dumps([]))
    with pytest.raises(InputError, match="damaged"):
        load("squares")
