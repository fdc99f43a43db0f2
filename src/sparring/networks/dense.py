"""Fully connected networks, for samples of any shape (Goodfellow et al., 2014)."""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.ranges import Above, Below, Depth, Share, Size, Sizes
from sparring.core.schedule import Schedule
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    activations,
    choose,
    dropped,
    initialise,
    limit,
    waves,
    widths_of,
)


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, *shape) through layers of these widths.

    Args:
        spec: What to make.
        widths: Units of each hidden layer.
        norm: "batch" for BatchNorm after each activation, "none" for none.
        momentum: How far BatchNorm's averages move at each step (Keras says 1 - momentum).
        slope: Of the leaky ReLU; 0 for ReLU.
        init: See `layers.initialise`.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.
        softmax: How blocks of that head are filled; see `heads.Head`.
        temperature: Of the softmax; a number or a schedule.
        octaves: Fourier features of the latent; 0 for none. They help it jump between modes.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        widths: Sizes = (256, 512, 1024),
        norm: str = "batch",
        momentum: Share = 0.2,
        slope: Share = 0.2,
        init: str = "glorot",
        head: str | None = None,
        octaves: Depth = 0,
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.shape, self.head = spec.shape, Head(spec, head, softmax, temperature)
        self.latent, self.octaves = ConditionedLatent(spec), octaves
        normed = choose("norm", norm, {"batch": True, "none": False})
        layers: list[nn.Module] = []
        inputs = self.latent.size * (1 + 2 * octaves)
        for width in widths_of(widths):
            layers += [nn.Linear(inputs, width), nn.LeakyReLU(slope)]
            layers += [nn.BatchNorm1d(width, momentum=momentum)] if normed else []
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, math.prod(spec.shape)))
        initialise(self.layers, init, slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) in float32."""
        # A third of the latent: most of its normal distribution lies within one period then.
        told = waves(self.latent(latent, condition), self.octaves, scale=1 / 3)
        sample = self.layers(told)
        return self.head(sample.unflatten(1, self.shape), latent)


class Discriminator(nn.Module):
    """Sample (N, *shape) to a Verdict through layers of these widths.

    Args:
        spec: What to judge.
        widths: Units of each hidden layer.
        outputs: Logits for each sample.
        slope: Of the leaky ReLU; 0 for ReLU.
        dropout: Share of hidden units left out in training.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        init: See `layers.initialise`.
        keep_features: Whether verdicts hold the hidden activations, (N, width) each.
        octaves: Fourier features of the sample; 0 for none. They show it narrow modes.
        classify: Whether verdicts say of which label a sample is.

    Raises:
        InputError: to classify where there are no labels.
    """

    accepts: ClassVar[Accepts] = Accepts()

    def __init__(
        self,
        spec: Spec,
        widths: Sizes = (512, 256),
        outputs: Size = 1,
        slope: Share = 0.2,
        dropout: Below = 0.0,
        spectral_norm: bool = False,
        form: str = "concat",
        init: str = "glorot",
        keep_features: bool = False,
        octaves: Depth = 0,
        classify: bool = False,
    ) -> None:
        super().__init__()
        self.keep_features, self.octaves = keep_features, octaves
        self.sample = ConditionedSample(spec, form, ())
        layers: list[nn.Module] = []
        inputs = math.prod(spec.shape) * (1 + 2 * octaves) + self.sample.size
        for width in widths_of(widths):
            layer = [nn.Linear(inputs, width), nn.LeakyReLU(slope), *dropped(dropout)]
            layers.append(nn.Sequential(*layer))
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.logits = Logits(spec, inputs, outputs, form, classify)
        initialise(self.layers, init, slope)
        initialise(self.logits.linear, init, slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        hidden = self.sample(waves(sample.flatten(1), self.octaves), condition)
        features = activations(self.layers, hidden)
        kept = features if self.keep_features else ()
        return self.logits.verdict(features[-1], condition, kept)
