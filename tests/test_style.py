"""A generator with a space of styles: what modulation is, and how styles are mixed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from sparring.artifact import codes as coded
from sparring.core.errors import InputError
from sparring.core.types import Condition, Spec
from sparring.networks.style import EPSILON, Generator, _Modulated, mixed
from sparring.verbs import editing
from sparring.verbs.editing.photo import photo
from test_editing import picture
from test_model import untrained

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("shape", ((1, 8, 8), (3, 20, 12), (1, 32), (1, 8, 8, 8), (2,)), ids=str)
def test_it_makes_samples_of_any_shape_from_latents_and_from_styles(shape: tuple[int, ...]) -> None:
    generator, told = Generator(Spec(shape, 5), width=4).eval(), Condition()
    latent = torch.randn(3, 5)
    styles = generator.styled(latent, told)
    assert styles.shape == (3, generator.levels, generator.styles)
    assert generator(latent, told).shape == (3, *shape)
    assert torch.equal(generator(latent, told), generator(styles, told))


def test_modulation_is_that_of_weights_for_each_sample() -> None:
    layer, hidden, style = _Modulated(2, 3, 5, 4), torch.randn(2, 3, 6, 6), torch.randn(2, 4)
    torch.nn.init.normal_(layer.convolve.bias)
    scale = layer.modulate(style)
    for n in range(2):
        weight = layer.convolve.weight * scale[n][:, None, None, None]
        loud = (weight.square().sum((0, 2, 3)) / 4 + EPSILON).rsqrt() * (2 / 1.04) ** 0.5
        expected = functional.conv_transpose2d(
            hidden[n : n + 1], weight * loud[:, None, None], layer.convolve.bias * loud, 2, 1
        )
        expected = functional.leaky_relu(expected, 0.2)
        torch.testing.assert_close(layer(hidden, style)[n : n + 1], expected, atol=1e-5, rtol=1e-4)


def test_layers_keep_the_variance() -> None:
    torch.manual_seed(0)
    layer = _Modulated(2, 64, 64, 4)
    made = layer(torch.randn(8, 64, 16, 16), 3.0 * torch.randn(8, 4))
    assert made.shape == (8, 64, 32, 32)
    assert 0.8 < made.square().mean() < 1.2


def test_styles_are_mixed_in_training_alone() -> None:
    generator, told = Generator(Spec((1, 8, 8), 5), width=4, mixing=1.0), Condition()
    latent = torch.randn(6, 5)
    plain = generator.eval().styled(latent, told)
    assert torch.equal(plain[:, 0], plain[:, -1])
    torch.manual_seed(0)
    found = generator.train().styled(latent, told)
    assert torch.equal(found[:, 0], plain[:, 0]), "the coarsest level is the sample's own"
    assert torch.equal(found[:, -1], plain.roll(1, 0)[:, -1]), "the finest another's"


def test_levels_of_two_are_mixed_and_checked() -> None:
    one, two = torch.zeros(1, 3, 2), torch.ones(1, 3, 2)
    assert mixed(one, two, (1, 2))[0, :, 0].tolist() == [0.0, 1.0, 1.0]
    for wrong in ((2, 1), (0, 3), (-1, 1)):
        with pytest.raises(InputError, match="levels are FIRST-LAST"):
            mixed(one, two, wrong)


def test_a_samples_own_styles_make_it_again_and_directions_are_found(
    tmp_path: Path, sparring: Cli
) -> None:
    model = untrained("r3", width=4, style=True)
    codes = coded.drawn(model, 2, seed=4)
    assert codes.latent.dim() == 3
    torch.testing.assert_close(coded.made(model, codes), model.sample(2, seed=4))
    assert torch.equal(codes.at(codes.flat()).latent, codes.latent)
    model.save(tmp_path / "model")
    code, _, err = sparring("directions", tmp_path / "model", "--unsupervised", "--count", 2)
    assert code == 0, err


def test_two_pictures_are_mixed_by_level(tmp_path: Path, sparring: Cli) -> None:
    model = untrained("r3", width=4, style=True)
    model.save(tmp_path / "model")
    one, two = (picture(tmp_path / f"{k}.png", model.sample(1, seed=k)[0]) for k in (1, 2))
    quick = {"draws": 16, "steps": 3, "perceptual": 0.0}
    found = editing.mix(model, one, two, tmp_path / "mixed.png", (1, 1), **quick)
    assert list(found.verdicts) == [str(two), str(one)]
    codes = [
        model.invert(photo(model, path).sample, features=False, **quick).codes
        for path in (one, two)
    ]
    styles = mixed(codes[0].latent, codes[1].latent, (1, 1))
    made = model.domain.decode(model.generate(styles))[0]
    assert torch.equal(model.domain.files.open(tmp_path / "mixed.png").stored, made)
    words = ("edit", tmp_path / "model", one, "--style", two)
    code, _, err = sparring(*words, "--levels", "0,9")
    assert code == 2 and "levels are" in err
    code, _, err = sparring(*words, "--set", "sefa-1=1")
    assert code == 2 and "--levels alone" in err
    plain = untrained("r3", width=4)
    with pytest.raises(InputError, match="no levels of style"):
        editing.mix(plain, one, two, tmp_path / "x.png", (1, 1))
