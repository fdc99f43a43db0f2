"""Networks that make pictures from pictures: any extent, one sample, where gradients reach."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Condition, Spec
from sparring.networks.flat import Flat
from sparring.networks.unet import Repeat
from sparring.recipes import recipe_named

SPEC = Spec((3, 32, 32), 0, map=(3, 32, 32))
NETWORKS = "sparring.networks"


def built(name: str, spec: Spec = SPEC, **flags: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return Part(f"{NETWORKS}.{name}", **flags).build(spec)


def given(height: int, width: int, count: int = 1, channels: int = 3) -> Condition:
    torch.manual_seed(1)
    return Condition(map=torch.rand(count, channels, height, width) * 2 - 1)


@pytest.mark.parametrize("name", ["unet:Generator", "translator:Generator", "alter:Generator"])
@pytest.mark.parametrize("extent", [(32, 32), (37, 91), (64, 20)])
def test_generators_keep_any_extent(name: str, extent: tuple[int, int]) -> None:
    network = built(name, width=8)
    assert network(torch.zeros(1, 0), given(*extent)).shape == (1, 3, *extent)


@pytest.mark.parametrize("name", ["unet:Generator", "translator:Generator", "upscaler:Generator"])
def test_every_weight_learns_from_one_sample(name: str) -> None:
    small = name.startswith("upscaler")
    spec = Spec((3, 32, 32), 0, map=(3, 16, 16)) if small else SPEC
    network = built(name, spec, width=8)
    side = 16 if small else 32
    network(torch.zeros(1, 0), given(side, side)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("name", ["unet:Generator", "translator:Generator", "alter:Generator"])
def test_a_sample_does_not_depend_on_its_neighbours(name: str) -> None:
    network, condition = built(name, width=8), given(32, 32, count=3)
    latent = torch.zeros(3, 0)
    alone = network(latent[:1], condition.rows(slice(0, 1)))
    assert torch.allclose(network(latent, condition)[:1], alone, atol=1e-5)


@pytest.mark.parametrize("name", ["unet:Generator", "translator:Generator"])
def test_a_residual_generator_starts_near_what_it_was_given(name: str) -> None:
    condition = given(32, 32)
    near = built(name, width=8, residual=True, head="linear")(torch.zeros(1, 0), condition)
    far = built(name, width=8, head="linear")(torch.zeros(1, 0), condition)
    assert (near - condition.map).abs().mean() < 0.5 * (far - condition.map).abs().mean()


def test_who_alters_a_picture_starts_with_the_picture_as_it_is() -> None:
    spec, condition = Spec((3, 32, 32), 0, vector=4, map=(3, 32, 32)), given(32, 32, count=2)
    asked = condition._replace(vector=torch.eye(4)[:2])
    made = built("alter:Generator", spec, width=8)(torch.zeros(2, 0), asked)
    assert (made - condition.map).abs().mean() < 0.05
    assert not torch.equal(made[0] - condition.map[0], made[1] - condition.map[1]), "it is told"


@pytest.mark.parametrize("name", ["cyclegan", "cut", "photo2emoji"])
def test_unpaired_generators_tell_one_flat_colour_from_another(name: str) -> None:
    """Seen by contrasts alone, summer's brightest would pass for winter's."""
    part = recipe_named(name, {"width": 8, "residual": False}).networks["generator"]
    network = part.build(SPEC)
    earth, snow = (Condition(map=torch.full((1, 3, 32, 32), value)) for value in (0.2, 0.8))
    with torch.no_grad():
        made = [network(torch.zeros(1, 0), flat) for flat in (earth, snow)]
    assert (made[0] - made[1]).abs().mean() > 0.05


@pytest.mark.parametrize("extent", [(32, 32), (37, 21)])
def test_a_flat_generator_paints_with_so_many_colours(extent: tuple[int, int]) -> None:
    network = built("translator:Generator", width=8, colours=5)
    condition = given(*extent, count=2)
    free = network(torch.zeros(2, 0), condition)
    assert free.shape == (2, 3, *extent) and free.abs().max() <= 1
    free.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    with torch.no_grad():
        network.flat.near.convolve.weight.mul_(1e4)  # Regions without doubt.
        for colours in network(torch.zeros(2, 0), condition).flatten(2).transpose(1, 2):
            same = (colours[:, None] - colours[None]).abs().amax(2) < 1e-3
            counts = same.unique(dim=0, return_counts=True)[1].sort(descending=True).values
            # A cell in a hundred may lie between two regions.
            assert len(counts) > 1 and counts[:5].sum() > 0.99 * len(colours)


def test_regions_keep_the_colours_of_their_sources_where_nothing_new_is_read() -> None:
    """Two halves told apart by their colours, and noise within each, which becomes its mean."""
    flat = Flat(3, 4, 2, factor=4)
    source = torch.full((1, 3, 16, 16), 0.5)
    source[..., 8:] = -0.5
    noisy = source + 0.1 * torch.randn(source.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for weight in flat.parameters():
            weight.zero_()
        flat.near.convolve.weight[0, :, 1, 1] = 50.0
        flat.read.bias[3:] = -100.0  # No new colour.
        made = flat(torch.zeros(1, 2, 16, 16), noisy, torch.zeros(1, 4, 4, 4))
    for half in (..., slice(8)), (..., slice(8, 16)):
        mean = noisy[half].mean((2, 3), keepdim=True).expand(-1, -1, 16, 8)
        assert torch.allclose(made[half], mean, atol=1e-4)


@pytest.mark.parametrize(("channels", "residual"), [(1, False), (3, True)])
def test_colours_need_a_map_to_take_them_from(channels: int, residual: bool) -> None:
    spec = Spec((3, 32, 32), 0, map=(channels, 32, 32))
    with pytest.raises(InputError):
        built("translator:Generator", spec, width=8, colours=4, residual=residual)


def test_the_unets_latent_is_heard() -> None:
    network = built("unet:Generator", Spec((3, 32, 32), 4, map=(3, 32, 32)), width=8)
    condition = given(32, 32)
    one, other = (network(torch.full((1, 4), value), condition) for value in (-1.0, 1.0))
    assert (one - other).abs().max() > 1e-4


@pytest.mark.parametrize("averaged", [False, True])
def test_averages_let_no_mesh_of_single_pixels_through(averaged: bool) -> None:
    spec = Spec((3, 32, 32), 0, map=(3, 16, 16))
    network = built("upscaler:Generator", spec, width=8, averaged=averaged)
    with torch.no_grad():
        network.spread.convolve.weight.zero_()
        network.spread.convolve.bias.copy_(torch.tensor([1.0, -1.0, -1.0, 1.0]).repeat(4))
        made = network(torch.zeros(1, 0), Condition(map=torch.zeros(1, 3, 16, 16)))
    inner = made[..., 2:-2, 2:-2]
    assert (inner.std((2, 3)).max() < 1e-6) == averaged


def test_the_upscaler_adds_to_the_bicubic_picture() -> None:
    network = built("upscaler:Generator", Spec((3, 64, 64), 0, map=(3, 16, 16)), width=8)
    for weight in network.last.parameters():
        torch.nn.init.zeros_(weight)
    condition = given(10, 14)
    sample = network(torch.zeros(1, 0), condition)
    wanted = F.interpolate(condition.map, scale_factor=4, mode="bicubic")
    assert sample.shape == (1, 3, 40, 56)
    assert torch.allclose(sample, wanted, atol=1e-6)
    with pytest.raises(InputError, match="no whole multiple"):
        built("upscaler:Generator", Spec((3, 64, 64), 0, map=(3, 24, 24)))


@pytest.mark.parametrize("extent", [(32, 32), (37, 91)])
def test_a_folding_generator_keeps_any_extent_and_adds_to_the_picture(
    extent: tuple[int, int],
) -> None:
    network = built("upscaler:Generator", width=8, blocks=1, fold=2)
    condition = given(*extent)
    assert network(torch.zeros(1, 0), condition).shape == (1, 3, *extent)
    for weight in network.last.parameters():
        torch.nn.init.zeros_(weight)
    assert torch.allclose(network(torch.zeros(1, 0), condition), condition.map, atol=1e-6)


def test_a_patch_judges_its_own_place() -> None:
    discriminator = built("patch:Discriminator", width=8, layers=2, form="none")
    sample = torch.zeros(1, 3, 32, 32, requires_grad=True)
    grid = discriminator(sample, Condition()).logits.view(8, 8)
    (gradient,) = torch.autograd.grad(grid[0, 0], sample)
    seen = gradient.abs().sum((0, 1)).nonzero()
    assert seen.max() < 24, "the first patch must not see the far corner"


def test_scales_weigh_alike_and_features_come_from_all() -> None:
    discriminator = built("patch:Discriminator", width=8, scales=2)
    verdict = discriminator(torch.zeros(2, 3, 32, 32), given(32, 32, count=2))
    single = built("patch:Discriminator", width=8)
    alone = single(torch.zeros(2, 3, 32, 32), given(32, 32, count=2))
    assert verdict.logits.shape[1] == 2 * alone.logits.shape[1]
    assert len(verdict.features) > len(alone.features)


def test_a_judge_looks_at_the_map_or_does_not() -> None:
    sample = torch.zeros(1, 3, 32, 32)
    for form, differs in (("concat", True), ("none", False)):
        discriminator = built("patch:Discriminator", width=8, form=form)
        logits = [
            discriminator(sample, Condition(map=torch.full_like(sample, v))).logits for v in (-1, 1)
        ]
        assert bool((logits[0] != logits[1]).any()) is differs


def test_a_map_is_needed() -> None:
    with pytest.raises(InputError, match="map"):
        built("unet:Generator", width=8)(torch.zeros(1, 0), Condition())


LAYOUT = Spec((3, 32, 32), 4, map=(5, 32, 32))


def layout(height: int, width: int, count: int = 1) -> Condition:
    torch.manual_seed(2)
    classes = torch.randint(5, (count, height, width))
    return Condition(map=F.one_hot(classes, 5).movedim(-1, 1).float())


@pytest.mark.parametrize("latent", [0, 4])
@pytest.mark.parametrize("extent", [(32, 32), (37, 50), (8, 20)])
def test_spade_paints_a_layout_of_any_extent(extent: tuple[int, int], latent: int) -> None:
    network = built("spade:Generator", Spec((3, 32, 32), latent, map=(5, 32, 32)), width=4)
    assert network(torch.randn(1, latent), layout(*extent)).shape == (1, 3, *extent)


def test_spade_hears_the_latent_and_the_layout_with_every_weight() -> None:
    network = built("spade:Generator", LAYOUT, width=4)
    condition, latent = layout(32, 32, count=2), torch.randn(2, 4)
    made = network(latent, condition)
    made.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())
    assert (network(-latent, condition) - made).abs().mean() > 0.01
    assert (network(latent, layout(32, 32, 3).rows(slice(1, 3))) - made).abs().mean() > 0.01


def test_a_fresh_modulation_without_weights_is_the_norm_alone() -> None:
    block = built("spade:Generator", LAYOUT, width=4, spectral_norm=False).blocks[0].norms[0]
    for weight in block.shape.parameters():
        torch.nn.init.zeros_(weight)
    width = block.shape.convolve.out_channels // 2
    hidden = 3 + 2 * torch.randn(2, width, 6, 6)
    mean, var = hidden.mean((2, 3), keepdim=True), hidden.var((2, 3), unbiased=False, keepdim=True)
    wanted = (hidden - mean) / (var + 1e-5).sqrt()
    torch.testing.assert_close(block(hidden, layout(6, 6, 2).map), wanted, rtol=1e-4, atol=1e-4)


def test_the_style_encoder_reads_the_sample_only() -> None:
    encoder = built("spade:Encoder", LAYOUT, width=4)
    sample = torch.randn(2, 3, 32, 32)
    logits = encoder(sample, layout(32, 32, 2)).logits
    assert logits.shape == (2, 8)
    assert torch.equal(encoder(sample, Condition()).logits, logits)
    assert not torch.equal(encoder(-sample, Condition()).logits, logits)


def test_spade_refuses_what_it_cannot_paint() -> None:
    with pytest.raises(InputError, match="give a map"):
        built("spade:Generator", LAYOUT, width=4)(torch.randn(1, 4), Condition())
    with pytest.raises(InputError, match="must have the extent"):
        built("spade:Generator", Spec((3, 32, 32), 4, map=(5, 16, 16)))
    with pytest.raises(InputError, match="unknown norm"):
        built("spade:Generator", LAYOUT, norm="none")


def test_projected_features_are_unit_vectors_that_learn_to_agree() -> None:
    projector = built("projector:Projector", channels=(6, 3), width=8)
    features = torch.randn(5, 6), torch.randn(7, 3)
    vectors = projector(features)
    assert [v.shape for v in vectors] == [(5, 8), (7, 8)]
    for vector in vectors:
        torch.testing.assert_close(vector.norm(dim=1), torch.ones(len(vector)))
    # Contrast tells each row from the others: a few steps lower the cross-entropy.
    optimiser = torch.optim.Adam(projector.parameters(), 1e-2)
    noisy, costs = features[0] + 0.3 * torch.randn(5, 6), []
    for _ in range(20):
        one, other = projector(features)[0], projector((noisy, features[1]))[0]
        cost = F.cross_entropy(one @ other.T / 0.07, torch.arange(5))
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        costs.append(float(cost.detach()))
    assert costs[-1] < 0.5 * costs[0]
    with pytest.raises(InputError, match="channels a layer"):
        projector(features[:1])


def test_the_translators_features_fit_a_projector() -> None:
    condition = given(16, 16)
    translator = built("translator:Generator", width=4, blocks=2)
    sample, seen = translator(torch.zeros(1, 0), condition, features=True)
    assert torch.equal(sample, translator(torch.zeros(1, 0), condition))
    projector = built("projector:Projector", channels=tuple(f.shape[1] for f in seen))
    rows = tuple(f.flatten(2).transpose(1, 2).flatten(0, 1) for f in seen)
    assert len(projector(rows)) == len(seen)


def test_repeating_then_convolving_is_folded_exactly() -> None:
    repeat = built("unet:Repeat", spec=4, outputs=3)  # type: ignore[arg-type]
    hidden = torch.randn(2, 4, 9, 11)
    large = F.pad(F.interpolate(hidden, scale_factor=2), [1] * 4, mode="reflect")
    wanted = F.conv2d(large, repeat.convolve.weight, repeat.convolve.bias)
    torch.testing.assert_close(repeat(hidden), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("space", [(37,), (9, 12, 7)])
@pytest.mark.parametrize("name", ["unet:Generator", "translator:Generator"])
def test_sound_and_volumes_keep_any_extent(name: str, space: tuple[int, ...]) -> None:
    network = built(name, Spec((2, *space), 0, map=(3, *space)), width=4)
    other = tuple(extent + 6 for extent in space)
    for extent in (space, other):
        made = network(torch.zeros(2, 0), Condition(map=torch.randn(2, 3, *extent)))
        assert made.shape == (2, 2, *extent) and bool(made.isfinite().all())


@pytest.mark.parametrize("space", [(64,), (16, 16, 16)])
def test_patches_of_sound_and_volumes_are_judged_by_scales(space: tuple[int, ...]) -> None:
    spec = Spec((1, *space), 0, map=(2, *space), classes=3)
    discriminator = built("patch:Discriminator", spec, width=4, layers=2, scales=2)
    told = Condition(map=torch.randn(2, 2, *space), label=torch.tensor([0, 2]))
    verdict = discriminator(torch.randn(2, 1, *space), told)
    assert verdict.logits.shape == (2, 2 * math.prod(extent // 4 for extent in space))


def test_repeating_by_a_folded_kernel_is_repeating() -> None:
    for dims, space in ((1, (70,)), (2, (9, 8)), (3, (4, 5, 6))):
        torch.manual_seed(dims)
        layer, small = Repeat(2, 3, dims), torch.randn(1, 2, *space)
        large = F.pad(small, [1, 1] * dims, mode="replicate")
        large = F.interpolate(large, scale_factor=2.0, mode="nearest")
        inner = large[(..., *[slice(1, -1)] * dims)]
        assert torch.allclose(layer(small), layer.convolve(inner), atol=1e-5)
