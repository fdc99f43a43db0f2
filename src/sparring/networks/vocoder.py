"""From mel spectrogram to waveform: frames through residual blocks, then an inverse STFT.

The generator never leaves the frames' rate: it makes magnitude and phase of a short-time Fourier
transform, and its inverse does all upsampling (Kaneko et al., 2022, iSTFTNet; Siuzdak, 2023, Vocos,
section 3). The discriminators are HiFi-GAN's (Kong et al., 2020, section 2.3): of the waveform
folded at several periods, and of the waveform at several scales.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.ranges import Depth, Factor, Size
from sparring.core.spectra import BANDS, HOP, WINDOW, from_unit, istft, magnitude_of, stft
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks.layers import activations, positive
from sparring.networks.unet import given

MOMENTUM = 0.99
FITTING = 30
"""Steps of the least squares."""
FAINTEST = 1e-4
LOUDEST = 512.0
"""The least magnitude that mels start with, and the most that one may be: that of full scale."""
SILENT = -0.999
"""Frames whose every band lies below it were silent, and stay so; -1 is the floor of mels."""
BLUNT = 0.1
"""Share of a magnitude below which what is left of it no longer turns freely."""
SLOPE = 0.1
WIDEST = 16
"""Times its first width that a discriminator's last layers have, at most."""


