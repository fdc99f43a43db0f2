"""Parts and recipes: checked at once, JSON and back, changed by dotted settings."""

from __future__ import annotations

import json

import pytest
import torch

from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.part import Part, public_names
from sparring.core.recipe import Recipe
from sparring.core.types import AdversarialLoss, Spec
from sparring.losses import adversarial
from sparring.recipes import recipe_functions, recipe_named
from sparring.verbs.check import check_loss, check_network, check_recipe
from sparring.verbs.fitting import refusal

DENSE = "sparring.networks.dense:Generator"


def test_unknown_keyword_is_refused_at_once_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'widths'"):
        Part(DENSE, width=64)


@pytest.mark.parametrize(
    "address",
    ["sparring.networks.dense:Generater", "sparring.networks.dens:Generator", "dense", "a:b.c"],
)
def test_unknown_address_is_refused(address: str) -> None:
    with pytest.raises(InputError):
        Part(address)


def test_imported_names_are_not_a_modules_own() -> None:
    with pytest.raises(InputError):
        Part("sparring.core.part:importlib")
    with pytest.raises(InputError):
        Part("sparring.networks.dense:Spec")


def test_part_is_json_and_back_and_never_changes() -> None:
    part = Part(DENSE, widths=[8, 4], slope=0.1)
    assert Part.from_json(json.loads(json.dumps(part.to_json()))) == part
    assert part.arguments["widths"] == (8, 4)
    with pytest.raises(AttributeError):
        part.call = "other"  # type: ignore[misc]
    assert part.replace(slope=0.3) != part


def test_nested_parts_are_built_first() -> None:
    fall = Part("sparring.core.schedule:cosine", start=2.0, end=0.0, images=10)
    term = Part("sparring.losses.penalties:r1", weight=fall).build()
    assert term.weight(5) == pytest.approx(1.0)


def test_trust_is_given_by_name() -> None:
    data = {"call": "textwrap:TextWrapper"}
    with pytest.raises(InputError, match="outside sparring"):
        Part.from_json(data)
    assert Part.from_json(data, trusted=("textwrap",)).call == "textwrap:TextWrapper"


@pytest.mark.parametrize("name", recipe_functions())
def test_every_recipe_keeps_the_contract(name: str) -> None:
    recipe = recipe_named(name)
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    assert again == recipe
    task, played = recipe.task.build(), []
    heard = name == "vocoder"
    for shape in [(1, 4096)] if heard else [(2,), (1, 40), (3, 28, 28), (1, 8, 8, 8)]:
        classes = 10 if "label" in task.conditions else 0
        sources = (shape[0] * recipe.task.arguments.get("views", 1), *shape[1:])
        mapped = task.map_shape(shape, sources) if len(shape) == 3 or heard else ()
        vector = 5 if "vector" in task.conditions else 0
        tokens = (9, 5) if "tokens" in task.conditions else ()
        spec = Spec(shape, recipe.latent, classes, vector, map=mapped, tokens=tokens)
        if not refusal(recipe, spec):
            check_recipe(recipe, spec)
            played.append(shape)
    assert {(1, 40), (1, 4096), (3, 28, 28)} & {*played}


def test_settings_reach_networks_terms_optimisers_and_fields() -> None:
    recipe = recipe_named("r3").override(
        {
            "generator.width": 8,
            "r1.weight": 3.0,
            "optimizer.generator.beta1": 0.5,
            "learning_rate.generator.start": 0.125,
            "learning_rate.discriminator": 0.25,
            "batch": 16,
            "loss": "hinge",
            "ema": 100,
        }
    )
    assert recipe.networks["generator"].arguments["width"] == 8
    assert next(t for t in recipe.terms if t.name == "r1").arguments["weight"] == 3.0
    assert recipe.optimizers["generator"].arguments["beta1"] == 0.5
    assert recipe.optimizers["discriminator"].arguments["beta1"] != 0.5
    assert recipe.learning_rates["generator"].build()(0) == 0.125
    assert recipe.learning_rates["discriminator"] == 0.25
    assert (recipe.batch, recipe.loss.name) == (16, "hinge")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generater.width", 8),
        ("generator.widht", 8),
        ("batch", "many"),
        ("clip", "yes"),
        ("loss", "hinje"),
        ("optimizer", 3),
        ("optimizer.referee.lr", 1),
        ("optimizer.generator.lr", 1e-3),  # r3's schedule would overrule it
        ("turns", "generator"),
    ],
)
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(InputError):
        recipe_named("r3").override({key: value})


