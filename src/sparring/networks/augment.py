"""Differentiable augmentation of all that the discriminator sees, real and fake alike.

The operations are those of DiffAugment (Zhao et al., 2020); each happens to a sample with
probability p, which may be fixed, scheduled, or led by the discriminator's overfitting (ADA:
Karras et al., 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sparring.core.errors import InputError, unknown
from sparring.core.precision import full_precision
from sparring.core.ranges import Above, Share
from sparring.core.schedule import Schedule, scheduled

POLICY = ("translate", "cutout", "brightness", "contrast", "saturation", "flip")
SIGNALS = ("real", "pair")
SHIFT = 0.125
"""The farthest translation, as a share of the extent."""
HOLE = 0.5
"""The cut-out's extent, as a share of the sample's."""


class Augment(nn.Module):
    """Changes pictures (N, C, H, W), 1 to 4 channels, at random; twice differentiable.

    translate: up to 1/8 of the extent, zeros beyond the border. cutout: zeros in a box of half
    the extent. brightness: adds up to 0.5 in either direction. contrast: times 0.5 to 1.5 about
    the sample's mean. saturation: times 0 to 2 about the pixel's mean, for 3 channels or more.
    flip: left to right, with probability p / 2. The last of 2 or 4 channels is taken for opacity
    and left alone by the colour operations.

    Args:
        policy: The operations.
        strength: The probability p of each: a number, a schedule of images seen, or "adaptive".
        target: The signal that an adaptive p keeps.
        speed: Real samples in which an adaptive p moves by 1.
        signal: What an adaptive p reads: "real" for E sign(D(real)), which is Karras et al.'s
            r_t; "pair" for E sign(D(real) - D(fake)), the only one with a meaning under the
            relativistic loss, whose logits have no zero.

    Raises:
        InputError: an unknown operation or signal, or a probability outside [0, 1].
    """

    p: Tensor
    images: Tensor

    def __init__(
        self,
        policy: Sequence[str] = ("translate", "cutout", "brightness", "contrast", "saturation"),
        strength: Share | Schedule | str = 1.0,
        target: Share = 0.6,
        speed: Above = 500_000,
        signal: str = "real",
    ) -> None:
        super().__init__()
        self.policy = _checked(policy)
        if signal not in SIGNALS:
            raise unknown("signal", str(signal), SIGNALS)
        self.schedule = _schedule(strength)
        self.target, self.speed, self.signal = target, speed, signal
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("images", torch.zeros((), dtype=torch.int64))

    def strength_at(self, images: int) -> float:
        """The probability p of each operation after so many images."""
        return float(self.p) if self.schedule is None else self.schedule(images)

    @torch.no_grad()
    def update(
        self,
        real_logits: Tensor,
        fake_logits: Tensor,
        images: int,
        mean: Callable[[Tensor], Tensor],
    ) -> None:
        """Move an adaptive p towards the target; otherwise do nothing.

        It moves by 1 / speed for each image since the last update.

        Args:
            real_logits: (N, K), of augmented samples.
            fake_logits: (N, K), of augmented samples.
            images: Real samples seen by the run before this step.
            mean: Averages a detached tensor over all processes.
        """
        if self.schedule is not None:
            return
        margin = real_logits - fake_logits if self.signal == "pair" else real_logits
        # A non-finite step is skipped by the loop, and must leave no trace here either.
        signs = torch.where(margin.isfinite(), margin.detach().float().sign(), torch.nan)
        signal = mean(signs.mean())
        direction = torch.nan_to_num((signal - self.target).sign())
        self.p.add_(direction * (images - self.images) / self.speed).clamp_(0.0, 1.0)
        self.images.fill_(images)

    def forward(self, samples: Tensor, images: int) -> Tensor:
        """Augmented samples (N, C, H, W) in float32; randomness is torch's own.

        Raises:
            InputError: the samples are no pictures.
        """
        if samples.dim() != 4:
            raise InputError("augmentation is for pictures; set augment to none for other data.")
        # An adaptive p stays a tensor, or a GPU would have to wait for it.
        p = self.p if self.schedule is None else self.schedule(images)
        if not self.policy or (not isinstance(p, Tensor) and p <= 0.0):
            return samples
        # In float32: shifted pixels must stay exactly what they are.
        with full_precision(samples):
            colours = samples.shape[1] - (samples.shape[1] in (2, 4))
            colour, rest = samples.float().split([colours, samples.shape[1] - colours], dim=1)
            changed = torch.cat([self._colour(colour, p), rest], dim=1)
            return self._cut(self._place(changed, p), p)

    def _draw(self, name: str, samples: Tensor, p: float | Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Whether to act on each sample, and two uniforms for it, (N, 1, 1, 1) each."""
        # Drawn on the CPU: a few numbers, and the same ones whatever the device.
        drawn = torch.rand(3, len(samples), 1, 1, 1).to(samples.device)
        return (drawn[0] < p) & (name in self.policy), drawn[1], drawn[2]

    def _colour(self, samples: Tensor, p: float | Tensor) -> Tensor:
        if "brightness" in self.policy:
            act, amount, _ = self._draw("brightness", samples, p)
            samples = samples + act * (amount - 0.5)
        if "saturation" in self.policy and samples.shape[1] > 2:
            act, amount, _ = self._draw("saturation", samples, p)
            samples = _stretch(samples, torch.where(act, 2.0 * amount, 1.0), dim=(1,))
        if "contrast" in self.policy:
            act, amount, _ = self._draw("contrast", samples, p)
            samples = _stretch(samples, torch.where(act, 0.5 + amount, 1.0), dim=(1, 2, 3))
        return samples

    def _place(self, samples: Tensor, p: float | Tensor) -> Tensor:
        """Translate and flip, as one product with a matrix of zeros and ones on either side.

        Unlike an indexed or sampled grid this is cheap to differentiate, any number of times.
        """
        if not {"translate", "flip"} & set(self.policy):
            return samples
        shifted, down, right = self._draw("translate", samples, p)
        mirrored, _, _ = self._draw("flip", samples, p / 2.0)
        rows, columns = (torch.arange(n, device=samples.device) for n in samples.shape[2:])
        from_rows = rows[:, None] + shifted * _offset(down, len(rows))
        from_columns = torch.where(mirrored, columns.flip(0)[:, None], columns[:, None])
        from_columns = from_columns + shifted * _offset(right, len(columns))
        left = (from_rows == rows).to(samples.dtype)
        return left @ samples @ (from_columns == columns).to(samples.dtype).mT

    def _cut(self, samples: Tensor, p: float | Tensor) -> Tensor:
        if "cutout" not in self.policy:
            return samples
        act, down, right = self._draw("cutout", samples, p)
        height, width = samples.shape[2:]
        rows = _inside(down, height, samples.device)[..., None]
        columns = _inside(right, width, samples.device)[..., None, :]
        return samples.masked_fill(act & rows & columns, 0.0)


