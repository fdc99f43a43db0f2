"""Choices: any loss, penalty, network and augmentation put into any recipe, by name.

There is no list to keep: a loss is a public function of `sparring.losses.adversarial`, a penalty
one of `sparring.losses.penalties`, a network a module of `sparring.networks` that defines a
Generator and a Discriminator. Dashes and underscores are alike.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part, public_names
from sparring.core.ranges import Amount, Every, check
from sparring.core.recipe import Recipe

PENALTIES = "sparring.losses.penalties"
NETWORKS = "sparring.networks"
AUGMENT = "sparring.networks.augment:Augment"
CLIP = 0.01
"""Where `clip` holds the critic's weights (Arjovsky et al. 2017, algorithm 1)."""
LASTING = (
    *("dropout", "form", "head", "keep_features", "outputs", "spectral_norm", "width"),
    *("classify", "softmax", "temperature"),
)
"""Keywords that outlive a change of network: the method's own, and the one that sets the size."""


def with_loss(recipe: Recipe, name: str) -> Recipe:
    """The recipe with another loss of the same kind: adversarial, or of a reconstruction.

    Raises:
        InputError: no such loss.
    """
    if recipe.loss is None:
        raise InputError(f"the recipe {recipe.name!r} has no loss to choose.")
    module = recipe.loss.call.partition(":")[0]
    return recipe.replace(loss=Part(f"{module}:{_known('loss', name, public_names(module))}"))


def with_penalty(
    recipe: Recipe,
    names: Sequence[str],
    weight: float | Part | None = None,
    every: int | None = None,
) -> Recipe:
    """The recipe with exactly these penalties of the discriminator; "none" for none.

    `clip` holds its weights in [-0.01, 0.01], `spectral_norm` divides them by their largest
    singular value; the others are terms. Without names, weight and every change those it has.

    Raises:
        InputError: no such penalty, or a recipe or network that cannot have it.
    """
    if "discriminator" not in recipe.networks:
        raise InputError(f"the recipe {recipe.name!r} has no discriminator to penalise.")
    check("gamma, the penalties' weight,", weight, Amount | Part | None)
    check("every", every, Every | None)
    if not names:
        return _with_weight(recipe, weight, every)
    known = [*public_names(PENALTIES), "clip", "spectral_norm", "none"]
    chosen = [_known("penalty", name, known) for name in names]
    terms = [Part(f"{PENALTIES}:{name}") for name in chosen if name not in known[-3:]]
    terms = [_weighed(term, weight, every) for term in terms]
    others = [term for term in recipe.terms if not _is_penalty(term)]
    clip = {"discriminator": CLIP} if "clip" in chosen else {}
    recipe = recipe.replace(terms=(*others, *terms), clip=clip)
    return _with_spectral_norm(recipe, "spectral_norm" in chosen)


def penalty_settings(recipe: Recipe) -> dict[str, Any]:
    """Weight (gamma) and interval (every) of the recipe's first penalty, as far as it sets them."""
    first = next((term.arguments for term in recipe.terms if _is_penalty(term)), {})
    named = {"gamma": first.get("weight"), "every": first.get("every")}
    return {name: value for name, value in named.items() if value is not None}


def with_network(recipe: Recipe, name: str) -> Recipe:
    """The recipe with another architecture on both sides.

    It has that architecture's own size, but for a `width` where both have one.

    Raises:
        InputError: no such network.
    """
    module = f"{NETWORKS}.{_known('network', name, network_names())}"
    networks = {role: _moved(part, module) for role, part in recipe.networks.items()}
    return recipe.replace(networks=networks)


def with_augment(recipe: Recipe, text: str) -> Recipe:
    """The recipe with an augmentation, written POLICY or POLICY/STRENGTH; "none" for none.

    The policy is "default" or names of operations with commas. The strength is the probability
    of each: a number, "adaptive", or START..END along half a cosine, over the whole run or @SPAN.

    Raises:
        InputError: the recipe takes none, or the text is of no such form.
    """
    if not recipe.game.accepts("augment"):
        raise InputError(f"the recipe {recipe.name!r} takes no augmentation.")
    if text == "none":
        return recipe.replace(augment=None)
    policy, _, strength = text.partition("/")
    part = Part(AUGMENT, strength=_strength(strength or "1.0"))
    if policy != "default":
        part = part.replace(policy=tuple(_underscored(name) for name in policy.split(",")))
    if recipe.loss is not None and recipe.loss.name == "relativistic":
        part = part.replace(signal="pair")  # its logits have no zero to read a sign from
    return recipe.replace(augment=part)


def with_labels(recipe: Recipe) -> Recipe:
    """The recipe with the label told to both players.

    Raises:
        InputError: its task cannot tell it.
    """
    if not recipe.task.accepts("told"):
        raise InputError(f"the recipe {recipe.name!r} makes the same of every label.")
    others = (name for name in recipe.task.arguments.get("told", ()) if name != "label")
    return recipe.replace(task=recipe.task.replace(told=("label", *others)))


def network_names() -> list[str]:
    """The architectures there are."""
    package = importlib.import_module(NETWORKS)
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    pair = {"Generator", "Discriminator"}
    return [name for name in names if pair <= set(public_names(f"{NETWORKS}.{name}"))]


def penalty_names() -> list[str]:
    """The penalties there are."""
    return [*public_names(PENALTIES), "clip", "spectral_norm"]


def _known(kind: str, name: str, known: Sequence[str]) -> str:
    if _underscored(name) not in known:
        raise unknown(kind, name, known)
    return _underscored(name)


def _underscored(name: str) -> str:
    return name.strip().replace("-", "_")


def _is_penalty(term: Part) -> bool:
    return term.call.startswith(f"{PENALTIES}:")


def _weighed(term: Part, weight: float | Part | None, every: int | None) -> Part:
    given = {"weight": weight, "every": every}
    return term.replace(**{name: value for name, value in given.items() if value is not None})


def _with_weight(recipe: Recipe, weight: float | Part | None, every: int | None) -> Recipe:
    if not any(_is_penalty(term) for term in recipe.terms):
        raise InputError(
            f"the recipe {recipe.name!r} has no penalty to weigh; name one with --penalty."
        )
    weighed = (_weighed(t, weight, every) if _is_penalty(t) else t for t in recipe.terms)
    return recipe.replace(terms=tuple(weighed))


def _with_spectral_norm(recipe: Recipe, wanted: bool) -> Recipe:
    discriminator = recipe.networks["discriminator"]
    if discriminator.accepts("spectral_norm"):
        discriminator = discriminator.replace(spectral_norm=wanted)
    elif wanted:
        raise InputError(f"the network {discriminator.call!r} has no spectral normalisation.")
    return recipe.replace(networks={**recipe.networks, "discriminator": discriminator})


def _moved(part: Part, module: str) -> Part:
    if part.name not in ("Generator", "Discriminator"):
        return part
    other = Part(f"{module}:{part.name}")
    kept = {n: v for n, v in part.arguments.items() if n in LASTING and other.accepts(n)}
    return other.replace(**kept)


def _strength(text: str) -> float | str | Part:
    if text == "adaptive":
        return text
    try:
        if ".." not in text:
            return _probability(text)
        ends, _, span = text.partition("@")
        start, end = map(_probability, ends.split(".."))
        return Part(
            "sparring.core.schedule:cosine", start=start, end=end, images=float(span or 1.0)
        )
    except ValueError as error:
        raise InputError(
            f"the augmentation strength {text!r} is no number in [0, 1], 'adaptive' or "
            "START..END, over the whole run or @SPAN (a share of it, or images)."
        ) from error


def _probability(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError(text)
    return value
