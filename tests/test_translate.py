"""Pictures from pictures: the model's own method, files, folders and the verbs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from sparring.artifact.building import build_game, build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Condition, Items, Spec
from sparring.recipes import recipe_named
from test_model import untrained


def pix2pix(channels: int = 3) -> Model:
    """A tiny untrained U-Net from pictures to pictures."""
    recipe = recipe_named("pix2pix", {}).override({"generator.width": 4})
    shape = (channels, 16, 16)
    picture = Part("sparring.domains.image.domain:Image", shape=shape)
    spec = Spec(shape, recipe.latent, map=shape)
    manifest = Manifest(recipe=recipe, domain=picture, source_domain=picture, spec=spec, data={})
    torch.manual_seed(0)
    return Model(manifest, {"generator": build_network(manifest, "generator")})


@dataclass(frozen=True)
class Masked:
    """Stands in for a task that repairs: what is known is kept."""

    conditions = frozenset({"map"})
    abilities = frozenset({"translate", "mask"})
    sources = "none"

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        return (source[0] + 1, *source[1:])

    def known(self, items: Items) -> Condition:
        return Condition(map=torch.cat([items["source"] * (1 - items["mask"]), items["mask"]], 1))

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        assert condition.map is not None
        picture, mask = condition.map[:, :-1], condition.map[:, -1:]
        return torch.where(mask > 0, fake, picture)


def repairer() -> Model:
    model = pix2pix(4)
    shape = (3, 16, 16)
    domain = Part("sparring.domains.image.domain:Image", shape=shape)
    spec = Spec(shape, 0, map=(4, 16, 16))
    manifest = Manifest(recipe=model.manifest.recipe, domain=domain, spec=spec, data={})
    repair = Model(manifest, {"generator": build_network(manifest, "generator")})
    repair.task = Masked()  # type: ignore[assignment]
    return repair


def stored(count: int, height: int, width: int, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("size", [(16, 16), (33, 21), (8, 40)])
def test_any_extent_keeps_its_own(size: tuple[int, int]) -> None:
    model, pictures = pix2pix(), stored(2, *size)
    made = model.translate(pictures)
    assert made.shape == pictures.shape and made.abs().max() <= 1
    torch.testing.assert_close(made, model.translate(model.domain.encode(pictures)))


def test_tiles_keep_the_extent() -> None:
    model, pictures = pix2pix(), stored(1, 90, 70)
    made = model.translate(pictures, tile=32)
    assert made.shape == pictures.shape and torch.isfinite(made).all()


def test_known_pixels_are_kept_to_the_bit_with_tiles_and_without() -> None:
    model, pictures = repairer(), stored(1, 70, 40)
    mask = torch.zeros(1, 1, 70, 40)
    mask[..., 20:40, 10:20] = 1
    for tile in (None, 32):
        made = model.domain.decode(model.translate(pictures, mask=mask, tile=tile))
        same = made == pictures
        assert same[:, :, mask[0, 0] == 0].all() and not same[:, :, mask[0, 0] == 1].all()


def test_masks_that_cannot_be() -> None:
    model, pictures = repairer(), stored(1, 16, 16)
    for mask, words in (
        (torch.zeros(1, 1, 16, 16), "empty"),
        (torch.ones(1, 1, 16, 16), "all white"),
        (torch.ones(1, 1, 8, 16), "one size"),
        (None, "needs a mask"),
    ):
        with pytest.raises(InputError, match=words):
            model.translate(pictures, mask=mask)
    with pytest.raises(InputError, match="takes no mask"):
        pix2pix().translate(pictures, mask=torch.ones(1, 1, 16, 16))


def test_models_and_pictures_that_do_not_fit() -> None:
    model = pix2pix()
    with pytest.raises(InputError, match="another task"):
        untrained().translate(stored(1, 16, 16))
    with pytest.raises(InputError, match="sparring translate"):
        model.sample(1)
    with pytest.raises(InputError, match="one way"):
        model.translate(stored(1, 16, 16), reverse=True)
    with pytest.raises(InputError, match="base grid"):
        model.translate(stored(1, 3, 16))
    with pytest.raises(InputError, match="3 channels, not 1"):
        model.translate(stored(1, 16, 16, channels=1))
    with pytest.raises(InputError, match="no encoder"):
        model.translate(stored(1, 16, 16), style=stored(1, 16, 16))


def test_indices_name_the_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen = pix2pix(), []
    model.manifest = replace(model.manifest, spec=replace(model.manifest.spec, latent=3))

    def generate(networks: object, latent: Tensor, condition: Condition) -> Tensor:
        seen.append(latent)
        return torch.zeros(len(latent), 3, 16, 16)

    monkeypatch.setattr(model.game, "generate", generate)
    for indices in (None, [2, 0], [1, 1]):
        model.translate(stored(3 if indices is None else 2, 16, 16), indices=indices)
    whole, picked, shared = seen
    assert torch.equal(picked, whole[[2, 0]]) and torch.equal(shared, whole[[1, 1]])
    assert not torch.equal(whole[0], whole[1])
    with pytest.raises(InputError, match="2 pictures need 2 indices, not 1"):
        model.translate(stored(2, 16, 16), indices=[0])


def test_a_large_picture_counts_its_tiles_and_comes_as_stored() -> None:
    model, pictures = pix2pix(), stored(1, 90, 70)
    told: list[tuple[int, int]] = []
    made = model.translate(
        pictures, tile=32, stored=True, progress=lambda *told_now: told.append(told_now)
    )
    assert told == [(number, 12) for number in range(1, 13)], "4 rows of 3 tiles"
    assert torch.equal(made, model.domain.decode(model.translate(pictures, tile=32)))


def tiny(name: str, channels: int) -> Model:
    recipe = recipe_named(name, {}).override({"generator.width": 4})
    domain = Part("sparring.domains.image.domain:Image", shape=(3, 16, 16))
    spec = Spec((3, 16, 16), recipe.latent, map=(channels, 16, 16))
    source = domain if recipe.task.build().sources != "none" else None
    manifest = Manifest(recipe=recipe, domain=domain, source_domain=source, spec=spec, data={})
    torch.manual_seed(0)
    kept = build_game(manifest.recipe).kept
    return Model(manifest, {name: build_network(manifest, name) for name in kept})


def test_a_model_of_blend_repairs_nothing() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1
    model, picture = tiny("blend", 4), stored(1, 16, 16)
    assert model.translate(picture, mask=mask).shape == (1, 3, 16, 16)
    with pytest.raises(InputError, match="it repairs nothing"):
        model.repair(picture, mask)


def test_a_style_may_be_read_once_for_many_pictures() -> None:
    model, pictures = tiny("spade", 3), stored(3, 16, 16)
    style = stored(1, 20, 12)
    expected = model.translate(pictures, style=style)
    latent = model.style(style)
    assert latent.shape == (1, model.manifest.spec.latent)
    one_by_one = [model.translate(picture[None], style=latent) for picture in pictures]
    torch.testing.assert_close(torch.cat(one_by_one), expected)


def test_a_last_touch_that_looks_beyond_its_band_is_the_same_in_tiles() -> None:
    recipe = recipe_named("blend", {}).override({"generator.width": 4})
    domain = Part("sparring.domains.image.domain:Image", shape=(3, 16, 16))
    spec = Spec((3, 16, 16), recipe.latent, map=(4, 16, 16))
    manifest = Manifest(recipe=recipe, domain=domain, spec=spec, data={})
    model = Model(manifest, {"generator": build_network(manifest, "generator")})
    pictures, mask = stored(1, 96, 40), torch.zeros(1, 1, 96, 40)
    mask[..., 10:86, 15:25] = 1
    known = model.task.known({"source": model.domain.encode(pictures), "mask": mask}).map
    untouched = model.task.finish(torch.full((1, 3, 96, 40), 2.0), Condition(map=known)) < 2
    made = model.domain.decode(model.translate(pictures, mask=mask, tile=32))
    assert (made == pictures)[untouched].all() and not (made == pictures)[~untouched].all()
