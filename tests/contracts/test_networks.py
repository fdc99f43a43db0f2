"""What every network promises, whatever its architecture."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.part import Part, resolve
from sparring.core.types import Condition, Spec
from sparring.networks import layers

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "dense": {"generator": {"widths": (12, 8)}, "discriminator": {"widths": (12, 8)}},
    "dcgan": {
        "generator": {"widths": (8, 8, 4)},
        "discriminator": {"widths": (4, 8), "dropout": 0.0},
    },
    "residual": {"generator": {"width": 8}, "discriminator": {"width": 8}},
    "convolutional": {"generator": {"width": 4}, "discriminator": {"width": 4}},
    "wave": {"generator": {"width": 4}, "discriminator": {"width": 4, "shuffle": 0}},
}
SHAPES = [(1, 28, 28), (3, 37, 50), (4, 16, 16), (2, 33), (1, 9, 8, 7), (2,)]
KINDS = {
    "none": {},
    "label": {"classes": 3},
    "vector": {"vector": 5},
    "both": {"classes": 3, "vector": 5},
}
CASES = [
    (name, shape)
    for name in SETTINGS
    for shape in SHAPES
    if not resolve(f"sparring.networks.{name}:Generator").accepts.refusal(Spec(shape, 6))
]


def small(name: str) -> tuple[int, ...]:
    """A small sample of 144 numbers that the network accepts."""
    return (1, 144) if name == "wave" else (1, 12, 12)


def generator(name: str, spec: Spec, **settings: Any) -> nn.Module:
    part = Part(f"sparring.networks.{name}:Generator", **SETTINGS[name]["generator"])
    return part.replace(**settings).build(spec)


def discriminator(name: str, spec: Spec, **settings: Any) -> nn.Module:
    part = Part(f"sparring.networks.{name}:Discriminator", **SETTINGS[name]["discriminator"])
    return part.replace(**settings).build(spec)


def condition(spec: Spec, count: int) -> Condition:
    return Condition(
        torch.arange(count) % spec.classes if spec.classes else None,
        torch.randn(count, spec.vector) if spec.vector else None,
    )


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def stir(network: nn.Module) -> None:
    """Move every weight off its special starting value, such as the zeros of Fixup."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))


def filled(network: nn.Module) -> bool:
    return all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_generator_makes_samples_and_every_weight_learns(name: str, shape: tuple[int, ...]) -> None:
    spec = Spec(shape, 6, classes=3)
    network = generator(name, spec)
    stir(network)
    samples = network(torch.randn(5, 6), condition(spec, 5))
    assert samples.shape == (5, *shape)
    assert samples.dtype == torch.float32
    (samples * torch.randn_like(samples)).sum().backward()
    assert filled(network)


@pytest.mark.parametrize(
    ("form", "kind"), [("concat", "none"), ("concat", "both"), ("projection", "both")]
)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_discriminator_survives_double_backward(
    name: str, shape: tuple[int, ...], form: str, kind: str
) -> None:
    spec = Spec(shape, 6, **KINDS[kind])
    network = discriminator(name, spec, form=form, outputs=2)
    stir(network)
    sample = torch.randn(3, *shape, requires_grad=True)
    logits = network(sample, condition(spec, 3)).logits
    assert logits.shape == (3, 2)
    (gradient,) = torch.autograd.grad(logits.sum(), sample, create_graph=True)
    (gradient.square().sum() + logits.square().sum()).backward()
    assert filled(network)


@pytest.mark.parametrize("name", SETTINGS)
def test_discriminator_gradient_agrees_with_finite_differences(name: str) -> None:
    shape = (1, 30) if name == "wave" else (1, 5, 6)
    network = discriminator(name, Spec(shape, 4)).double()
    stir(network)

    def judge(sample: Tensor) -> Tensor:
        return network(sample, Condition()).logits

    sample = torch.randn(2, *shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(judge, sample, fast_mode=True)
    assert torch.autograd.gradgradcheck(judge, sample, fast_mode=True)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_state_dict_restores_both_players(name: str, shape: tuple[int, ...]) -> None:
    spec = Spec(shape, 6, classes=3)
    given = {"generator": torch.randn(3, 6), "discriminator": torch.randn(3, *shape)}
    for build, role in ((generator, "generator"), (discriminator, "discriminator")):
        first, second = build(name, spec), build(name, spec)
        stir(first)
        second.load_state_dict(first.state_dict())
        outputs = [net.eval()(given[role], condition(spec, 3)) for net in (first, second)]
        flat = [value if role == "generator" else value.logits for value in outputs]
        assert torch.equal(*flat)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_one_sample_is_a_batch(name: str, shape: tuple[int, ...]) -> None:
    spec = Spec(shape, 6)
    sample = generator(name, spec).eval()(torch.randn(1, 6), Condition())
    assert sample.shape == (1, *shape)
    network = discriminator(name, spec)
    network(sample, Condition()).logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("name", SETTINGS)
def test_verdict_does_not_depend_on_the_batch(name: str) -> None:
    spec = Spec(small(name), 6)
    network = discriminator(name, spec)
    stir(network)
    sample = torch.randn(6, *small(name))
    together = network(sample, Condition()).logits
    alone = torch.cat([network(one[None], Condition()).logits for one in sample])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SETTINGS)