@pytest.mark.parametrize("name", public_names("sparring.losses.adversarial"))
def test_every_loss_passes_the_public_check(name: str) -> None:
    check_loss(getattr(adversarial, name)())


def test_check_loss_finds_a_loss_that_pulls_the_wrong_way() -> None:
    good = adversarial.hinge()
    with pytest.raises(InputError, match="generator's loss must"):
        check_loss(AdversarialLoss(good.discriminator, lambda real, fake: fake.mean()))
    with pytest.raises(InputError, match="not a scalar"):
        check_loss(AdversarialLoss(lambda real, fake: fake, good.generator))


def test_patches_are_judged_one_by_one_only_beside_a_map() -> None:
    patch = Part("sparring.networks.patch:Discriminator", width=4, form="none")
    check_network(patch, Spec((3, 32, 32), 4, map=(3, 32, 32)), outputs=1)
    with pytest.raises(InputError, match="contract asks"):
        check_network(patch, Spec((3, 32, 32), 4), outputs=1)


def test_check_network_finds_a_wrong_shape_and_idle_weights() -> None:
    spec = Spec((1, 8, 8), 4)
    check_network(Part(DENSE, widths=(4,)), spec)
    check_network(Part("sparring.networks.dense:Discriminator", widths=(4,)), spec, outputs=1)
    with pytest.raises(InputError, match="contract asks"):
        check_network(Part("sparring.networks.dense:Discriminator", outputs=2), spec, outputs=1)


@pytest.mark.parametrize(
    ("kind", "players"),
    [
        ("denoise", {"generator"}),
        ("deblur", {"generator"}),
        ("watermark", {"generator"}),
        ("jpeg", {"generator", "discriminator"}),
        ("colour", {"generator", "discriminator"}),
    ],
)
def test_restore_plays_with_whom_the_kind_gains_from(kind: str, players: set[str]) -> None:
    assert set(recipe_named("restore", {"kind": kind}).turns) == players
    forced = recipe_named("restore", {"kind": kind, "adversarial": 1.0})
    assert set(forced.turns) == {"generator", "discriminator"} and forced.warmup == 0.7
    assert set(recipe_named("restore", {"kind": kind, "adversarial": 0}).turns) == {"generator"}


@pytest.mark.parametrize(
    ("name", "flags", "settings"),
    [
        ("cut", {"width": 8}, {"generator.width": 8}),
        (
            "cut",
            {"residual": False, "blocks": 2},
            {"generator.residual": False, "generator.blocks": 2},
        ),
        (
            "pix2pix",
            {"l1": 3.0, "discriminator_width": 8},
            {"l1.weight": 3.0, "discriminator.width": 8},
        ),
        ("superres", {"batch": 2}, {"batch": 2}),
    ],
)
def test_a_flag_and_its_setting_make_the_same_networks(
    name: str, flags: dict[str, object], settings: dict[str, object]
) -> None:
    by_flag, by_setting = recipe_named(name, flags), recipe_named(name).override(settings)
    assert by_flag == by_setting
    task, shape = by_setting.task.build(), (3, 32, 32)
    check_recipe(by_setting, Spec(shape, by_setting.latent, map=task.map_shape(shape, shape)))


def test_a_projector_reads_what_its_generator_says_whatever_the_seed() -> None:
    domain = Part("sparring.domains.image.domain:Image", shape=(3, 16, 16))
    spec = Spec((3, 16, 16), 0, map=(3, 16, 16))
    recipe = recipe_named("cut", {"width": 4, "blocks": 1})
    told = Part("sparring.networks.projector:Projector", channels=(4, 8, 8))
    made = []
    for part in (recipe.networks["projector"], told):
        networks = {**recipe.networks, "projector": part}
        manifest = Manifest(
            recipe=recipe.replace(networks=networks), domain=domain, spec=spec, data={}
        )
        torch.manual_seed(3)
        made.append(build_network(manifest, "projector").state_dict())
    assert made[0].keys() == made[1].keys()
    assert all(torch.equal(value, made[1][name]) for name, value in made[0].items())


def test_flags_of_groups_are_flags_of_the_recipe() -> None:
    recipe = recipe_named("restore", {"kind": "jpeg", "gamma": 3.0, "lr": 0.5})
    assert recipe.learning_rates["generator"].build()(0) == 0.5
    assert next(t for t in recipe.terms if t.name == "r1").arguments["weight"] == 3.0
    with pytest.raises(InputError, match="gama"):
        recipe_named("restore", {"gama": 3.0})
