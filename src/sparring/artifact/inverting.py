"""Inversion: the codes of given samples (Zhu et al. 2016), and a generator that fits them better.

Beside every error stands what chance comes to, so that nobody takes a bad likeness for a good one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from sparring.artifact import codes as coded
from sparring.artifact.codes import Codes
from sparring.core.errors import InputError
from sparring.core.ranges import Amount, Count, Images, check
from sparring.core.types import Condition, door

if TYPE_CHECKING:
    from sparring.artifact.model import Model

STARTS = ("encoder", "best", "mean")
OWN = 64
"""Samples of the model's own whose nearest random ones say what chance comes to at best."""
PIECE = 256
"""Random samples compared at once."""
PAIRS = 8
"""Pairs of random samples whose distances are the units of measure."""
RATE, TUNING_RATE = 0.1, 1e-3
RIDGE = 1.0
"""Of the linear encoder, for codes and features that have variance 1."""
Watch = Callable[[str, int, int], None]
"""Told what is being done, how much is done, and how much there is."""
Apart = Callable[[Tensor], Tensor]
"""Samples (N, *shape) to how far each is from its target (N,)."""


class Wanted(NamedTuple):
    """How samples are inverted."""

    start: str = "encoder"
    """encoder: the model's own, or where it has none a linear one fitted to random samples; best:
    the nearest of these; mean: the middle of all."""
    steps: int = 300
    draws: int = 2000
    """Random samples to start from and to compare with."""
    perceptual: float = 1.0
    """Weight of the distance in a frozen network's features against that of L1."""
    prior: float = 0.02
    """What it costs a latent to lie as far from the middle as random ones do."""
    tune: int = 0
    """Steps in which the generator itself is fitted around the codes (Roich et al. 2021)."""
    seed: int = 0
    progress: Watch | None = None

    def checked(self) -> Wanted:
        """The same.

        Raises:
            InputError: a setting out of range.
        """
        if self.start not in STARTS:
            raise InputError(f"start is one of {', '.join(STARTS)}, not {self.start[:80]!r}.")
        for name in ("steps", "tune"):
            check(name, getattr(self, name), Count)
        for name in ("perceptual", "prior"):
            check(name, getattr(self, name), Amount)
        check("draws", self.draws, Images)
        return self

    def tell(self, what: str, done: int, total: int) -> None:
        """Progress, where somebody asked for it."""
        if self.progress is not None:
            self.progress(what, done, total)


@dataclass(frozen=True)
class Inverted:
    """What N samples are to a model."""

    codes: Codes
    samples: Tensor
    """What the model makes of the codes, (N, *shape) on the CPU."""
    error: Tensor
    """(N,) mean absolute difference to what was given, of a range of 1."""
    chance: Tensor
    """(N,) the same of the nearest of the random samples."""
    usual: float
    """The median of that for samples of the model's own: what it knows lies about so near."""
    draws: int
    model: Model
    """The one that makes the samples: with a generator of its own where one was tuned."""

    @property
    def known(self) -> Tensor:
        """(N,) bool: nearer than chance comes to what the model knows."""
        return self.error <= self.usual

    def verdict(self, number: int = 0) -> str:
        """One sentence on how good a likeness it is."""
        error, chance = float(self.error[number]), float(self.chance[number])
        found = (
            f"error {error:.3f}; the nearest of {self.draws:,} random samples is {chance:.3f} away"
        )
        if self.known[number]:
            return f"{found}."
        return (
            f"{found}. That is no likeness: of what the model knows a random sample alone lies "
            f"within {self.usual:.3f}, so this is of another kind than what it learnt."
        )


def inverted(model: Model, target: Tensor, wanted: Wanted) -> Inverted:
    """The codes whose samples are most like the targets (N, *shape), encoded; see `Wanted`."""
    wanted.checked()
    target = target.clone()  # what was made in inference mode cannot be descended to
    began = _begun(model, target, wanted)
    apart = distance(model, target, wanted)
    found = _descended(model, began, apart, wanted)
    if wanted.tune:
        model = _tuned(model, found, apart, wanted)
    with torch.inference_mode():
        samples = coded.made(model, found)
    error = error_of(samples, target)
    return Inverted(found, samples, error, began.chance, began.usual, wanted.draws, model)


def error_of(samples: Tensor, target: Tensor) -> Tensor:
    """(N,) mean absolute differences of samples (N, *shape) in [-1, 1], of a range of 1."""
    return (samples - target).abs().flatten(1).mean(1) / 2.0


def distance(model: Model, target: Tensor, wanted: Wanted) -> Apart:
    """L1 to the targets, and how unlike their features are in a frozen network.

    Each is divided by what it comes to between random samples, so that neither drowns the other.
    """
    unlike = model.domain.judging(str(model.manifest.data.get("name", ""))).perceptual
    some, others = coded.made(model, coded.drawn(model, 2 * PAIRS, wanted.seed)).split(PAIRS)
    unit = max(float(error_of(some, others).mean()), 1e-6)
    if unlike is None or not wanted.perceptual:
        return lambda samples: error_of(samples, target) / unit
    deep = max(float(unlike(some, others).mean()), 1e-6) / wanted.perceptual
    return lambda samples: error_of(samples, target) / unit + unlike(samples, target).float() / deep