def _checked(policy: Sequence[str]) -> tuple[str, ...]:
    names = (policy,) if isinstance(policy, str) else tuple(policy)
    for name in names:
        if name not in POLICY:
            raise unknown("augmentation", str(name), POLICY)
    return names


def _schedule(strength: float | Schedule | str) -> Schedule | None:
    """The schedule of p, or None where it adapts."""
    if isinstance(strength, str):
        if strength == "adaptive":
            return None
    elif callable(strength) or 0.0 <= strength <= 1.0:
        return scheduled(strength)
    raise InputError(f"strength must lie in [0, 1] or be 'adaptive', not {strength!r}.")


def _stretch(samples: Tensor, factor: Tensor, dim: tuple[int, ...]) -> Tensor:
    """Scale the distance to the mean over `dim`."""
    mean = samples.mean(dim, keepdim=True)
    # So written, a factor of 1 changes no bit.
    return samples + (samples - mean) * (factor - 1.0)


def _offset(uniform: Tensor, extent: int) -> Tensor:
    """A whole number of pixels, evenly likely in either direction."""
    most = round(extent * SHIFT)
    return (uniform * (2 * most + 1)).floor().long() - most


def _inside(uniform: Tensor, extent: int, device: torch.device) -> Tensor:
    """Which cells (N, 1, extent) lie in a hole with its middle anywhere along the extent."""
    cells = torch.arange(extent, device=device) + 0.5
    return (cells - uniform.squeeze(-1) * extent).abs() < HOLE * extent / 2.0
