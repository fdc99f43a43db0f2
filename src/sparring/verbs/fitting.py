"""Does a recipe fit the data? Networks say what they accept, and a task what it has to be given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from sparring.artifact.building import build_game
from sparring.artifact.conditions import reader
from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.part import Part, resolve
from sparring.core.recipe import Recipe
from sparring.core.types import Spec
from sparring.data import Dataset
from sparring.data.sentences import as_vectors
from sparring.recipes import recipe_functions, recipe_named

LOOKED = 256
"""Items whose attributes are looked at."""


def rank_of(dataset: Dataset) -> int:
    """Dimensions of space of one sample: 0 points, 1 sound, 2 pictures, 3 volumes."""
    return len(dataset.domain.build().shape) - 1


def grouped(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe with its task told which numbers of vectors belong together, where it asks so."""
    if not recipe.task.accepts("groups"):
        return recipe
    groups = tuple(len(values) for values in dataset.attributes.values())
    return recipe.replace(task=recipe.task.replace(groups=groups))


def seen(recipe: Recipe, dataset: Dataset) -> Dataset:
    """The data in the sample space that the recipe's networks see them in; none is read again.

    Where an encoder reads sentences, what it says of them is the items' vectors.

    Raises:
        InputError: the data are of a kind that cannot be seen so, or have no sentences.
    """
    if (encoder := reader(recipe)) is not None:
        dataset = as_vectors(dataset, encoder)
    if not recipe.seen_as:
        return dataset
    source = dataset.source_domain
    return replace(
        dataset,
        domain=_seen_as(recipe, dataset.domain),
        source_domain=None if source is None else _seen_as(recipe, source),
    )


def _seen_as(recipe: Recipe, domain: Part) -> Part:
    if domain.call == recipe.seen_as:
        return domain
    try:
        return Part(recipe.seen_as, **domain.arguments)
    except InputError as error:
        raise InputError(
            f"the recipe {recipe.name!r} sees its data as {recipe.seen_as.partition(':')[2]}, and "
            f"these are {domain.name}: another kind of data, such as sounds, is needed."
        ) from error


def spec_of(recipe: Recipe, dataset: Dataset) -> Spec:
    """What the recipe's networks are built from, on the data.

    Raises:
        InputError: samples that the task makes no map for.
    """
    task, domain = recipe.task.build(), dataset.domain.build()
    source = dataset.source_domain.build().shape if dataset.source_domain else ()
    return Spec(
        shape=domain.shape,
        latent=recipe.latent,
        classes=len(dataset.classes) if "label" in task.conditions else 0,
        vector=dataset.vector if "vector" in task.conditions else 0,
        map=task.map_shape(domain.shape, source),
        head=domain.head,
        blocks=domain.blocks,
        tokens=dataset.tokens if "tokens" in task.conditions else (),
    )


def misfit(recipe: Recipe, dataset: Dataset) -> str:
    """Why the recipe cannot be trained on the data, in a sentence; empty where it can.

    Raises:
        InputError: samples that the task makes no map for.
    """
    lacking = _lacking(recipe, dataset)
    refused = "" if lacking else refusal(recipe, spec_of(recipe, dataset))
    if not refused:
        return lacking
    others = fitting(dataset)
    able = f"; these recipes can: {', '.join(others)}" if others else ""
    return f"the recipe {recipe.name!r} cannot learn {dataset.address}: its {refused}{able}."


def refusal(recipe: Recipe, spec: Spec) -> str:
    """Which of the recipe's networks cannot be built from the spec and why; empty if all can."""
    swapped = build_game(recipe).swapped
    for name, part in recipe.networks.items():
        if why := accepts_of(part).refusal(spec.turned() if name in swapped else spec):
            return f"{name} {why}"
    return ""


def accepts_of(network: Part) -> Accepts:
    """What the network says it accepts; everything where it does not say."""
    found: Accepts = getattr(resolve(network.call), "accepts", ALL)
    return found


def fitting(dataset: Dataset) -> list[str]:
    """The names of the recipes that can be trained on the data as they are."""
    rank = rank_of(dataset)
    return [n for n in recipe_functions() if _fits(recipe_named(n, rank=rank), dataset)]


def _fits(recipe: Recipe, dataset: Dataset) -> bool:
    try:
        dataset = seen(recipe, dataset)
    except InputError:
        return False
    if _lacking(recipe, dataset):
        return False
    try:
        return not refusal(recipe, spec_of(recipe, dataset))
    except InputError:
        return False


def _lacking(recipe: Recipe, dataset: Dataset) -> str:
    """What the recipe's task must be given and the data do not have, in a sentence."""
    task = recipe.task.build()
    needs = f"the recipe {recipe.name!r} needs {{}} and {dataset.address} has none; {{}}."
    if "label" in task.conditions and not dataset.classes:
        return needs.format(
            "labels",
            "put the items into one sub-folder a label, or train without labels",
        )
    if recipe.task.accepts("groups") and (why := _unasked(dataset)):
        return f"the recipe {recipe.name!r} changes attributes, and {why}."
    for name, size in (("vector", dataset.vector), ("tokens", dataset.tokens)):
        if name in task.conditions and not size:
            there = f"give an .npz with an array {name!r} of shape (N, ...)"
            return needs.format(f"{name.rstrip('s')}s", there)
    if task.sources != "none" and dataset.source_domain is None:
        return (
            f"the recipe {recipe.name!r} makes one sample from another and {dataset.address} has "
            "no such pairs; give a folder with the sub-folders A and B, or a pack such as maps "
            "(pictures) or notes:piano-violin (sounds)."
        )
    return ""


def _unasked(dataset: Dataset) -> str:
    """Why the data's attributes cannot be asked for by name; empty where they can."""
    if not dataset.attributes:
        return (
            f"{dataset.address} has none; put a table attributes.csv beside the pictures, or use a "
            "pack such as avatars"
        )
    store: Any = dataset.train
    if dataset.streaming or not len(store):
        return ""
    vectors = store.take(torch.arange(min(len(store), LOOKED)))["vector"]
    names = [name for values in dataset.attributes.values() for name in values]
    strange = ((vectors != 0) & (vectors != 1)).any(0).nonzero()[:, 0].tolist()
    if not strange:
        return ""
    return (
        f"{names[strange[0]]!r} of {dataset.address} has other numbers than 0 and 1; write words "
        "instead, such as young and old, or leave the column out"
    )
