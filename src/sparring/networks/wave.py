"""WaveGAN's pair (Donahue, McAuley & Puckette, 2019): long kernels and strides of 4, for sound.

The paper's form is `up="transposed"`, `widest=16` and a width of 64. Transposed convolutions leave
the image of a constant at a quarter of the rate, and at its multiples: a hum that a generator must
learn to cancel. By default each kernel here is held where a constant leaves none.

Beyond the paper, a generator may leave the last layers to an inverse STFT (`window`), which makes
pure tones and silence easily, and a discriminator may also hear mel bands (`bands`).
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.accepts import Accepts
from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.ranges import Above, Depth, Factor, Latent, Share, Size
from sparring.core.schedule import Schedule
from sparring.core.spectra import BANDS, FLOOR, HOP, WINDOW, filterbank, overlap_add, stft, to_unit
from sparring.core.types import Condition, Spec, Verdict
from sparring.networks import convolutional
from sparring.networks.conditioning import ConditionedLatent, ConditionedSample, Logits
from sparring.networks.heads import Head
from sparring.networks.layers import (
    BASE,
    activations,
    base_grid,
    choose,
    crop,
    initialise,
    limit,
    pad,
    positive,
    space_of,
)

STRIDE = 4
UPS = ("even", "transposed", "nearest", "linear")
RANGE = 7.0
"""Powers of 10 from the faintest that a bin can be to full scale."""
FAINT = 1e-12
"""Added to squared magnitudes: their root's slope stays finite in silence."""


class Generator(nn.Module):
    """Latent (N, latent) to sample (N, C, length): dense, then convolutions to 4 times the length.

    Any length goes: what the last convolution makes beyond it is cut off.

    Args:
        spec: What to make; 1 dimension of space.
        width: Channels of the finest hidden layer; they double at each coarser one.
        widest: Times `width` that a layer has at most.
        kernel: Width of the convolutions' kernels.
        up: How the length grows: "transposed" (a transposed convolution), "even" (one whose kernel
            has the same sum at each of its 4 phases, so that a constant stays one), "nearest" or
            "linear" (upsample, then convolve: dull where sound is broad in band).
        quadruplings: How often; if None, so often that the coarsest layer has 16 cells at most.
        window: Samples of an inverse STFT's windows, which overlap by half: the finest hidden layer
            then has a cell for each of them. 0 for the paper's, which makes samples itself.
        slope: Of the leaky ReLU; 0 for ReLU.
        head: "tanh", "leaky" or "linear"; the spec's own if None. Blocks have their own.
        softmax: How blocks of that head are filled; see `heads.Head`.
        temperature: Of the softmax; a number or a schedule.

    Raises:
        InputError: another number of dimensions, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        widest: Factor = 8,
        kernel: Factor = 25,
        up: str = "even",
        quadruplings: Depth | None = None,
        window: Latent = 0,
        slope: Share = 0.0,
        head: str | None = None,
        softmax: str = "plain",
        temperature: Above | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.space = _line(spec)
        self.head = Head(spec, head, softmax, temperature)
        space = base_grid(self.space, _hop(window)) if window else self.space
        widths = _widths(width, widest, space, quadruplings, hidden=bool(window))
        longer = len(widths) - bool(window)
        self.grid = (widths[-1], *base_grid(space, STRIDE**longer))
        self.latent = ConditionedLatent(spec)
        self.dense = nn.Linear(self.latent.size, math.prod(self.grid))
        layers: list[nn.Module] = [nn.LeakyReLU(slope)]
        for inputs, outputs in zip(widths[::-1], widths[-2::-1], strict=False):
            layers += [_Longer(inputs, outputs, kernel, up), nn.LeakyReLU(slope)]
        self.layers = nn.Sequential(*layers)
        channels = spec.shape[0]
        self.last: nn.Module = (
            _Sounding(width, channels, window) if window else _Longer(width, channels, kernel, up)
        )
        for module in (self.dense, self.layers, self.last):
            initialise(module, "kaiming", slope)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, C, length) in float32."""
        grid = self.dense(self.latent(latent, condition)).unflatten(1, self.grid)
        hidden = self.layers(grid)
        with full_precision(hidden):  # bfloat16 rounds to 8 bits, which is heard
            made = self.last(precise(hidden))
        return self.head(crop(made, self.space), latent)