class _Begun(NamedTuple):
    """What random samples tell before anything is descended."""

    codes: Codes
    """To start from."""
    middle: Tensor
    spread: Tensor
    """(S,) mean and deviation of random codes."""
    chance: Tensor
    usual: float


def _begun(model: Model, target: Tensor, wanted: Wanted) -> _Begun:
    random = coded.drawn(model, wanted.draws, wanted.seed)
    own = coded.made(model, coded.drawn(model, OWN, wanted.seed + 1))
    both, errors, seen = torch.cat([target, own]), [], []
    for begin in range(0, wanted.draws, PIECE):
        wanted.tell("random samples", begin, wanted.draws)
        samples = coded.made(model, random.rows(slice(begin, begin + PIECE)))
        errors.append(torch.cdist(both.flatten(1), samples.flatten(1), p=1.0))
        seen.append(_coarse(samples))
    least, nearest = (torch.cat(errors, dim=1) / (2.0 * target[0].numel())).min(1)
    rows, began = random.flat(), random.rows(nearest[: len(target)])
    middle, spread = rows.mean(0), rows.std(0, correction=0).clamp_min(1e-3)
    if wanted.start == "mean":
        began = began.at(middle.expand(len(target), -1))
    elif wanted.start == "encoder":
        began = began.at(_encoded(model, target, torch.cat(seen), rows))
    usual = float(least[len(target) :].median())
    return _Begun(began, middle, spread, least[: len(target)], usual)


def _encoded(model: Model, target: Tensor, seen: Tensor, rows: Tensor) -> Tensor:
    """Rows that the model's own encoder reads, or a linear one fitted to random samples."""
    encode = door(model.game, "encode")
    if encode is None or rows.shape[1] != model.manifest.spec.latent:
        return _read(seen, rows, _coarse(target))
    with torch.no_grad():
        mean, _ = encode(model.networks, target.to(model.device), Condition())
    return mean.float().cpu()


def _coarse(samples: Tensor) -> Tensor:
    """Samples as rows of numbers, pictures at an eighth of their extent at least."""
    small = samples
    while small.dim() == 4 and min(small.shape[2:]) >= 16:
        small = nn.functional.avg_pool2d(small, 2)
    return small.flatten(1)


def _read(seen: Tensor, codes: Tensor, target: Tensor) -> Tensor:
    """Codes of targets by ridge regression of random codes on their samples."""
    middle, spread = seen.mean(0), seen.std(0).clamp_min(1e-3)
    known = (seen - middle) / spread
    square = known.T @ known + RIDGE * len(known) / known.shape[1] * torch.eye(known.shape[1])
    fitted = torch.linalg.solve(square, known.T @ (codes - codes.mean(0)))
    return (target - middle) / spread @ fitted + codes.mean(0)


def _descended(model: Model, began: _Begun, apart: Apart, wanted: Wanted) -> Codes:
    """The codes down the slope of the distance; the best that each has met are kept.

    Steps and the prior are measured in deviations of random codes.
    """
    away = ((began.codes.flat() - began.middle) / began.spread).clone().requires_grad_()
    optimizer = torch.optim.Adam([away], RATE, betas=(0.9, 0.99))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(wanted.steps, 1))
    best, least = away.detach().clone(), torch.full((len(away),), torch.inf)
    for step in range(wanted.steps + 1):
        wanted.tell("steps of inversion", step, wanted.steps)
        codes = began.codes.at(began.middle + began.spread * away)
        cost = apart(coded.made(model, codes)) + wanted.prior * away.square().mean(1)
        better = cost.detach() < least
        best[better], least[better] = away.detach()[better], cost.detach()[better]
        if step < wanted.steps:
            (away.grad,) = torch.autograd.grad(cost.sum(), away)
            optimizer.step()
            falling.step()
    return began.codes.at(began.middle + began.spread * best)


def _tuned(model: Model, codes: Codes, apart: Apart, wanted: Wanted) -> Model:
    """The model with weights of its own, in which these codes make what was given."""
    networks = {name: copy.deepcopy(network) for name, network in model.networks.items()}
    tuned = type(model)(model.manifest, networks, model.scores)
    weights = [w for net in networks.values() for w in net.parameters()]
    asked = codes.at(codes.flat().requires_grad_())  # so that gradients are kept at all
    for weight in weights:
        weight.requires_grad_()
    optimizer = torch.optim.Adam(weights, TUNING_RATE)
    for step in range(wanted.tune):
        wanted.tell("steps of tuning", step, wanted.tune)
        cost = apart(coded.made(tuned, asked)).mean()
        slopes = torch.autograd.grad(cost, weights, allow_unused=True)
        for weight, slope in zip(weights, slopes, strict=True):
            weight.grad = slope
        optimizer.step()
    for weight in weights:
        weight.requires_grad_(False)
        weight.grad = None
    return tuned
