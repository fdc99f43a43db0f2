"""Sound by way of its spectra: any length, in pieces as a whole, from next to nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.artifact.tiling import tiled
from sparring.core.errors import InputError
from sparring.core.types import Condition, Spec
from sparring.networks import spectral

SPEC = Spec((1, 4096), 0, map=(1, 4096))


def generator(spec: Spec = SPEC, **flags: Any) -> spectral.Generator:
    torch.manual_seed(0)
    return spectral.Generator(spec, width=16, **{"blocks": 2, **flags})


def waves(length: int, channels: int = 1) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(2, channels, length) - 0.5


@pytest.mark.parametrize("length", [5, 300, 512, 4096, 5001])
def test_any_length_stays_so(length: int) -> None:
    given = waves(length)
    made = generator()(torch.zeros(2, 0), Condition(map=given))
    assert made.shape == given.shape and bool(made.isfinite().all())
    seen = spectral.Discriminator(SPEC, 4, layers=1)(made, Condition(map=given))
    assert bool(seen.logits.isfinite().all())


def test_it_begins_as_next_to_nothing() -> None:
    given = waves(4096)
    made = generator()(torch.zeros(2, 0), Condition(map=given))
    assert (made - given).abs().mean() < 0.2 * given.abs().mean()


def test_without_weights_what_is_made_is_what_was_given() -> None:
    """The spectra and back lose nothing, at the ends neither."""
    network = generator(Spec((2, 4096), 0, map=(3, 4096)))
    for weight in network.last.parameters():
        torch.nn.init.zeros_(weight)
    given = waves(4001, channels=3)
    made = network(torch.zeros(2, 0), Condition(map=given))
    assert torch.allclose(made, given[:, :2], atol=1e-5)


def test_every_weight_learns() -> None:
    network = generator()
    network(torch.zeros(2, 0), Condition(map=waves(4096))).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_pieces_join_to_the_whole() -> None:
    """One block reaches a frame, so an overlap of 16 frames is more than enough."""
    network, given = generator(blocks=1), waves(16384)

    def work(part: Tensor) -> Tensor:
        return network(torch.zeros(len(part), 0), Condition(map=part))

    with torch.no_grad():
        assert torch.allclose(tiled(work, given, 8192, 4096), work(given), atol=1e-4)


def test_a_spectrogram_shows_a_tone_at_its_frequency() -> None:
    time = torch.arange(4096) / 16_000
    shown = spectral.spectrogram(torch.sin(2 * math.pi * 1000 * time)[None, None])
    assert shown.shape == (1, 1, 256, 32)
    assert set(shown[0, 0, :, 4:-4].argmax(0).tolist()) == {31}  # 31.25 Hz each, without the first
    assert shown.max().item() == pytest.approx(1.0, abs=0.01)
    assert bool((spectral.spectrogram(torch.zeros(1, 1, 4096)) == -1).all())


def test_the_map_may_be_left_out_of_sight() -> None:
    made = waves(4096)
    for form, differs in (("concat", True), ("none", False)):
        torch.manual_seed(0)
        network = spectral.Discriminator(SPEC, 4, layers=1, form=form).eval()
        seen = [network(made, Condition(map=given)).logits for given in (made, made.flip(-1))]
        assert bool((seen[0] != seen[1]).any()) is differs
    with pytest.raises(InputError, match="judges sound"):
        spectral.Discriminator(Spec((1, 8, 8), 0, map=(1, 8, 8)))
