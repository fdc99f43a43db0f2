"""What a graph of ONNX lacks, said in what it has, while a network is traced.

Complex numbers are pairs of real ones, Fourier transforms are products with sines and cosines, and
weights that a network computes from others (spectral norm, folded kernels) are computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

WEIGHTED: frozenset[Callable[..., Any]] = frozenset(
    {
        F.linear,
        *(F.conv1d, F.conv2d, F.conv3d),
        *(F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d),
    }
)
"""Functions whose second argument is a weight, which a graph must know."""


class Traced(TorchFunctionMode):
    """While it is on, networks compute as ONNX can."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """The function, or what stands for it."""
        if func in WEIGHTED and not isinstance(args[1], nn.Parameter):
            args = (args[0], constant(args[1]), *args[2:])
        return STANDS_FOR.get(func, func)(*args, **(kwargs or {}))


def constant(weight: Tensor) -> Tensor:
    """The weight without where it came from: a trace cannot follow it through NumPy."""
    return torch.from_numpy(weight.detach().numpy().copy())


@dataclass(frozen=True)
class Pair:
    """Complex numbers: their real and their imaginary parts, of one shape."""

    real: Tensor
    imag: Tensor

    @classmethod
    def __torch_function__(cls, *call: Any) -> Any:
        """Torch's functions take a pair in, and leave it to `Traced` or to the pair itself."""
        return NotImplemented

    @property
    def shape(self) -> torch.Size:
        """That of either part."""
        return self.real.shape

    @property
    def device(self) -> torch.device:
        """Where both are."""
        return self.real.device

    def both(self, change: Callable[[Tensor], Tensor]) -> Pair:
        """The pair with both parts changed alike."""
        return Pair(change(self.real), change(self.imag))

    def abs(self) -> Tensor:
        """Magnitudes."""
        return (self.real.square() + self.imag.square()).sqrt()

    def reshape(self, *shape: Any) -> Pair:
        """As of a tensor."""
        return self.both(lambda part: part.reshape(*shape))

    def expand(self, *shape: Any) -> Pair:
        """As of a tensor."""
        return self.both(lambda part: part.expand(*shape))

    def transpose(self, one: int, other: int) -> Pair:
        """As of a tensor."""
        return self.both(lambda part: part.transpose(one, other))

    def __getitem__(self, place: Any) -> Any:
        return self.both(lambda part: part[place])

    def __add__(self, other: Any) -> Pair:
        if isinstance(other, Pair):
            return Pair(self.real + other.real, self.imag + other.imag)
        return Pair(self.real + other, self.imag)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.real - other.real, self.imag - other.imag)

    def __mul__(self, other: Any) -> Pair:
        if isinstance(other, Pair):
            real = self.real * other.real - self.imag * other.imag
            return Pair(real, self.real * other.imag + self.imag * other.real)
        return self.both(lambda part: part * other)

    def __truediv__(self, other: Any) -> Pair:
        return self.both(lambda part: part / other)

    __radd__ = __add__
    __rmul__ = __mul__


def _polar(size: Tensor, angle: Tensor) -> Pair:
    return Pair(size * angle.cos(), size * angle.sin())


def _stft(waves: Tensor, n_fft: int, hop_length: int, *, window: Tensor, **options: Any) -> Pair:
    """Waveforms (N, length) to spectra (N, n_fft / 2 + 1, frames), as torch.stft uncentred."""
    cosines, sines = _waves(n_fft)
    kernels = constant(torch.cat([cosines, -sines]) * window)[:, None]
    both = F.conv1d(waves[:, None], kernels, stride=hop_length)
    return Pair(both[:, : n_fft // 2 + 1], both[:, n_fft // 2 + 1 :])


def _irfft(spectra: Pair, size: int) -> Tensor:
    """Spectra (..., size / 2 + 1) to real numbers (..., size)."""
    cosines, sines = _waves(size)
    # Each frequency but the first and the last stands for itself and its mirror image.
    times = torch.full((size // 2 + 1, 1), 2.0 / size)
    times[0] = times[-1] = 1.0 / size
    return spectra.real @ constant(cosines * times) - spectra.imag @ constant(sines * times)


def _waves(size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (size / 2 + 1, size) of all whole frequencies."""
    places = torch.arange(size, dtype=torch.float64)
    # The remainder keeps angles small, and so exact.
    turns = torch.outer(places[: size // 2 + 1], places).remainder(size)
    angles = 2 * math.pi / size * turns
    return angles.cos().float(), angles.sin().float()


STANDS_FOR: dict[Any, Callable[..., Any]] = {
    torch.stft: _stft,
    torch.fft.irfft: _irfft,
    torch.polar: _polar,
    torch.complex: Pair,
}
