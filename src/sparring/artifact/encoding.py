"""What a model's own encoder reads from samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from sparring.artifact import given
from sparring.core.errors import InputError
from sparring.core.types import Condition, door

if TYPE_CHECKING:
    from sparring.artifact.model import Model


def style_of(model: Model, pictures: Tensor) -> Tensor:
    """The latents (N, latent) of pictures (N, C, H, W), on the CPU.

    Raises:
        InputError: the model has no encoder, or pictures that do not fit it.
    """
    encode = door(model.game, "encode")
    if encode is None or "map" not in model.task.conditions:
        raise InputError(
            f"a {model.manifest.recipe.name!r} model takes no style: it has no encoder."
        )
    space = model.manifest.spec.shape[1:]
    picture = given.resized(given.encoded(model.domain, pictures), space)
    mean, _ = encode(model.networks, picture.to(model.device), Condition())
    return mean.cpu()


def rebuilt(model: Model, samples: Tensor, condition: Condition) -> Tensor:
    """Samples (N, *shape) through the latents and back, where the networks are.

    Raises:
        InputError: the model has no encoder, or the samples have another shape.
    """
    rebuild = door(model.game, "reconstruct")
    if rebuild is None:
        raise InputError(
            f"a {model.manifest.recipe.name!r} model has no encoder, so it cannot "
            "reconstruct; train the recipe 'vae'."
        )
    given.check_shape(samples, model.manifest.spec)
    return rebuild(model.networks, samples.to(model.device), condition.to(model.device)).float()
