"""Pictures found in a model's latent space, and moved there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.artifact import codes as coded
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from test_model import untrained

Cli = Callable[..., tuple[int, str, str]]
QUICK = {"draws": 64, "steps": 150, "perceptual": 0.0, "prior": 0.0}


def lively(classes: int = 0, latent: int = 4) -> Model:
    """A dense generator whose samples differ."""
    name, flags = ("cgan", {"network": "dense"}) if classes else ("gan", {"widths": (16,)})
    model = untrained(name, classes=classes, latent=latent, **flags)
    with torch.no_grad():
        for weight in model.networks["generator"].parameters():
            weight.mul_(2.0)
    return model


def saved(model: Model, folder: Path) -> Path:
    model.save(folder)
    return folder


def picture(path: Path, sample: torch.Tensor, scale: int = 1) -> Path:
    levels = ((sample + 1) * 127.5).round().clamp(0, 255).byte().numpy()[0]
    Image.fromarray(levels.repeat(scale, 0).repeat(scale, 1)).save(path)
    return path


@pytest.mark.parametrize("start", ("encoder", "best", "mean"))
def test_a_samples_own_latent_is_found_again(start: str) -> None:
    model = lively()
    truth = coded.drawn(model, 3, seed=5)
    found = model.invert(coded.made(model, truth), start=start, **QUICK)
    assert found.error.max() < 0.005 < found.chance.min()
    torch.testing.assert_close(found.codes.latent, truth.latent, atol=0.1, rtol=0)
    assert found.known.all() and "no likeness" not in found.verdict()


def test_the_label_is_found_with_the_latent() -> None:
    model = lively(classes=3)
    truth = model.sample(2, label="b", seed=3)
    found = model.invert(truth, start="best", **QUICK)
    assert found.error.max() < 0.02
    assert found.codes.told.label is not None and found.codes.told.label.shape == (2, 3)


def test_each_picture_is_inverted_by_itself() -> None:
    model = lively()
    samples = model.sample(2, seed=7)
    both, first = (model.invert(x, **QUICK) for x in (samples, samples[:1]))
    torch.testing.assert_close(both.codes.latent[:1], first.codes.latent, atol=1e-3, rtol=0)


def test_the_linear_encoder_reads_latents_of_a_linear_generator() -> None:
    from sparring.artifact.inverting import _read

    weights, latents = torch.randn(4, 30), torch.randn(500, 4)
    unseen = torch.randn(5, 4)
    found = _read(latents @ weights, latents, unseen @ weights)
    torch.testing.assert_close(found, unseen, atol=0.05, rtol=0.05)


def test_what_a_model_cannot_make_is_said_to_be_no_likeness() -> None:
    model = lively()
    checks = torch.ones(1, 1, 8, 8)
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = -1.0
    found = model.invert(checks, **QUICK)
    assert not found.known.any() and "no likeness" in found.verdict()


def test_tuning_fits_the_generator_and_leaves_the_model_alone() -> None:
    model = lively()
    before = model.sample(2)
    strange = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5
    plain, tuned = (model.invert(strange, **QUICK, tune=tune) for tune in (0, 80))
    assert plain.model is model and torch.equal(plain.codes.latent, tuned.codes.latent)
    assert tuned.error < 0.5 * plain.error
    assert torch.equal(model.sample(2), before)
    assert not any(w.requires_grad for w in tuned.model.networks["generator"].parameters())


def test_inverting_refuses_what_makes_no_sense() -> None:
    model = lively()
    for wrong, words in (
        ({"start": "middle"}, "start is one of"),
        ({"steps": -1}, "steps must be"),
        ({"draws": 0}, "draws must be"),
        ({"prior": float("nan")}, "prior must be"),
    ):
        with pytest.raises(InputError, match=words):
            model.invert(model.sample(1), **wrong)
    with pytest.raises(InputError, match="not \\(1, 9, 9\\)"):
        model.invert(torch.zeros(1, 1, 9, 9))
    with pytest.raises(InputError, match="NaN"):
        model.invert(torch.full((1, 1, 8, 8), torch.nan))


def test_codes_come_back_from_their_file(tmp_path: Path) -> None:
    model = lively(classes=3)
    found = model.invert(model.sample(1), **QUICK, tune=2)
    coded.write(found.codes, tmp_path / "x.safetensors", found.model.networks)
    codes, tuned = coded.read(model, tmp_path / "x.safetensors")
    torch.testing.assert_close(coded.made(tuned, codes), found.samples)
    with pytest.raises(InputError, match="codes of this model"):
        coded.read(lively(classes=3, latent=5), tmp_path / "x.safetensors")


def test_invert_writes_the_likeness_and_its_codes(tmp_path: Path, sparring: Cli) -> None:
    model = lively()
    run = saved(model, tmp_path / "model")
    photo = picture(tmp_path / "photo.png", model.sample(1, seed=9)[0], scale=3)
    words = ("invert", str(run), str(photo), "--draws", "64", "--steps", "60")
    code, out, err = sparring(*words)
    assert code == 0, err
    assert "random samples is" in out
    likeness = np.asarray(Image.open(tmp_path / "photo-inverted.png"))
    assert likeness.shape == (8, 8)
    codes, _ = coded.read(model, tmp_path / "photo-inverted.safetensors")
    made = model.domain.decode(coded.made(model, codes))[0, 0].numpy()
    assert np.array_equal(likeness, made)
    assert sparring(*words)[0] == 2, "nothing is replaced unasked"


def test_invert_refuses_in_a_sentence(tmp_path: Path, sparring: Cli) -> None:
    run = saved(lively(), tmp_path / "model")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for words in (
        (str(run), str(tmp_path / "absent.png")),
        (str(run), str(broken)),
        ("ready:photos-clean", str(broken)),
        (str(run), str(broken), "--out", str(tmp_path / "x.txt")),
    ):
        code, _out, err = sparring("invert", *words)
        assert code == 2 and err.startswith("sparring: ") and "Traceback" not in err, words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.png", "model"]