def no_mels(spec: Spec) -> str:
    """Why a spec is not of sound made from its mel spectrogram; empty where it is."""
    channels, length = spec.shape
    mels = (BANDS * channels, length // HOP)
    if length % HOP or spec.map != mels:
        return f"makes sound (C, {HOP} frames) of mels ({BANDS} C, frames), not of {spec.map}"
    return ""


class Generator(nn.Module):
    """Map (N, 80 C, frames) to sample (N, C, 256 x frames), of any number of frames.

    The mels' own magnitudes, by least squares, are where it starts from: it learns by how much
    they are wrong (as Lv et al., 2024, FreeV) and where phases begin. Each channel of sound is made
    on its own, by the same weights. A frame is heard no further than `reach` frames away, so that
    long sound can be made in pieces.

    Args:
        spec: What to make, and the map it is made from.
        width: Channels of a frame.
        hidden: Channels inside a block.
        blocks: ConvNeXt blocks (Liu et al., 2022), each over `kernel` frames.
        kernel: Frames that a block reads, an odd number.
        rounds: Of Griffin and Lim's algorithm, through which the generator learns: phases settle
            to those that a waveform can have, with the magnitudes that it made.
        final_rounds: As many out of training, where they cost no backward pass.
        rate: Samples of sound a second.

    Raises:
        InputError: no sound or no mels of it, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(
        space=frozenset({1}),
        conditions=frozenset({"map"}),
        needs=frozenset({"map"}),
        blocks=False,
        besides=no_mels,
    )

    def __init__(
        self,
        spec: Spec,
        width: Size = 192,
        hidden: Size = 576,
        blocks: Depth = 7,
        kernel: Size = 7,
        rounds: Depth = 3,
        final_rounds: Depth = 32,
        rate: Size = 16_000,
    ) -> None:
        super().__init__()
        positive("width, hidden and blocks", width, hidden, blocks)
        if why := self.accepts.refusal(spec):
            raise InputError(f"a vocoder {why}.")
        self.rounds, self.final_rounds, self.rate = rounds, final_rounds, rate
        self.read = nn.Conv1d(BANDS, width, kernel, padding=kernel // 2)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.blocks = nn.Sequential(*(_Block(width, hidden, kernel, blocks) for _ in range(blocks)))
        self.last = nn.LayerNorm(width, eps=1e-6)
        self.spectrum = nn.Linear(width, WINDOW + 2)
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    @property
    def reach(self) -> int:
        """Frames to either side of which a sample knows something."""
        kernel = self.read.kernel_size[0]
        around = WINDOW // HOP
        return kernel // 2 * (1 + len(self.blocks)) + around * (self.final_rounds + 1)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, 256 x frames) in float32 and in [-1, 1]."""
        shown = given(condition)
        rows = shown.reshape(-1, BANDS, shown.shape[-1])
        hidden = self.read(rows).transpose(1, 2)
        hidden = self.last(self.blocks(self.norm(hidden)))
        change, turn = self.spectrum(hidden).transpose(1, 2).chunk(2, dim=1)
        with full_precision(shown):
            size = (self._first(rows) + precise(change)).exp().clamp(max=LOUDEST)
            size = size * (rows.amax(1, keepdim=True) > SILENT)
            wave = self._settled(size, precise(turn))
        return wave.reshape(-1, shown.shape[1] // BANDS, wave.shape[-1]).clamp(-1.0, 1.0)

    def _first(self, rows: Tensor) -> Tensor:
        """Log magnitudes (N, window / 2 + 1, frames) that have these mels, by least squares."""
        with torch.no_grad():
            mels = 10 ** from_unit(precise(rows))
            return magnitude_of(mels, self.rate, FITTING).clamp_min(FAINTEST).log()

    def _settled(self, size: Tensor, turn: Tensor) -> Tensor:
        """Waveforms of these magnitudes whose phases begin at `turn` and settle for some rounds."""
        # Phase pi k is a pulse in the middle of its window; the window hides one at its edge.
        middle = math.pi * torch.arange(size.shape[1], device=size.device)[:, None]
        # A single 1 and a counted -1: a traced graph would keep the number of its example's sounds.
        angles = torch.polar(turn.new_ones(1), turn + middle)
        before: Tensor | None = None
        for _ in range(self.rounds if self.training else self.final_rounds):
            rebuilt = stft(istft(size * angles))
            ahead = rebuilt if before is None else rebuilt + MOMENTUM * (rebuilt - before)
            # Where frames cancel out an angle is anything, and its slope would be endless.
            near = (ahead.abs().square() + (BLUNT * size.detach()).square() + FAINTEST**2).sqrt()
            angles, before = ahead / near, rebuilt
        return istft(size * angles)


class _Block(nn.Module):
    """A ConvNeXt block of frames (N, frames, width); all of them together start small."""

    def __init__(self, width: int, hidden: int, kernel: int, blocks: int) -> None:
        super().__init__()
        self.along = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.across = nn.Sequential(
            nn.LayerNorm(width, eps=1e-6),
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, width),
        )
        self.scale = nn.Parameter(torch.full((width,), 1.0 / blocks))

    def forward(self, hidden: Tensor) -> Tensor:
        along = self.along(hidden.transpose(1, 2)).transpose(1, 2)
        return hidden + self.scale * self.across(along)


class Discriminator(nn.Module):
    """Sample (N, C, length) to a Verdict, of the waveform at several periods and several scales.

    Each channel is judged on its own. The logits of all parts are repeated to the count of the
    longest, so that in a mean over logits each part counts alike. The map is not read: whether a
    sample fits it is the other terms' matter.

    Args:
        spec: What to judge.
        width: Channels of the first layers.
        periods: The waveform is folded at each (prime numbers see different samples).
        scales: The waveform itself, then half its rate, and so on.
        keep_features: Whether verdicts hold the activations of every layer.
        outputs: Logits for each place.

    Raises:
        InputError: no sound, nothing to judge, or sound too short for it.
    """

    accepts: ClassVar[Accepts] = Accepts(
        space=frozenset({1}),
        conditions=frozenset({"map"}),
        needs=frozenset({"map"}),
        blocks=False,
    )

    def __init__(
        self,
        spec: Spec,
        width: Size = 4,
        periods: Sequence[Size] = (2, 3, 5, 7, 11),
        scales: Factor = 3,
        keep_features: bool = True,
        outputs: Size = 1,
    ) -> None:
        super().__init__()
        positive("width and periods", width, *periods)
        self.keep_features = keep_features
        if why := self.accepts.refusal(spec):
            raise InputError(f"this network {why}.")
        self.periods = nn.ModuleList(_Period(period, width, outputs) for period in periods)
        self.scales = nn.ModuleList(_Scale(2**i, 2 * width, outputs) for i in range(scales))

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, K) in float32, and the features where they are kept."""
        waves = sample.reshape(-1, 1, sample.shape[-1])
        found = [part(waves) for part in (*self.periods, *self.scales)]
        logits = [_in_a_row(features[-1], len(waves)) for features in found]
        # Columns and channels of one sample stay together: features are parted by samples.
        longest = max(part.shape[-1] for part in logits)
        told = torch.cat([_repeated(part, longest) for part in logits], dim=1)
        inner = [feature for features in found for feature in features[:-1]]
        kept = tuple(feature.unflatten(0, (len(sample), -1)) for feature in inner)
        return Verdict(precise(told).reshape(len(sample), -1), kept if self.keep_features else ())


class _Period(nn.Module):
    """Samples a period apart in columns, whose convolutions go along time alone."""

    def __init__(self, period: int, width: int, outputs: int) -> None:
        super().__init__()
        self.period = period
        widths = [1, *(width * min(4**i, WIDEST) for i in range(4))]
        down = [_convolution(a, b, 5, 3) for a, b in itertools.pairwise(widths)]
        same = _convolution(widths[-1], widths[-1], 5)
        self.layers = nn.Sequential(*down, same, _logits(widths[-1], outputs))

    def forward(self, waves: Tensor) -> tuple[Tensor, ...]:
        """Waveforms (N, 1, length) to what each layer puts out, (N x period, channels, places)."""
        whole = F.pad(waves, (0, -waves.shape[-1] % self.period))
        columns = whole.unflatten(2, (-1, self.period)).movedim(3, 1).flatten(0, 1)
        return activations(self.layers, columns)


class _Scale(nn.Module):
    """The waveform at a fraction of its rate, with long grouped kernels."""

    def __init__(self, factor: int, width: int, outputs: int) -> None:
        super().__init__()
        self.factor = factor
        self.layers = nn.Sequential(
            _convolution(1, width, 15),
            _convolution(width, 4 * width, 41, 4, groups=4),
            _convolution(4 * width, WIDEST * width, 41, 4, groups=WIDEST),
            _convolution(WIDEST * width, WIDEST * width, 41, 4, groups=WIDEST),
            _convolution(WIDEST * width, WIDEST * width, 5),
            _logits(WIDEST * width, outputs),
        )

    def forward(self, waves: Tensor) -> tuple[Tensor, ...]:
        """Waveforms (N, 1, length) to what each layer puts out, (N, channels, places)."""
        shown = F.avg_pool1d(waves, self.factor) if self.factor > 1 else waves
        return activations(self.layers, shown)


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Module:
    shared = math.gcd(groups, inputs)  # narrow layers have no more groups than channels
    layer = nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, groups=shared)
    return nn.Sequential(weight_norm(layer), nn.LeakyReLU(SLOPE))


def _logits(inputs: int, outputs: int) -> nn.Module:
    return weight_norm(nn.Conv1d(inputs, outputs, 3, padding=1))


def _in_a_row(logits: Tensor, waves: int) -> Tensor:
    """Logits of all columns of a waveform, (N x columns, K, places) to (N, K, all places)."""
    return logits.unflatten(0, (waves, -1)).movedim(1, 2).flatten(2)


def _repeated(logits: Tensor, places: int) -> Tensor:
    """Logits (N, K, fewer) on a finer grid, by nearest neighbour."""
    return logits if logits.shape[2] == places else F.interpolate(logits, size=places)
