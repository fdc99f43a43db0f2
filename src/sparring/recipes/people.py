"""Recipes that draw a person anew: in another pose, from the front, in other clothes."""

from __future__ import annotations

from sparring.core.part import Part
from sparring.core.ranges import Factor, Size
from sparring.core.recipe import Recipe
from sparring.recipes.picture_duel import NETWORKS, TASKS, PictureDuel, picture_duel

DUEL = PictureDuel(lr=1e-3, warmup=0.5)
"""Details are found before they are judged: at first from L1 alone."""


def repose(
    *, width: Size = 24, heads: Size = 4, flip: bool = False, duel: PictureDuel = DUEL
) -> Recipe:
    """A picture of a person and a pose map to that person in that pose (after Ren et al. 2020).

    The sources hold both: `characters:standing+pose-person`, or sub-folders A, A2 and B.

    Args:
        width: channels of the generator's finest layer.
        heads: places that a cell of the generator can take details from at once.
        flip: mirror half of the pairs while training.
        duel: what its players pay and how they learn.
    """
    generator = Part(f"{NETWORKS}.attending:Generator", width=width, heads=heads)
    task = Part(f"{TASKS}.translate:Translate", flip=flip)
    return picture_duel("repose", generator, task, duel)


def frontal(
    *,
    views: Factor = 2,
    width: Size = 24,
    heads: Size = 4,
    flip: bool = False,
    duel: PictureDuel = DUEL,
) -> Recipe:
    """One or several pictures from any side to one from the front (after Sun et al. 2018).

    The sources hold as many as there are `views`: `characters:side+second-south`. While training
    some are left out at random, so that the model takes one or several.

    Args:
        views: most pictures that one is made from.
        width: channels of the generator's finest layer.
        heads: places that a cell of the generator can take details from at once.
        flip: mirror half of the pairs while training.
        duel: what its players pay and how they learn.
    """
    generator = Part(f"{NETWORKS}.attending:Generator", width=width, heads=heads, views=views)
    task = Part(f"{TASKS}.views:Views", views=views, flip=flip)
    return picture_duel("frontal", generator, task, duel)


def dress(
    *, width: Size = 24, heads: Size = 4, flip: bool = False, duel: PictureDuel = DUEL
) -> Recipe:
    """One person in the clothes of another, in the pose that she has (after Han et al. 2018).

    The sources hold a picture and a map of parts of each, the wearer first and the other's picture
    last: `characters:wearer+worn+clothes+garment-dressed`.

    Args:
        width: channels of the generator's finest layer.
        heads: places that a cell of the generator can take details from at once.
        flip: mirror half of the pairs while training.
        duel: what its players pay and how they learn.
    """
    generator = Part(f"{NETWORKS}.attending:Generator", width=width, heads=heads)
    task = Part(f"{TASKS}.dress:Dress", flip=flip)
    return picture_duel("dress", generator, task, duel)