class Discriminator(nn.Module):
    """Sample (N, C, length) to a Verdict: convolutions of stride 4, then dense.

    With `bands` a second network judges the log-mel spectrogram, a picture, by logits of its own:
    which drum a sound is shows there long before a network reads it out of samples. R1 and R2 are
    then measured where each of the two begins: as slopes in samples they would forbid it to tell
    silence from faint noise. Without, it is the paper's.

    Args:
        spec: What to judge; 1 dimension of space.
        width: Channels of the finest layer; they double at each coarser one.
        widest: Times `width` that a layer has at most.
        outputs: Logits for each sample, and as many by its mel bands.
        kernel: Width of the convolutions' kernels.
        shuffle: Cells by which the phase shuffle moves a layer's activations at most.
        quarterings: How often the length shrinks; if None, as the generator's quadruplings.
        bands: Channels of the finest layer that judges mel bands, 0 for none; from 1,024 samples
            on.
        rate: Samples of sound a second, for the mel bands.
        slope: Of the leaky ReLU; 0 for ReLU.
        spectral_norm: Whether every weight is divided by its largest singular value.
        form: How the condition is shown: "concat", "projection" or "none".
        keep_features: Whether verdicts hold the activations of each layer.
        classify: Whether verdicts say of which label a sample is.

    Raises:
        InputError: another number of dimensions, or a setting out of range.
    """

    accepts: ClassVar[Accepts] = Accepts(space=frozenset({1}))

    def __init__(
        self,
        spec: Spec,
        width: Size = 16,
        widest: Factor = 8,
        outputs: Size = 1,
        kernel: Factor = 25,
        shuffle: Depth = 2,
        quarterings: Depth | None = None,
        bands: Latent = 0,
        rate: Size = 16_000,
        slope: Share = 0.2,
        spectral_norm: bool = False,
        form: str = "projection",
        keep_features: bool = False,
        classify: bool = False,
    ) -> None:
        super().__init__()
        space, self.keep_features = _line(spec), keep_features
        widths = _widths(width, widest, space, quarterings)
        grid = base_grid(space, STRIDE ** len(widths))
        self.padded = (grid[0] * STRIDE ** len(widths),)
        self.sample = ConditionedSample(spec, form, space)
        audible = bands > 0 and space[0] >= WINDOW
        self.bands = _Bands(spec, bands, outputs, form, rate) if audible else None
        layers, inputs = [], spec.shape[0] + self.sample.size
        for i, outputs_here in enumerate(widths):
            moved = [PhaseShuffle(shuffle)] if i else []
            layers.append(nn.Sequential(*moved, _shorter(inputs, outputs_here, kernel, slope)))
            inputs = outputs_here
        self.layers = nn.Sequential(*layers)
        self.logits = Logits(spec, inputs * grid[0], outputs, form, classify)
        initialise(self.layers, "kaiming", slope)
        if spectral_norm:
            limit(self)

    def forward(self, sample: Tensor, condition: Condition) -> Verdict:
        """Logits (N, outputs) in float32, and the features where they are kept."""
        # Under another name, so that what its bands are judged by is no part of its slope.
        samples = sample.view_as(sample)
        shown = pad(self.sample(samples, condition), self.padded)
        features = activations(self.layers, shown)
        kept = features if self.keep_features else ()
        verdict = self.logits.verdict(features[-1].flatten(1), condition, kept)
        if self.bands is None:
            return verdict
        heard = self.bands.heard(sample)
        logits = [verdict.logits, self.bands(heard, condition)]
        return verdict._replace(logits=torch.cat(logits, dim=1), seen=(samples, heard))


class _Bands(nn.Module):
    """Log-mel spectrograms (N, C, 80, frames) to logits, by the network of pictures."""

    def __init__(self, spec: Spec, width: int, outputs: int, form: str, rate: int) -> None:
        super().__init__()
        (self.frames,), self.rate = base_grid(_line(spec), HOP), rate
        shape = (spec.shape[0], BANDS, self.frames)
        pictures = dataclasses.replace(spec, shape=shape, blocks=())
        self.pictures = convolutional.Discriminator(pictures, width, outputs, form=form)

    def heard(self, sample: Tensor) -> Tensor:
        """As `to_unit(log_mel(sample))`, but with a slope in silence too, and twice."""
        with full_precision(sample):
            spectra = stft(pad(precise(sample), (self.frames * HOP,)))
            size = (spectra.real.square() + spectra.imag.square() + FAINT).sqrt()
            mels = filterbank(self.rate).to(size.device) @ size
            return to_unit((mels + FLOOR).log10())

    def forward(self, heard: Tensor, condition: Condition) -> Tensor:
        """Logits (N, outputs)."""
        verdict: Verdict = self.pictures(heard, condition)
        return verdict.logits


class PhaseShuffle(nn.Module):
    """Moves each sample (C, length) by up to so many cells either way, in training.

    The cells that are missing at one end are mirrored about the last one there. A discriminator
    so cannot know fakes by the phase of what upsampling leaves in them.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, C, length), moved."""
        length = hidden.shape[-1]
        most = min(self.most, length - 1)
        if not (self.training and most):
            return hidden
        ends = hidden[..., 1 : most + 1].flip(-1), hidden[..., -most - 1 : -1].flip(-1)
        padded = torch.cat([ends[0], hidden, ends[1]], dim=-1)
        # Drawn on the CPU: a few numbers, and the same ones whatever the device.
        begins = torch.randint(2 * most + 1, (len(hidden),), device="cpu")
        # All that move alike at once: the gradient of an indexed copy is many times slower.
        order = begins.argsort()
        alike = begins.bincount(minlength=2 * most + 1).tolist()
        groups = padded.index_select(0, order.to(hidden.device)).split(alike)
        moved = [rows.narrow(-1, begin, length) for begin, rows in enumerate(groups)]
        return torch.cat(moved).index_select(0, order.argsort().to(hidden.device))


