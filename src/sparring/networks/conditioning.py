"""How both players are told the condition."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.layers import choose, draw

FORMS = {"concat": "concat", "projection": "projection", "none": "none"}


def known(spec: Spec) -> int:
    """How many numbers describe a condition's label, vector and tokens."""
    return spec.classes + spec.vector + sum(spec.tokens[:1])


def without_map(spec: Spec) -> None:
    """Check that the condition has no map, which most networks cannot read.

    Raises:
        InputError: it has one.
    """
    if spec.map:
        raise InputError("this network takes a label or a vector as condition, but no map.")


def describe(spec: Spec, condition: Condition) -> Tensor:
    """The condition as (N, known) float32: the label one-hot, then the vector, then the tokens.

    An unknown label is all zeros, shares of labels are told as they are, tokens as the share of
    each word (a bag of words).

    Raises:
        InputError: what the spec promises is missing, or a vector of another length.
    """
    parts = []
    if spec.classes:
        label = present(condition.label, "label")
        shares = label.is_floating_point()
        numbers = torch.arange(spec.classes, device=label.device)
        parts.append(label if shares else label[:, None] == numbers)
    if spec.vector:
        vector = present(condition.vector, "vector")
        if vector.shape[1:] != (spec.vector,):
            sizes = f"{tuple(vector.shape[1:])}, not ({spec.vector},)"
            raise InputError(f"each condition vector must have the network's shape: got {sizes}.")
        parts.append(vector)
    if spec.tokens:
        parts.append(_shares(present(condition.tokens, "tokens"), spec.tokens[0]))
    return torch.cat([part.float() for part in parts], dim=1)


def _shares(tokens: Tensor, vocabulary: int) -> Tensor:
    """Tokens (N, T), -1 where there are none, as shares (N, vocabulary): a bag of words.

    Between sentences tokens are shares of each word themselves, (N, T, vocabulary).
    """
    if tokens.is_floating_point():
        return tokens.sum(1) / tokens.sum((1, 2)).clamp_min(1e-6)[:, None]
    there = (tokens >= 0).float()
    each = there / there.sum(1, keepdim=True).clamp_min(1.0)
    blank = torch.zeros(tokens.shape[0], vocabulary, device=tokens.device)
    return blank.scatter_add(1, tokens.clamp_min(0), each)


def present(value: Tensor | None, name: str) -> Tensor:
    """The value of a condition's field.

    Raises:
        InputError: it is not given.
    """
    if value is None:
        article = "" if name == "tokens" else "a "
        raise InputError(f"this network was built for a {name} condition; give {article}{name}.")
    return value


def embedding(spec: Spec, size: int, variance: float = 1.0) -> nn.Linear:
    """A linear map (N, known) -> (N, size) whose outputs start with this variance."""
    layer = nn.Linear(known(spec), size, bias=False)
    # The squared length of a description: 1 for a label, about 1 for each number of a vector.
    length = bool(spec.classes) + spec.vector + bool(spec.tokens)
    draw(layer.weight, math.sqrt(variance / length))
    return layer


class ConditionedLatent(nn.Module):
    """Appends the embedded condition to the latent: (N, latent) to (N, size)."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        without_map(spec)
        self.spec = spec
        self.size = spec.latent * (2 if known(spec) else 1)
        self.embed = embedding(spec, spec.latent) if known(spec) else None

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """The latent (N, latent) and its condition as (N, size)."""
        if self.embed is None:
            return latent
        told = self.embed(describe(self.spec, condition))
        return torch.cat([latent, told.to(latent.dtype)], dim=1)


class ConditionedSample(nn.Module):
    """Appends the condition to a sample as one more input map (Mirza & Osindero, 2014).

    A sample in space (N, C, *space) becomes (N, C + 1, *space); a flat one (N, F) becomes
    (N, F + known). Where there is no condition, or `form` is not "concat", nothing changes.
    """

    def __init__(self, spec: Spec, form: str, space: tuple[int, ...]) -> None:
        super().__init__()
        without_map(spec)
        self.spec, self.space = spec, space
        self.active = choose("form", form, FORMS) == "concat" and known(spec) > 0
        drawn = self.active and bool(space)
        self.size = (1 if drawn else known(spec)) if self.active else 0
        self.embed = embedding(spec, math.prod(space)) if drawn else None

    def forward(self, sample: Tensor, condition: Condition) -> Tensor:
        """The sample with what is known of it."""
        if not self.active:
            return sample
        shown = describe(self.spec, condition)
        if self.embed is not None:
            shown = self.embed(shown).unflatten(1, (1, *self.space))
        return torch.cat([sample, shown.to(sample.dtype)], dim=1)


class Logits(nn.Module):
    """The last layer of a discriminator: features (N, F) to logits (N, outputs) in float32.

    With `form` "projection" the inner product of the features and the embedded condition is
    added to the logits (Miyato & Koyama, 2018, eq. 3). With `classify` a second layer says of
    which label each sample is, or where there is none names the vector's numbers (Odena et al.,
    2017).

    Raises:
        InputError: to classify where there is nothing to name.
    """

    def __init__(
        self, spec: Spec, features: int, outputs: int, form: str, classify: bool = False
    ) -> None:
        super().__init__()
        self.spec = spec
        self.linear = nn.Linear(features, outputs)
        projects = choose("form", form, FORMS) == "projection" and known(spec) > 0
        self.embed = embedding(spec, features, 1.0 / features) if projects else None
        self.classes = naming(spec, features) if classify else None

    def verdict(
        self, features: Tensor, condition: Condition, kept: tuple[Tensor, ...] = ()
    ) -> Verdict:
        """The verdict on features (N, F), with those inner ones that are kept."""
        if self.classes is None:
            return Verdict(self(features, condition), kept)
        return Verdict(self(features, condition), kept, named(self.classes, features))

    def forward(self, features: Tensor, condition: Condition) -> Tensor:
        """Logits (N, outputs)."""
        # In float32: differences of logits matter, and this layer costs next to nothing.
        with full_precision(features):
            features = precise(features)
            logits: Tensor = self.linear(features)
            if self.embed is not None:
                shown = self.embed(describe(self.spec, condition))
                logits = logits + (features * shown).sum(1, keepdim=True)
        return logits


def naming(spec: Spec, features: int) -> nn.Linear:
    """From features (N, features) to a logit of each label or, without these, of each number.

    Raises:
        InputError: there is neither.
    """
    if not (spec.classes or spec.vector):
        raise InputError(
            "classify needs labels or vectors; give data that have some, and a task's told."
        )
    return nn.Linear(features, spec.classes or spec.vector)


def named(classes: nn.Linear, features: Tensor) -> Tensor:
    """What features (N, F) are named, in float32."""
    with full_precision(features):
        logits: Tensor = classes(precise(features))
    return logits
