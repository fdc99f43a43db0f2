"""Sound made from sound by way of its spectra, and judged by them.

To the generator a frame of the spectrum is one cell with a channel for each frequency: it is 1-D,
and a second of sound has 125 cells where in the time domain it has 16,000. To the discriminator
the spectrogram is a picture.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor, nn

from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.precision import full_precision
from sparring.core.ranges import Depth, Factor, Size
from sparring.core.spectra import istft, stft
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks import patch
from sparring.networks.layers import bounded, crop, initialise, positive
from sparring.networks.unet import FROM_MAPS, Reflected, channels_of, covered, given, start_small

FROM_SOUND = dataclasses.replace(FROM_MAPS, space=frozenset({1}), conditions=frozenset({"map"}))
WINDOW, HOP = 512, 128
"""32 ms and 8 ms at 16 kHz, as is usual for speech."""
FULL = WINDOW / 4
"""The magnitude of a tone of full scale under a Hann window."""
POWER = 0.3
"""Magnitudes are read to this power: speech spans 80 dB, and quiet parts count too."""
QUIET = 1e-5
"""The magnitude below which all is silence to the discriminator."""
ADDED = 0.02
"""The size of what is added, in magnitudes of which 1 is full scale: that of quiet speech."""
SLOPE = 0.2
DILATIONS = (1, 2, 4, 8)
"""Frames that the blocks reach in turn."""


class Generator(nn.Module):
    """Map (N, C', length) to sample (N, C, length), of any length.

    What is made is the map's first C channels, whose spectra are multiplied by complex masks
    (Williamson et al., 2016) and added to; both begin as next to nothing. The latent is not read.

    Args:
        spec: What to make, and from which map.
        width: Channels of the blocks.
        blocks: Residual blocks, which reach 1, 2, 4 and 8 frames in turn.

    Raises:
        InputError: no sound or no map of it, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = FROM_SOUND

    def __init__(self, spec: Spec, width: Size = 192, blocks: Depth = 8) -> None:
        super().__init__()
        inputs, self.channels = channels_of(spec)
        positive("width", width, blocks)
        bins = WINDOW // 2 + 1
        self.first = Reflected(2 * bins * inputs, width, 1, dims=1)
        self.blocks = nn.Sequential(
            *(_Block(width, DILATIONS[i % len(DILATIONS)]) for i in range(blocks))
        )
        self.last = Reflected(width, 4 * bins * self.channels, 1, dims=1)
        initialise(self, "kaiming", SLOPE)
        start_small(self.last)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, length) in float32."""
        shown = given(condition)
        spectra = _spectra(shown)
        hidden = self.blocks(self.first(_read(spectra)))
        change = self.last(hidden).float().unflatten(1, (4, self.channels, -1))
        with full_precision(shown):
            mask = 1 + torch.complex(change[:, 0], change[:, 1])
            more = ADDED * torch.complex(change[:, 2], change[:, 3])
            made = istft((spectra[:, : self.channels] * mask + more) * FULL, WINDOW, HOP)
        return bounded(crop(made, tuple(shown.shape[2:])), "linear")


class Discriminator(nn.Module):
    """Sample (N, C, length) and map to a Verdict with a logit for each patch of the spectrogram.

    It is that of pictures, `patch`, on logarithms of magnitudes.

    Args:
        spec: What to judge, and the map it was made from.
        width: Channels of the first layer.
        layers: Halvings.
        scales: How often the spectrogram is judged, each time at half the extent.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: "concat" to see the map's spectrogram beside the sample's, "none" for the sample's.
        keep_features: Whether verdicts hold the activations of each layer of each scale.
        outputs: Logits for each patch.

    Raises:
        InputError: no sound, no map for "concat", or a setting out of range.
    """

    accepts: ClassVar[Accepts] = dataclasses.replace(ALL, space=frozenset({1}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        layers: Depth = 3,
        scales: Factor = 1,
        spectral_norm: bool = True,
        form: str = "concat",
        keep_features: bool = True,
        outputs: Size = 1,
    ) -> None:
        super().__init__()
        if len(spec.shape) != 2:
            raise InputError(f"this network judges sound (C, length), not {spec.shape}.")
        shape, shown = _pictured(spec.shape), _pictured(spec.map) if spec.map else ()
        self.patches = patch.Discriminator(
            dataclasses.replace(spec, shape=shape, map=shown, blocks=()),
            width,
            layers,
            scales,
            spectral_norm=spectral_norm,
            form=form,
            keep_features=keep_features,
            outputs=outputs,
        )

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, K) in float32, and the features where they are kept."""
        shown = None if condition.map is None else spectrogram(condition.map)
        verdict: Verdict = self.patches(spectrogram(sample), condition._replace(map=shown))
        return verdict


def spectrogram(waves: Tensor) -> Tensor:
    """(N, C, length) to log10 of magnitudes (N, C, 256, frames), -1 at 100 dB under full scale."""
    return _spectra(waves)[:, :, 1:].abs().clamp_min(QUIET).log10() / 2.5 + 1


def _spectra(waves: Tensor) -> Tensor:
    """(N, C, length) to complex (N, C, 257, frames); a tone of full scale is 1."""
    return stft(covered(waves, _step(waves.shape[-1])), WINDOW, HOP) / FULL


def _pictured(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the spectrogram of sound of a shape."""
    step = _step(shape[-1])
    return (shape[0], WINDOW // 2, -(-shape[-1] // step) * step // HOP)


def _step(length: int) -> int:
    """What sound is made a multiple of: frames, but no less than a window."""
    return HOP if length >= WINDOW else WINDOW


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = Reflected(width, width, 3, dilation=dilation, dims=1)
        self.second = Reflected(width, width, 1, dims=1)
        self.activate = nn.LeakyReLU(SLOPE)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + 0.5 * self.second(self.activate(self.first(self.activate(hidden))))


def _read(spectra: Tensor) -> Tensor:
    """Complex spectra (N, C, bins, frames) to numbers (N, 2 C bins, frames) of like size."""
    size = spectra.abs().clamp_min(1e-6)
    small = spectra * size ** (POWER - 1)
    return torch.cat([small.real, small.imag], 1).flatten(1, 2)