class _Sounding(nn.Module):
    """Frames to a waveform: size and frequency of each bin, whose windows are added up.

    Phases are sums of frequencies over time (GANSynth: Engel et al., 2019), so that what does not
    change is a steady tone.
    """

    def __init__(self, inputs: int, channels: int, window: int, kernel: int = 7) -> None:
        super().__init__()
        self.window, self.hop, self.channels = window, _hop(window), channels
        bins = window // 2 + 1
        self.convolve = nn.Conv1d(
            inputs, 2 * channels * bins, kernel, padding=kernel // 2, padding_mode="replicate"
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, inputs, frames) to (N, C, hop x frames)."""
        loud, drift = self.convolve(hidden).unflatten(1, (2, self.channels, -1)).unbind(1)
        level = (loud * (2 / RANGE)).tanh() - 1
        size = self.window / 2 * (math.log(10) * RANGE / 2 * level).exp()
        # A drift of 1 is one bin up: half a turn a frame. Beyond, the same phases come again, and
        # without a bound drifts grow for ever: their slopes are as large as the layers below.
        turn = math.pi * drift.tanh().cumsum(-1) + self._steady(drift)
        spectra = torch.complex(size * turn.cos(), size * turn.sin())
        return overlap_add(spectra, self.window, self.hop)

    def _steady(self, like: Tensor) -> Tensor:
        """Phases (bins, frames) of bins at their own frequencies, from the middle of a window."""
        bins, frames = (torch.arange(n, device=like.device) for n in like.shape[-2:])
        # Whole turns are taken away as whole numbers, which are exact.
        samples = (bins[:, None] * (frames * self.hop + self.window // 2)) % self.window
        return samples * (2 * math.pi / self.window)


class _Longer(nn.Module):
    """To 4 times the length, by one transposed convolution whatever the way of upsampling.

    What distinguishes the ways is a fixed linear map of the kernel.
    """

    taps: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, up: str) -> None:
        super().__init__()
        choose("up", up, dict.fromkeys(UPS))
        taps = _even(kernel) if up == "even" else _filtered(kernel, up)
        total = taps.shape[1]
        self.extra = max(STRIDE - total, total % 2)
        self.padding = (total - STRIDE + self.extra) // 2
        self.convolve = nn.ConvTranspose1d(inputs, outputs, kernel, STRIDE)
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        weight = self.convolve.weight @ self.taps
        return F.conv_transpose1d(
            hidden, weight, self.convolve.bias, STRIDE, self.padding, self.extra
        )


def _even(kernel: int) -> Tensor:
    """(K, K): kernel to the nearest one with the same sum at each phase.

    Raises:
        InputError: a phase without a tap.
    """
    if kernel < STRIDE:
        raise InputError(f"an even kernel has at least {STRIDE} taps, not {kernel}.")
    phase = F.one_hot(torch.arange(kernel) % STRIDE, STRIDE).float()
    share = 1.0 / phase.sum(0)
    target = phase @ (share / share.sum())  # times the kernel: what each phase shall add up to
    return torch.eye(kernel) + torch.outer(target, phase @ share) - phase * share @ phase.T


def _filtered(kernel: int, up: str) -> Tensor:
    """(K, K + F - 1): the kernel convolved with the filter of an upsampling, of unit energy."""
    box = torch.ones(STRIDE)
    triangle = torch.tensor([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0])
    chosen = {"transposed": torch.ones(1), "nearest": box, "linear": triangle}[up]
    taps = torch.zeros(kernel, kernel + len(chosen) - 1)
    for row in range(kernel):
        taps[row, row : row + len(chosen)] = chosen / chosen.norm()
    return taps


def _line(spec: Spec) -> tuple[int, ...]:
    """The extent (length,).

    Raises:
        InputError: other than 1 dimension of space.
    """
    space = space_of(spec.shape)
    if len(space) != 1:
        raise InputError(f"this network works in 1 dimension of space, not on samples {spec.shape}")
    return space


def _widths(
    width: int, widest: int, space: tuple[int, ...], times: int | None, hidden: bool = False
) -> list[int]:
    """Channels from the finest hidden layer to the coarsest, one more if the finest is as fine."""
    positive("width", width)
    if times is None:
        times = max(1, math.ceil(math.log(space[0] / BASE, STRIDE)))
    positive("layers", times)
    return [width * min(2**i, widest) for i in range(times + hidden)]


def _hop(window: int) -> int:
    """Samples from one window to the next.

    Raises:
        InputError: a window that has no half.
    """
    if window < 4 or window % 4:
        raise InputError(f"a window is a multiple of 4 samples, or 0 for none, not {window}.")
    return window // 2


def _shorter(inputs: int, outputs: int, kernel: int, slope: float) -> nn.Module:
    padding = max(0, (kernel - STRIDE + 1) // 2)
    convolve = nn.Conv1d(inputs, outputs, kernel, STRIDE, padding)
    return nn.Sequential(convolve, nn.LeakyReLU(slope))
