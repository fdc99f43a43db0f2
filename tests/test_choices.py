"""Any loss, penalty, network and augmentation in any recipe, by name."""

from __future__ import annotations

import pytest

from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.part import Part, public_names
from sparring.core.recipe import Recipe
from sparring.core.types import Spec
from sparring.recipes import choices, recipe_named
from sparring.verbs.check import check_run
from sparring.verbs.fitting import accepts_of

SPEC = Spec(shape=(1, 16, 16), latent=4)
LOSSES = public_names("sparring.losses.adversarial")


def does(network: str) -> bool:
    """Whether both networks of the pair can be built for pictures."""
    pair = (Part(f"sparring.networks.{network}:{side}") for side in ("Generator", "Discriminator"))
    return not any(accepts_of(part).refusal(SPEC) for part in pair)


@pytest.fixture
def gan() -> Recipe:
    return recipe_named(
        "gan", {"widths": (8,), "discriminator_widths": (8,), "latent": 4, "batch": 4}
    )


def plays(recipe: Recipe) -> None:
    """A turn of every player, on torch's meta device."""
    domain = Part("sparring.domains.image.domain:Image", shape=SPEC.shape)
    check_run(Manifest(recipe=recipe, domain=domain, spec=SPEC, data={}))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", choices.penalty_names())
def test_every_loss_crosses_every_penalty(gan: Recipe, loss: str, penalty: str) -> None:
    recipe = choices.with_penalty(choices.with_loss(gan, loss), [penalty])
    assert recipe.loss is not None and recipe.loss.name == loss
    plays(recipe)


@pytest.mark.parametrize("network", [name for name in choices.network_names() if does(name)])
@pytest.mark.parametrize("penalty", choices.penalty_names())
def test_every_network_crosses_every_penalty(gan: Recipe, network: str, penalty: str) -> None:
    recipe = choices.with_network(choices.with_penalty(gan, ["none"]), network)
    for role, part in recipe.networks.items():
        assert part.call == f"sparring.networks.{network}:{role.capitalize()}"
    if recipe.networks["generator"].accepts("width"):
        recipe = recipe.override({"generator.width": 8, "discriminator.width": 8})
    plays(choices.with_penalty(recipe, [penalty]))


def test_dashes_are_underscores_and_near_names_are_suggested(gan: Recipe) -> None:
    loss = choices.with_loss(gan, "least-squares").loss
    assert loss is not None and loss.name == "least_squares"
    with pytest.raises(InputError, match="unknown loss 'hingy': did you mean 'hinge'"):
        choices.with_loss(gan, "hingy")
    with pytest.raises(InputError, match="unknown penalty 'r3'"):
        choices.with_penalty(gan, ["r3"])
    with pytest.raises(InputError, match="did you mean 'residual'"):
        choices.with_network(gan, "residul")


def test_penalties_replace_those_that_were_there() -> None:
    recipe = recipe_named("wgan-gp")
    both = choices.with_penalty(recipe, ["r1", "spectral-norm"], weight=2.0, every=4)
    assert [(t.name, dict(t.arguments)) for t in both.terms] == [
        ("r1", {"weight": 2.0, "every": 4})
    ]
    assert both.networks["discriminator"].arguments["spectral_norm"] is True
    assert choices.with_penalty(recipe, ["none"]).terms == ()
    assert choices.with_penalty(recipe_named("wgan"), ["clip"]).clip == {"discriminator": 0.01}
    assert choices.with_penalty(recipe_named("wgan"), ["r1"]).clip == {}


def test_weight_alone_changes_the_penalty_that_is_there(gan: Recipe) -> None:
    recipe = choices.with_penalty(recipe_named("wgan-gp"), [], weight=3.0, every=2)
    assert recipe.terms[0].arguments["weight"] == 3.0
    assert recipe.terms[0].arguments["every"] == 2
    with pytest.raises(InputError, match="no penalty to weigh"):
        choices.with_penalty(gan, [], weight=1.0)


def test_a_network_keeps_what_belongs_to_the_method() -> None:
    vae = choices.with_network(recipe_named("vae", {"latent": 2}), "dense")
    assert vae.networks["encoder"].arguments["outputs"] == 4
    plays(vae.replace(latent=SPEC.latent).override({"encoder.outputs": 2 * SPEC.latent}))
    sngan = choices.with_network(recipe_named("sngan"), "dense")
    assert sngan.networks["discriminator"].arguments["spectral_norm"] is True


def test_augmentation_fixed_scheduled_and_adaptive(gan: Recipe) -> None:
    fixed = choices.with_augment(gan, "translate,cutout/0.3").augment
    assert fixed is not None
    assert fixed.arguments == {"strength": 0.3, "policy": ("translate", "cutout")}
    scheduled = choices.with_augment(gan, "default/0..0.3@5e5").augment
    assert scheduled is not None
    strength = scheduled.arguments["strength"].build()
    assert (strength(0), strength(500_000)) == (0.0, pytest.approx(0.3))
    relativistic = choices.with_loss(gan, "relativistic")
    adaptive = choices.with_augment(relativistic, "default/adaptive")
    assert adaptive.augment is not None
    assert adaptive.augment.arguments["signal"] == "pair"
    plays(adaptive)
    assert choices.with_augment(adaptive, "none").augment is None
    with pytest.raises(InputError, match="'strong' is no number in"):
        choices.with_augment(gan, "translate/strong")


def test_a_choice_that_a_recipe_cannot_have_is_refused() -> None:
    vae = recipe_named("vae")
    with pytest.raises(InputError, match="no discriminator"):
        choices.with_penalty(vae, ["r1"])
    with pytest.raises(InputError, match="takes no augmentation"):
        choices.with_augment(vae, "default/0.5")
    with pytest.raises(InputError, match="unknown loss 'hinge'"):
        choices.with_loss(vae, "hinge")
    assert choices.with_loss(vae, "laplace").loss == Part("sparring.losses.reconstruction:laplace")