def test_bf16_is_close_and_its_outputs_are_float32(name: str) -> None:
    spec = Spec(small(name), 6, head="linear")
    networks = generator(name, spec).eval(), discriminator(name, spec)
    for network in networks:
        stir(network)
    latent = torch.randn(4, 6)
    exact = networks[0](latent, Condition())
    with torch.autocast("cpu", torch.bfloat16):
        rough = networks[0](latent, Condition())
        logits = networks[1](exact.detach(), Condition()).logits
    assert rough.dtype == logits.dtype == torch.float32
    assert not torch.equal(exact, rough)
    torch.testing.assert_close(exact, rough, rtol=0.05, atol=0.05 * float(exact.detach().std()))
    wanted = networks[1](exact, Condition()).logits
    torch.testing.assert_close(wanted, logits, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("form", ["concat", "projection"])
@pytest.mark.parametrize("name", SETTINGS)
def test_conditions_change_what_is_made_and_judged(name: str, form: str) -> None:
    spec = Spec(small(name), 6, classes=3, vector=2)
    networks = generator(name, spec).eval(), discriminator(name, spec, form=form)
    sample, latent = torch.randn(1, *small(name)), torch.randn(1, 6)
    label, vector = torch.tensor([0]), torch.zeros(1, 2)
    others = [Condition(torch.tensor([1]), vector), Condition(label, torch.ones(1, 2))]
    for network in networks:
        stir(network)
    for other in others:
        for network, given in zip(networks, (latent, sample), strict=True):
            outputs = [network(given, known) for known in (Condition(label, vector), other)]
            values = [getattr(output, "logits", output) for output in outputs]
            assert not torch.allclose(*values)


@pytest.mark.parametrize("name", SETTINGS)
def test_missing_conditions_are_named(name: str) -> None:
    for kind in ("label", "vector"):
        spec = Spec(small(name), 6, **KINDS[kind])
        with pytest.raises(InputError, match=f"give a {kind}"):
            generator(name, spec)(torch.randn(2, 6), Condition())
        with pytest.raises(InputError, match=f"give a {kind}"):
            discriminator(name, spec)(torch.randn(2, *small(name)), Condition())


def test_wrong_vectors_and_maps_are_refused() -> None:
    spec = Spec((4,), 6, vector=5)
    with pytest.raises(InputError, match=r"\(4,\), not \(5,\)"):
        generator("dense", spec)(torch.randn(2, 6), Condition(vector=torch.randn(2, 4)))
    with pytest.raises(InputError, match="no map"):
        generator("dcgan", Spec((1, 8, 8), 6, map=(3, 8, 8)))


@pytest.mark.parametrize("name", SETTINGS)
def test_spectral_norm_limits_every_weight(name: str) -> None:
    spec = Spec(small(name), 6)
    network = discriminator(name, spec, spectral_norm=True)
    sample = torch.randn(2, *small(name), requires_grad=True)
    for _ in range(15):  # each forward pass in training is one power iteration
        logits = network(sample, Condition()).logits
    limited = [m for m in network.modules() if hasattr(m, "parametrizations")]
    for module in limited:
        largest = torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2)
        assert abs(float(largest) - 1) < 0.1
    plain = discriminator(name, spec)
    assert len(limited) == sum(p.dim() > 1 for p in plain.parameters())
    (gradient,) = torch.autograd.grad(logits.sum(), sample, create_graph=True)
    (gradient.square().sum() + logits.square().sum()).backward()
    assert filled(network)


@pytest.mark.parametrize("name", SETTINGS)
def test_features_are_kept_on_request(name: str) -> None:
    spec, sample = Spec(small(name), 6), torch.randn(2, *small(name))
    assert discriminator(name, spec)(sample, Condition()).features == ()
    features = discriminator(name, spec, keep_features=True)(sample, Condition()).features
    assert len(features) >= 2
    assert all(len(feature) == 2 for feature in features)


@pytest.mark.parametrize("name", SETTINGS)
def test_head_bounds_samples(name: str) -> None:
    latent = 50 * torch.randn(4, 6)
    for head, bounded in (("tanh", True), ("linear", False)):
        network = generator(name, Spec(small(name), 6), head=head, **_without_norm(name)).eval()
        stir(network)
        assert (float(network(latent, Condition()).detach().abs().max()) <= 1) is bounded


