"""A generator with a space of styles: a mapping network and layers that styles modulate.

After Karras et al. 2019 (a mapping network, style mixing) and 2020 (styles scale a convolution's
inputs, whose outputs are then brought back to variance 1, eq. 3). The base grid is made from the
coarsest style: a learnt one, as in the papers, was worse in minutes. No noise is added, so a sample
is a function of its styles. Points (F,) have no space: all is dense then.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.ranges import Depth, Share, Size
from sparring.core.types import Condition, Spec
from sparring.networks.conditioning import ConditionedLatent
from sparring.networks.heads import Head
from sparring.networks.layers import (
    CONVOLUTIONS,
    TRANSPOSED,
    WIDEST,
    base_grid,
    crop,
    doublings_to,
    draw,
    gain,
    positive,
    space_of,
)

SLOPE = 0.2
EPSILON = 1e-6


class Generator(nn.Module):
    """Latent (N, latent), or styles (N, levels, styles), to samples (N, C, *space).

    Args:
        spec: What to make; 0 to 3 dimensions of space.
        width: Channels of the finest hidden layer; they double with every level below, up to 16
            times.
        styles: Numbers in a style.
        depth: Layers of the mapping network.
        mixing: Share of samples in training whose finer levels have another sample's style.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.

    Raises:
        InputError: a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        styles: Size = 64,
        depth: Depth = 2,
        mixing: Share = 0.5,
        head: str | None = None,
    ) -> None:
        super().__init__()
        positive("width", width)
        self.space, self.mixing = space_of(spec.shape, least=0), mixing
        self.head = Head(spec, head)
        # One level below what other networks begin at: more levels, and a smaller base.
        dims, doublings = len(self.space), doublings_to(self.space) + 1
        widths = [width * min(2**i, WIDEST) for i in reversed(range(doublings + 1))]
        self.latent = ConditionedLatent(spec)
        sizes = [self.latent.size, *[styles] * depth]
        self.map = nn.Sequential(*[_Mapped(a, b) for a, b in pairwise(sizes)])
        self.styles = sizes[-1]
        base = base_grid(self.space, 2**doublings)
        self.grid = (widths[0], *base)
        self.base = nn.Linear(self.styles, math.prod(self.grid))
        draw(self.base.weight, gain(SLOPE) / math.sqrt(self.styles))
        nn.init.zeros_(self.base.bias)
        layers = (_Modulated(dims, a, b, self.styles) for a, b in pairwise(widths))
        self.layers = nn.ModuleList(layers)
        self.last = _kept(dims, widths[-1], spec.shape[0])

    @property
    def levels(self) -> int:
        """Styles of a sample, coarsest first: the base grid's, and one of each modulated layer."""
        return len(self.layers) + 1

    @property
    def styling(self) -> list[_Modulated]:
        """Layers that styles modulate."""
        return [layer for layer in self.layers if isinstance(layer, _Modulated)]

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, *space) in float32."""
        styles = latent if latent.dim() == 3 else self.styled(latent, condition)
        coarsest, *finer = styles.unbind(1)
        hidden = nn.functional.leaky_relu(self.base(coarsest), SLOPE).unflatten(1, self.grid)
        for layer, style in zip(self.layers, finer, strict=True):
            hidden = layer(hidden, style)
        return self.head(crop(self.last(hidden), self.space), styles.flatten(1))

    def styled(self, latent: Tensor, condition: Condition) -> Tensor:
        """The styles (N, levels, styles) of latents, in training mixed now and then."""
        known = self.latent(latent, condition)
        known = known * (known.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        style = self.map(known)
        whole = style[:, None].expand(-1, self.levels, -1)
        return self._mixed(whole) if self.training and self.mixing else whole

    def _mixed(self, styles: Tensor) -> Tensor:
        """From a level drawn by chance on, some have the style of another sample of the batch."""
        count, device = len(styles), styles.device
        others = styles.roll(1, 0)
        first = torch.randint(1, max(self.levels, 2), (count, 1, 1), device=device)
        chosen = torch.rand(count, 1, 1, device=device) < self.mixing
        finer = torch.arange(self.levels, device=device)[None, :, None] >= first
        return torch.where(finer & chosen, others, styles)


class _Mapped(nn.Module):
    """A layer of the mapping network."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        draw(self.linear.weight, gain(SLOPE) / math.sqrt(inputs))
        nn.init.zeros_(self.linear.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        return nn.functional.leaky_relu(self.linear(hidden), SLOPE)


class _Modulated(nn.Module):
    """A convolution to twice the extent whose inputs a style scales.

    Scaling the inputs, and the outputs by what that did to their variance, equals modulating and
    demodulating the weights, and leaves one convolution for the whole batch. The bias is scaled
    with the outputs: so it is the convolution's own, and costs no pass over them.
    """

    def __init__(self, dims: int, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.convolve: Any = _grown(dims, inputs, outputs)
        self.modulate = nn.Linear(styles, inputs)
        draw(self.modulate.weight, 1.0 / math.sqrt(styles))
        nn.init.ones_(self.modulate.bias)

    def forward(self, hidden: Tensor, style: Tensor) -> Tensor:
        ones = [1] * (hidden.dim() - 2)
        scale = self.modulate(style).float()
        # In the type of what is scaled: in float32, half of a step would go into passes over it.
        made = self.convolve(hidden * scale.to(hidden.dtype).unflatten(1, (-1, *ones)))
        # What each output channel sums, as squares: (inputs, outputs), over all of the kernel.
        weight = self.convolve.weight.square()
        square = weight.flatten(2).sum(2) if ones else weight.T
        # A kernel of 4 meets a cell of twice the extent with half of its places in each axis.
        loud = (0.5 ** len(ones) * (scale.square() @ square) + EPSILON).rsqrt() * gain(SLOPE)
        made = nn.functional.leaky_relu(made, SLOPE)
        return made * loud.to(made.dtype).unflatten(1, (-1, *ones))


def _grown(dims: int, inputs: int, outputs: int) -> nn.Module:
    layer = TRANSPOSED[dims](inputs, outputs, *((4, 2, 1) if dims else ()))
    draw(layer.weight, 1.0 / math.sqrt(inputs * 2**dims))
    nn.init.zeros_(layer.bias)
    return layer


def _kept(dims: int, inputs: int, outputs: int) -> nn.Module:
    layer = CONVOLUTIONS[dims](inputs, outputs, *((3, 1, 1) if dims else ()))
    draw(layer.weight, 1.0 / math.sqrt(inputs * 3**dims))
    nn.init.zeros_(layer.bias)
    return layer


def mixed(coarse: Tensor, fine: Tensor, levels: tuple[int, int]) -> Tensor:
    """Styles (N, levels, styles) of one, with those of another from one level to another.

    Raises:
        InputError: levels that are not there.
    """
    first, last = levels
    if not 0 <= first <= last < coarse.shape[1]:
        raise InputError(f"levels are FIRST-LAST within 0 and {coarse.shape[1] - 1}, not {levels}.")
    return torch.cat([coarse[:, :first], fine[:, first : last + 1], coarse[:, last + 1 :]], dim=1)
