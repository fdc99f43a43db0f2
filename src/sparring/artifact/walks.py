"""Walks in a normal latent space: squeezed to its middle, and along its great circles."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from sparring.core.ranges import Above, check
from sparring.core.types import Condition, Spec


def truncate(latent: Tensor, threshold: float) -> Tensor:
    """Normal latents squeezed into [-threshold, threshold] as a truncated normal.

    Each number keeps its quantile, so a sample changes smoothly with the threshold.

    Raises:
        InputError: the threshold is not positive.
    """
    check("truncation", threshold, Above)
    wide = latent.double()
    edge = torch.special.ndtr(torch.tensor(float(threshold), dtype=torch.float64))
    quantile = (1.0 - edge) + torch.special.ndtr(wide) * (2.0 * edge - 1.0)
    return torch.special.ndtri(quantile).clamp(-threshold, threshold).to(latent.dtype)


def slerp(start: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """From start to end (both (F,)) along the great circle; weight (W, 1) in [0, 1] -> (W, F)."""
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1.0, 1.0)
    angle = torch.arccos(cosine)
    if angle.abs() < 1e-4:
        return start + weight * (end - start)
    blend = torch.sin((1.0 - weight) * angle) * start + torch.sin(weight * angle) * end
    return blend / torch.sin(angle)


def through(stops: Tensor, frames: int) -> Tensor:
    """From each of the latents (S, F) to the next in so many steps: (W, F)."""
    weights = torch.linspace(0.0, 1.0, frames + 1)[:-1, None]
    legs = [slerp(a, b, weights) for a, b in itertools.pairwise(stops)]
    return torch.cat([*legs, stops[-1:]])


def toward(start: Condition, end: Condition, field: str, spec: Spec) -> Condition:
    """What is told on the way from the label, vector or tokens of one condition to another's."""
    if field == "vector":
        assert start.vector is not None and end.vector is not None, "both are told one"
        weights = torch.linspace(0.0, 1.0, len(start.vector))[:, None]
        return start._replace(vector=torch.lerp(start.vector, end.vector, weights))
    kinds = spec.classes if field == "label" else spec.tokens[0]
    way = between(getattr(start, field), getattr(end, field), kinds)
    return start._replace(**{field: way})


def between(start: Tensor | None, end: Tensor | None, kinds: int) -> Tensor:
    """From labels or tokens to others in even steps, as shares of each kind.

    Labels are (W,), and become (W, kinds); sentences are (W, T), and become (W, T, kinds), word by
    word. Where there is no label or word, -1, all shares are 0.
    """
    assert start is not None and end is not None, "a model that knows a label has one"
    weights = torch.linspace(0.0, 1.0, len(start)).reshape(-1, *[1] * start.dim())
    return torch.lerp(_shares(start, kinds), _shares(end, kinds), weights)


def _shares(numbers: Tensor, kinds: int) -> Tensor:
    whole = torch.nn.functional.one_hot(numbers.clamp_min(0), kinds).float()
    return whole * (numbers >= 0)[..., None]