def _without_norm(name: str) -> dict[str, str]:
    return {"norm": "none"} if name in ("dense", "dcgan") else {}


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "wave"])
def test_networks_take_channels_last_and_the_meta_device(name: str) -> None:
    spec = Spec((3, 12, 10), 6)
    network = discriminator(name, spec)
    stir(network)
    sample = torch.randn(2, 3, 12, 10)
    plain = network(sample, Condition()).logits
    last = torch.channels_last
    turned = network.to(memory_format=last)(sample.to(memory_format=last), Condition()).logits
    torch.testing.assert_close(plain, turned, rtol=1e-4, atol=1e-5)
    with torch.device("meta"):
        made = generator(name, spec)(torch.randn(2, 6), Condition())
        assert discriminator(name, spec)(made, Condition()).logits.shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dense", {"norm": "btach"}),
        ("dense", {"widths": ()}),
        ("dense", {"widths": (8, 0)}),
        ("dense", {"init": "glorott"}),
        ("dcgan", {"doublings": 4}),
        ("residual", {"stages": 0}),
        ("residual", {"halved": 3}),
        ("residual", {"groups_of": 3}),
        ("residual", {"patch": 0}),
        ("convolutional", {"up": "bilinear"}),
        ("convolutional", {"width": 0}),
    ],
)
def test_bad_settings_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        generator(name, Spec(small(name), 6), **settings)


def test_points_have_no_space_to_convolve() -> None:
    with pytest.raises(InputError, match="dense"):
        generator("dcgan", Spec((2,), 6))


def shapes(network: nn.Module, *kinds: type) -> list[tuple[int, ...]]:
    return [tuple(m.weight.shape) for m in network.modules() if isinstance(m, kinds)]


def test_dense_covers_the_classic_forms() -> None:
    spec = Spec((1, 28, 28), 100)
    classic = Part("sparring.networks.dense:Generator").build(spec)
    assert shapes(classic, nn.Linear) == [(256, 100), (512, 256), (1024, 512), (784, 1024)]
    names = [type(layer).__name__ for layer in classic.layers]
    assert names == ["Linear", "LeakyReLU", "BatchNorm1d"] * 3 + ["Linear"]
    judge = Part("sparring.networks.dense:Discriminator").build(spec)
    assert shapes(judge, nn.Linear) == [(512, 784), (256, 512), (1, 256)]


def test_dcgan_covers_both_published_forms() -> None:
    tutorial = Part("sparring.networks.dcgan:Generator").build(Spec((1, 28, 28), 100))
    assert shapes(tutorial, nn.Linear) == [(7 * 7 * 256, 100)]
    assert shapes(tutorial, nn.ConvTranspose2d) == [
        (256, 128, 5, 5),
        (128, 64, 5, 5),
        (64, 1, 5, 5),
    ]
    assert [m.stride[0] for m in tutorial.layers if isinstance(m, nn.ConvTranspose2d)] == [1, 2, 2]
    settings = {"kernel": 4, "norm": "batch", "init": "normal", "slope": 0.0}
    paper = Part(
        "sparring.networks.dcgan:Generator", widths=(512, 256, 128, 64), doublings=4, **settings
    ).build(Spec((3, 64, 64), 100))
    assert shapes(paper, nn.Linear) == [(4 * 4 * 512, 100)]
    assert len(shapes(paper, nn.BatchNorm2d)) == 4
    assert abs(float(paper.layers[2].weight.detach().std()) - 0.02) < 0.001
    judge = Part(
        "sparring.networks.dcgan:Discriminator", widths=(64, 128, 256, 512), **settings
    ).build(Spec((3, 64, 64), 100))
    assert len(shapes(judge, nn.BatchNorm2d)) == 3
    assert shapes(judge, nn.Linear) == [(1, 512 * 4 * 4)]


@torch.no_grad()
def test_residual_blocks_start_as_the_identity_and_in_scale() -> None:
    spec = Spec((3, 16, 16), 64)
    network = Part("sparring.networks.residual:Generator", width=16, stages=1).build(spec)
    hidden = torch.randn(2, 16, 16, 16)
    assert torch.equal(network.layers(hidden), hidden)
    stir(network)
    assert not torch.allclose(network.layers(hidden), hidden, atol=0.1)
    for depth in (1, 4):
        settings = {"width": 16, "blocks": depth}
        network = Part("sparring.networks.residual:Generator", **settings).build(spec)
        judge = Part("sparring.networks.residual:Discriminator", **settings).build(spec)
        sample = network(torch.randn(32, 64), Condition())
        assert 0.5 < float(sample.std()) < 2
        plain = torch.randn(32, 3, 1, 1).expand(-1, -1, 16, 16)
        assert 0.1 < float(judge(plain, Condition()).logits.std()) < 2


