"""Inversion: the codes of given samples (Zhu et al. 2016), and a generator that fits them better.

Beside every error stands what chance comes to, so that nobody takes a bad likeness for a good one.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from sparring.artifact import codes as coded
from sparring.artifact import given
from sparring.artifact.codes import Codes
from sparring.artifact.features import first_grid, layer_for
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
FEATURES_RATE, FEATURES_PRIOR = 0.03, 0.3
"""Of features in their deviations: how fast they move, and what it costs to be 1 away."""
SHARE = 0.5
"""Of the steps that go to the latent alone."""
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
    features: bool = True
    """Whether the second half of the steps also moves the generator's first grid of features,
    where it has one: what the latent cannot say (Kang et al. 2021)."""
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
    alone: Tensor
    """(N,) the same by the latent alone: what the model knew of it before it was fitted to it."""
    chance: Tensor
    """(N,) the same of the nearest of the random samples."""
    usual: float
    """The median of that for samples of the model's own: what it knows lies about so near."""
    draws: int
    model: Model
    """The one that makes the samples: with a generator of its own where one was tuned."""

    @property
    def known(self) -> Tensor:
        """(N,) bool: by the latent alone nearer than chance comes to what the model knows.

        Features and weights can be fitted to anything, and say nothing about that.
        """
        return self.alone <= self.usual

    def one(self, number: int) -> Inverted:
        """What the sample of this number alone is."""
        rows = slice(number, number + 1)
        return replace(
            self,
            codes=self.codes.rows(rows),
            samples=self.samples[rows],
            error=self.error[rows],
            alone=self.alone[rows],
            chance=self.chance[rows],
        )

    def verdict(self, number: int = 0) -> str:
        """One sentence on how good a likeness it is."""
        error, alone, chance = (float(x[number]) for x in (self.error, self.alone, self.chance))
        found = (
            f"error {error:.3f}, by the latent alone {alone:.3f}; the nearest of {self.draws:,} "
            f"random samples is {chance:.3f} away"
        )
        if self.known[number]:
            return f"{found}."
        return (
            f"{found}. That is no likeness: of what the model knows a random sample alone lies "
            f"within {self.usual:.3f}, so this is of another kind than what it learnt."
        )


def inverted(model: Model, target: Tensor, wanted: Wanted) -> Inverted:
    """The codes whose samples are most like the targets (N, *shape), encoded; see `Wanted`.

    Raises:
        InputError: a model that makes samples from others, a setting out of range, or targets of
            another shape or with NaN.
    """
    wanted.checked()
    given.check_can("sample", model.manifest, model.task)
    given.check_shape(target, model.manifest.spec)
    if not bool(target.isfinite().all()):
        raise InputError("the samples hold NaN or infinity, which nothing can be like.")
    target = target.clone()  # what was made in inference mode cannot be descended to
    began = _begun(model, target, wanted)
    apart = distance(model, target, wanted)
    plain, found = _descended(model, began, apart, wanted)
    with torch.inference_mode():
        alone = error_of(coded.made(model, plain), target)
    if wanted.tune:
        model = _tuned(model, found, apart, wanted)
    with torch.inference_mode():
        samples = coded.made(model, found)
    error = error_of(samples, target)
    return Inverted(found, samples, error, alone, began.chance, began.usual, wanted.draws, model)


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


def _descended(model: Model, began: _Begun, apart: Apart, wanted: Wanted) -> tuple[Codes, Codes]:
    """The codes down the slope of the distance, by the latent alone, and with features.

    Steps and the prior are measured in deviations of random codes, or features.
    """
    grid = first_grid(model) if wanted.features else None
    alone = wanted.steps if grid is None else round(SHARE * wanted.steps)
    away = (began.codes.flat() - began.middle) / began.spread
    prior = wanted.prior

    def codes(rows: Sequence[Tensor]) -> Codes:
        return began.codes.at(began.middle + began.spread * rows[0])

    def cost(rows: Sequence[Tensor]) -> Tensor:
        return apart(coded.made(model, codes(rows))) + prior * rows[0].square().mean(1)

    (away,) = _down((away,), cost, (RATE,), wanted, (0, alone))
    plain = codes((away,))
    if grid is None:
        return plain, plain
    unit = float(grid[1].float().std())
    shape = (len(away), *grid[1].shape[1:])

    def fuller(rows: Sequence[Tensor]) -> Codes:
        return replace(codes(rows), features=unit * rows[1].reshape(shape))

    def dearer(rows: Sequence[Tensor]) -> Tensor:
        far = prior * rows[0].square().mean(1) + FEATURES_PRIOR * rows[1].square().mean(1)
        return apart(coded.made(model, fuller(rows), grid[0])) + far

    start = (away, torch.zeros(len(away), math.prod(shape[1:])))
    found = _down(start, dearer, (RATE / 4, FEATURES_RATE), wanted, (alone, wanted.steps))
    return plain, fuller(found)


def _down(
    rows: Sequence[Tensor],
    cost: Callable[[Sequence[Tensor]], Tensor],
    rates: Sequence[float],
    wanted: Wanted,
    steps: tuple[int, int],
) -> list[Tensor]:
    """Rows (N, ...) down the slope of the costs (N,); the best that each has met are kept."""
    moving = [row.detach().clone().requires_grad_() for row in rows]
    groups = [{"params": [m], "lr": rate} for m, rate in zip(moving, rates, strict=True)]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
    first, last = steps
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(last - first, 1))
    best = [row.detach().clone() for row in moving]
    least = torch.full((len(rows[0]),), torch.inf)
    for step in range(first, last + 1):
        wanted.tell("steps of inversion", step, wanted.steps)
        costs = cost(moving)
        better = costs.detach() < least
        least[better] = costs.detach()[better]
        for kept, row in zip(best, moving, strict=True):
            kept[better] = row.detach()[better]
        if step < last:
            slopes = torch.autograd.grad(costs.sum(), moving)
            for row, slope in zip(moving, slopes, strict=True):
                row.grad = slope
            optimizer.step()
            falling.step()
    return best


def _tuned(model: Model, codes: Codes, apart: Apart, wanted: Wanted) -> Model:
    """The model with weights of its own, in which these codes make what was given."""
    networks = {name: copy.deepcopy(network) for name, network in model.networks.items()}
    tuned = type(model)(model.manifest, networks, model.scores)
    weights = [w for net in networks.values() for w in net.parameters()]
    asked = codes.at(codes.flat().requires_grad_())  # so that gradients are kept at all
    for weight in weights:
        weight.requires_grad_()
    layer = layer_for(tuned, codes.features)
    optimizer = torch.optim.Adam(weights, TUNING_RATE)
    for step in range(wanted.tune):
        wanted.tell("steps of tuning", step, wanted.tune)
        cost = apart(coded.made(tuned, asked, layer)).mean()
        slopes = torch.autograd.grad(cost, weights, allow_unused=True)
        for weight, slope in zip(weights, slopes, strict=True):
            weight.grad = slope
        optimizer.step()
    for weight in weights:
        weight.requires_grad_(False)
        weight.grad = None
    return tuned
