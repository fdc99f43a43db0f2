"""Sentences to pictures in one stage (DF-GAN: Tao et al., 2022), sized as `convolutional` is.

What is told scales and shifts every layer of the generator, and the discriminator looks at
coarse maps of the picture with the sentence in every cell. Labels and vectors are told likewise.
"""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.ranges import Share, Size
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import Logits, named, naming
from sparring.networks.heads import Head
from sparring.networks.layers import (
    base_grid,
    channels_of,
    crop,
    draw,
    growing,
    initialise,
    keeping,
    limit,
    pad,
    positive,
    shrinking,
    space_of,
)
from sparring.networks.sentence import Description


class Generator(nn.Module):
    """Latent (N, latent) and a condition to samples (N, C, *space).

    Args:
        spec: What to make; 0 to 3 dimensions of space.
        width: Channels of the finest hidden layer; they double with every level below.
        told: Numbers that what is told is made of.
        attention: Whether cells of the coarsest grid look at single words (after AttnGAN: Xu et
            al., 2018).
        slope: Of the leaky ReLU; 0 for ReLU.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.

    Raises:
        InputError: a setting out of range, or a condition with a map.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        told: Size = 128,
        attention: bool = False,
        slope: Share = 0.2,
        head: str | None = None,
    ) -> None:
        super().__init__()
        positive("width", width)
        self.space = space_of(spec.shape, least=0)
        self.head = Head(spec, head)
        dims, widths = len(self.space), channels_of(width, self.space, None)[::-1]
        self.grid = (widths[0], *base_grid(self.space, 2 ** (len(widths) - 1)))
        self.told = Description(spec, told)
        size = spec.latent + told
        self.dense = nn.Linear(size, math.prod(self.grid))
        self.look = _Attention(widths[0], told) if attention else None
        layers = [keeping(dims, widths[0], widths[0])]
        doubling = growing if dims else keeping
        layers += [doubling(dims, a, b) for a, b in itertools.pairwise(widths)]
        layers += [keeping(dims, widths[-1], spec.shape[0])]
        self.layers = nn.ModuleList(layers)
        known = [widths[0], *widths]
        self.affine = nn.ModuleList(Affine(size, channels, slope) for channels in known)
        initialise(self.dense, "kaiming", slope)
        initialise(self.layers, "kaiming", slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        told, words, there = self.told(condition, latent)
        known = torch.cat([latent, told.to(latent.dtype)], dim=1)
        hidden = self.dense(known).unflatten(1, self.grid)
        if self.look is not None:
            hidden = self.look(hidden, words, there)
        for affine, layer in zip(self.affine, self.layers, strict=True):
            hidden = layer(affine(hidden, known))
        return self.head(crop(hidden, self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, C, *space) and its condition to a Verdict of both at once.

    R1 is then flat at real samples with their own sentences, as the matching-aware penalty is
    (Tao et al., 2022, eq. 2), but in the sample alone: flat in the sentence too, it told no
    sentences apart for hundreds of steps.

    Args:
        spec: What to judge; 0 to 3 dimensions of space.
        width: Channels of the finest hidden layer; they double at each halving.
        told: Numbers that what is told is made of.
        outputs: Logits for each sample.
        slope: Of the leaky ReLU; 0 for ReLU.
        spectral_norm: Whether every weight is divided by its largest singular value.
        classify: Whether verdicts name the label, or where there is none the numbers of the vector,
            by what was seen before anything is told.

    Raises:
        InputError: a setting out of range, a condition with a map, or nothing to name.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 32,
        told: Size = 128,
        outputs: Size = 1,
        slope: Share = 0.2,
        spectral_norm: bool = False,
        classify: bool = False,
    ) -> None:
        super().__init__()
        positive("width", width)
        self.space = space_of(spec.shape, least=0)
        dims = len(self.space)
        # Half the base's extent: a cell sees enough to know what it is of.
        widths = channels_of(width, self.space, None)
        factor = 2 ** len(widths)
        grid = base_grid(self.space, factor)
        self.padded = tuple(extent * factor for extent in grid)
        halving = shrinking if dims else keeping
        layers, inputs = [], spec.shape[0]
        for channels in widths:
            layers += [halving(dims, inputs, channels), nn.LeakyReLU(slope)]
            inputs = channels
        self.layers = nn.Sequential(*layers)
        self.told = Description(spec, told)
        self.join = nn.Sequential(keeping(dims, inputs + told, inputs), nn.LeakyReLU(slope))
        self.logits = Logits(spec, inputs * math.prod(grid), outputs, "none")
        self.classes = naming(spec, inputs * math.prod(grid)) if classify else None
        initialise(self.layers, "kaiming", slope)
        initialise(self.join, "kaiming", slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32."""
        told, _, _ = self.told(condition, sample)
        hidden = self.layers(pad(sample, self.padded))
        everywhere = _over(told.to(hidden.dtype), hidden).expand(-1, -1, *hidden.shape[2:])
        joined = self.join(torch.cat([hidden, everywhere], dim=1))
        verdict = self.logits.verdict(joined.flatten(1), condition)
        classes = None if self.classes is None else named(self.classes, hidden.flatten(1))
        return verdict._replace(classes=classes)


class Affine(nn.Module):
    """Every channel scaled and shifted by what is known, then a leaky ReLU; twice (eq. 1)."""

    def __init__(self, known: int, channels: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.scale, self.shift = nn.Linear(known, channels), nn.Linear(known, channels)
        draw(self.scale.weight, 0.3 / math.sqrt(known))
        nn.init.ones_(self.scale.bias)
        draw(self.shift.weight, 0.3 / math.sqrt(known))
        nn.init.zeros_(self.shift.bias)

    def forward(self, hidden: Tensor, known: Tensor) -> Tensor:
        """Hidden maps (N, channels, *space) of what is known (N, known)."""
        scaled = hidden * _over(self.scale(known), hidden) + _over(self.shift(known), hidden)
        return F.leaky_relu(scaled, self.slope)


class _Attention(nn.Module):
    """What every cell takes from the words that fit it, added to the cell."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(channels, told), nn.Linear(told, channels)
        initialise(self.query, "glorot")
        initialise(self.value, "glorot")

    def forward(self, hidden: Tensor, words: Tensor, there: Tensor) -> Tensor:
        """Hidden maps (N, channels, *space) of words (N, T, told), those that there are."""
        cells = hidden.reshape(*hidden.shape[:2], -1).transpose(1, 2)
        fit = self.query(cells) @ words.transpose(1, 2).to(cells.dtype) / math.sqrt(words.shape[2])
        # The least number beside a word's: shares between sentences have parts of words.
        shares = (fit + there[:, None].clamp_min(1e-6).log()).softmax(2)
        found = shares @ self.value(words.to(cells.dtype))
        return hidden + found.transpose(1, 2).reshape(hidden.shape)


def _over(values: Tensor, like: Tensor) -> Tensor:
    """(N, C) as (N, C, 1, ...), to be spread over the space of `like`."""
    return values.unflatten(1, (-1, *[1] * (like.dim() - 2)))