@pytest.mark.parametrize(
    "settings",
    [
        {"halved": 2},
        {"patch": 2, "stages": 2},
        {"groups_of": 0},
        {"groups_of": 4},
        {"stages": 1, "blocks": 1, "expansion": 1},
    ],
)
def test_residual_forms_agree_on_shapes(settings: dict[str, Any]) -> None:
    spec = Spec((3, 13, 18), 6)
    sample = generator("residual", spec, **settings)(torch.randn(2, 6), Condition())
    assert sample.shape == (2, 3, 13, 18)
    assert discriminator("residual", spec, **settings)(sample, Condition()).logits.shape == (2, 1)


@pytest.mark.parametrize("up", ["nearest", "shuffle", "transposed"])
@pytest.mark.parametrize("down", ["stride", "shuffle"])
def test_convolutional_forms_agree_on_shapes(up: str, down: str) -> None:
    spec = Spec((3, 13, 18), 6)
    sample = generator("convolutional", spec, up=up, depth=1)(torch.randn(2, 6), Condition())
    assert sample.shape == (2, 3, 13, 18)
    judge = discriminator("convolutional", spec, down=down, depth=1)
    assert judge(sample, Condition()).logits.shape == (2, 1)


def test_shuffles_are_torch_s_own_in_two_dimensions() -> None:
    sample = torch.randn(2, 12, 4, 6)
    assert torch.equal(layers.shuffle(sample), F.pixel_shuffle(sample, 2))
    assert torch.equal(layers.unshuffle(sample), F.pixel_unshuffle(sample, 2))
    volume = torch.randn(2, 3, 4, 2, 6)
    assert torch.equal(layers.shuffle(layers.unshuffle(volume)), volume)


def test_doubling_is_the_1331_filter() -> None:
    line = torch.randn(1, 1, 7, dtype=torch.float64)
    spread = torch.zeros(1, 1, 14, dtype=torch.float64)
    spread[..., ::2] = line
    kernel = torch.tensor([[[1.0, 3.0, 3.0, 1.0]]], dtype=torch.float64) / 4
    wanted = F.conv1d(F.pad(spread, (2, 1)), kernel)
    torch.testing.assert_close(layers.double(line)[..., 1:-1], wanted[..., 1:-1])


def test_pad_and_crop_are_inverse() -> None:
    sample = torch.randn(2, 3, 5, 6)
    padded = layers.pad(sample, (8, 8))
    assert padded.shape == (2, 3, 8, 8)
    assert torch.equal(layers.crop(padded, (5, 6)), sample)
    assert float(padded.abs().sum()) == pytest.approx(float(sample.abs().sum()))


def test_kaiming_keeps_variance_through_transposed_convolutions() -> None:
    layer = nn.ConvTranspose2d(64, 64, 4, 2, 1)
    layers.initialise(layer, "kaiming", slope=1.0)
    inner = layer(torch.randn(8, 64, 8, 8))[..., 2:-2, 2:-2]
    assert abs(float(inner.detach().var()) - 1) < 0.1


def test_waves_are_sines_and_cosines_of_equal_steepness() -> None:
    values = torch.tensor([[0.25, -0.5]], requires_grad=True)
    shown = layers.waves(values, 2)
    pi = math.pi
    assert shown.shape == (1, 10)
    sines = [math.sin(pi / 4), math.sin(pi / 2) / 2, math.sin(-pi / 2), math.sin(-pi) / 2]
    assert torch.allclose(shown[0, 2:6], torch.tensor(sines), atol=1e-6)
    line = layers.waves(torch.linspace(-1, 1, 2001)[:, None], 2)
    steepest = line.diff(dim=0).abs().amax(0).tolist()
    assert steepest[1] == pytest.approx(steepest[2], rel=1e-3)
    assert layers.waves(values, 0) is values


def test_a_clipped_head_leaves_what_is_within_its_range() -> None:
    values = torch.tensor([-3.0, -1.0, 0.25, 1.0, 2.0])
    shaped = layers.bounded(values, "clipped")
    assert torch.allclose(shaped, torch.tensor([-1.2, -1.0, 0.25, 1.0, 1.1]))


def test_a_leaky_head_is_nearly_bounded_and_never_flat() -> None:
    values = torch.tensor([-8.0, 0.0, 8.0], requires_grad=True)
    shaped = layers.bounded(values, "leaky")
    (slopes,) = torch.autograd.grad(shaped.sum(), values)
    assert shaped.abs().max() < 1.41
    assert slopes.min() > 0.04
    assert slopes[1] == pytest.approx(1.05)
    flat = torch.autograd.grad(layers.bounded(values, "tanh").sum(), values)[0].min()
    assert flat < 1e-5
