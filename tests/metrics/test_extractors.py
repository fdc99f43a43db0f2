"""Which extractor is chosen, and that each does what its name says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from sparring.core.errors import InputError
from sparring.core.types import Domain
from sparring.data import load, packs
from sparring.domains.image import judge, pretrained
from sparring.domains.image.domain import Image
from sparring.domains.layout.domain import Layout
from sparring.domains.points.domain import Points
from sparring.metrics.extractor import Extractor


def pictures(n: int, channels: int = 1, side: int = 28) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, channels, side, side, generator=generator) * 2 - 1


def extractor(name: str = "auto", data: str = "", domain: Domain | None = None) -> Extractor:
    return (domain or Image((1, 28, 28))).judging(data).extractor(name)


def test_auto_chooses_by_data_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "efficientnet_installed", lambda: False)
    for name, domain, expected in (
        ("digits", Image((1, 28, 28)), "digits"),
        ("fashion", Image((1, 64, 64)), "fashion"),
        ("digits", Image((3, 28, 28)), "pixels"),
        ("mine", Image((1, 28, 28)), "pixels"),
        ("digits", Layout((3, 28, 28)), "pixels"),
        ("ring8", Points((2,)), "columns"),
    ):
        assert extractor(data=name, domain=domain).name == expected


@pytest.mark.parametrize("name", judge.SHIPPED)
def test_a_shipped_judge_is_small_and_hashed(name: str) -> None:
    path = judge.WEIGHTS / f"{name}.safetensors"
    assert path.stat().st_size < 1_000_000
    found = extractor(name)
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.digest in (judge.WEIGHTS / "README.md").read_text()
    embedded = found.embed(pictures(5))
    assert embedded.features.shape == (5, 128)
    assert embedded.logits is not None and embedded.logits.shape == (5, 10)
    assert found.features(pictures(2, side=40)).shape == (2, 128)


def test_a_judge_sees_each_picture_alone_and_alike_on_any_threads() -> None:
    found = extractor("digits")
    samples, threads = pictures(40), torch.get_num_threads()
    whole = found.features(samples)
    assert torch.allclose(found.features(samples[7:9]), whole[7:9], atol=1e-5)
    torch.set_num_threads(1)
    try:
        assert torch.allclose(found.features(samples), whole, atol=1e-5)
    finally:
        torch.set_num_threads(threads)


# Only where the pack is there already: tests fetch nothing.
@pytest.mark.parametrize(("name", "least"), [("digits", 0.97), ("fashion", 0.91)])
def test_a_shipped_judge_knows_held_out_pictures(name: str, least: float) -> None:
    if not any(found.name == name and found.location().exists() for found in packs()):
        pytest.skip(f"the pack {name} is not in the cache")
    held_out = load(name).held_out
    items = held_out.take(torch.arange(min(1000, len(held_out))))
    found = extractor(data=name)
    logits = found.classify(items["sample"].float() / 127.5 - 1)
    assert logits is not None
    assert float((logits.argmax(1) == items["label"]).double().mean()) >= least


def test_a_damaged_judge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "WEIGHTS", tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        judge.judge("digits")
    (tmp_path / "digits.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match="cannot be read"):
        judge.judge("digits")


def test_a_judge_refuses_colour() -> None:
    found = extractor("digits", domain=Image((3, 28, 28)))
    with pytest.raises(InputError, match="grey pictures"):
        found.features(pictures(2, 3))


def test_columns_keep_points() -> None:
    points = torch.randn(5, 2)
    assert torch.equal(extractor("columns", domain=Points((2,))).features(points), points)
    with pytest.raises(InputError, match="auto, columns"):
        extractor("pixels", domain=Points((2,)))


def test_pixels_pool_pictures() -> None:
    found = extractor("pixels")
    samples = pictures(3, 2, 24)
    expected = samples.reshape(3, 2, 12, 2, 12, 2).mean((3, 5)).flatten(1)
    assert torch.allclose(found.features(samples), expected, atol=1e-6)
    assert found.features(pictures(3, 3, 5)).shape == (3, 75)


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'digits'"):
        extractor("digit")


def test_a_function_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def mean(x):\n    return x.mean((2, 3))\ndef bad(x):\n    return 3\n"
    (tmp_path / "my_features.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    found = extractor("my_features:mean")
    assert found.features(pictures(4, 3, 8)).shape == (4, 3)
    assert found.digest == hashlib.sha256(source.encode()).hexdigest()
    with pytest.raises(InputError, match="did you mean 'mean'"):
        extractor("my_features:maen")
    with pytest.raises(InputError, match="cannot be imported"):
        extractor("no_such_module:mean")
    with pytest.raises(InputError, match="must return a tensor"):
        extractor("my_features:bad").features(pictures(4))


def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "efficientnet_installed", lambda: False)
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    for name in ("efficientnet", "inception"):
        with pytest.raises(InputError, match=rf"pip install 'sparring\[{name}\]'"):
            extractor(name)


@pytest.mark.skipif(not pretrained.efficientnet_installed(), reason="an extra")
def test_efficientnet_reads_any_picture() -> None:
    found = extractor(data="mine", domain=Image((3, 32, 32)))
    assert found.name == "efficientnet"
    features = found.features(pictures(2, 3, 32))
    assert features.shape == (2, 1280) and float(features.std()) > 0
    assert found.features(pictures(1, 1, 28)).shape == (1, 1280)


def test_alpha_is_laid_over_white() -> None:
    clear = torch.cat([pictures(2, 3), torch.full((2, 1, 28, 28), -1.0)], 1)
    assert torch.equal(pretrained.coloured(clear), torch.ones(2, 3, 28, 28))
    grey = pictures(2)
    solid = torch.cat([grey, torch.ones(2, 1, 28, 28)], 1)
    assert torch.equal(pretrained.coloured(solid), grey.expand(-1, 3, -1, -1))
    with pytest.raises(InputError, match="1 to 4 channels"):
        pretrained.coloured(torch.zeros(2, 5, 8, 8))
