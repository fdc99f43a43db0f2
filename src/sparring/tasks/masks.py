"""Random holes and shapes: masks (N, 1, *space), 1 where something is missing or pasted.

All randomness comes from torch's default generator, which the loop seeds for every turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.core.errors import InputError, unknown

STROKES = (1, 4)
"""Fewest and most strokes of a free-form mask."""
GAPS = (1, 3)
"""Fewest and most gaps in time."""
GAP = (0.02, 0.2)
"""Their shortest and longest share of the whole: 20 to 200 ms of a second."""
ANYWHERE = ("box", "gaps")
"""Kinds of masks that need no plane to be drawn on."""


def masks(kind: str, count: int, *space: int) -> Tensor:
    """Masks of a kind: "box", "gaps", "freeform", "blob", or "mixed" of boxes and free forms.

    Raises:
        InputError: no such kind, or none that can be drawn in these dimensions.
    """
    check_drawn(kind, space)
    return KINDS[kind](count, *space)


def check_drawn(kind: str, space: tuple[int, ...]) -> None:
    """Check that there are such masks of this extent.

    Raises:
        InputError: no such kind, or one that is drawn on pictures alone.
    """
    if kind not in KINDS:
        raise unknown("kind of mask", kind, KINDS)
    if len(space) in (1, 3) and kind not in ANYWHERE:
        raise InputError(
            f"masks of the kind {kind!r} are drawn on pictures (H, W) alone, not on {space}; "
            f"choose {' or '.join(ANYWHERE)}."
        )


def mixed(count: int, height: int, width: int) -> Tensor:
    """Half of them boxes, half free forms."""
    which = torch.rand(count, 1, 1, 1) < 0.5
    return torch.where(which, box(count, height, width), freeform(count, height, width))


def box(count: int, *space: int) -> Tensor:
    """One box each, a quarter to a half of each side."""
    whole = torch.ones(count, 1, *space, dtype=torch.bool)
    for axis, extent in enumerate(space, start=2):
        whole &= _along(_inside(count, extent), axis, whole)
    return whole.float()


def gaps(count: int, *space: int) -> Tensor:
    """Gaps along the last dimension, time, through all others."""
    missing = torch.zeros(count, 1, *space, dtype=torch.bool)
    for _ in range(int(torch.randint(GAPS[0], GAPS[1] + 1, ()))):
        missing |= _along(_inside(count, space[-1], GAP), len(space) + 1, missing)
    return missing.float()


def freeform(count: int, height: int, width: int) -> Tensor:
    """Thick bent strokes, after Yu et al. (2019)."""
    side = min(height, width)
    drawn = torch.zeros(count, height, width, dtype=torch.bool)
    strokes = int(torch.randint(STROKES[0], STROKES[1] + 1, ()))
    for _ in range(strokes):
        place = torch.rand(count, 2) * torch.tensor([height - 1.0, width - 1.0])
        angle = torch.rand(count) * 2 * math.pi
        # At least a pixel, so that no mask is empty.
        thick = (side * (0.04 + 0.06 * torch.rand(count))).clamp_min(1.0)
        for _ in range(4):
            angle = angle + (torch.rand(count) - 0.5) * 2
            step = side * (0.1 + 0.2 * torch.rand(count))
            end = place + step[:, None] * torch.stack([angle.sin(), angle.cos()], 1)
            end = end.clamp(torch.zeros(2), torch.tensor([height - 1.0, width - 1.0]))
            drawn |= _near(place, end, thick, height, width)
            place = end
    return drawn[:, None].float()


def blob(count: int, height: int, width: int) -> Tensor:
    """One round thing each with a wavy outline, about a third of the side wide."""
    side = min(height, width)
    centre = torch.tensor([height, width]) * (0.3 + 0.4 * torch.rand(count, 2))
    rows = torch.arange(height)[None, :, None] - centre[:, 0, None, None]
    columns = torch.arange(width)[None, None, :] - centre[:, 1, None, None]
    angle = torch.atan2(rows, columns)
    radius = side * (0.15 + 0.2 * torch.rand(count, 1, 1)).expand_as(angle)
    for waves in (2, 3, 5):
        size, phase = torch.rand(2, count, 1, 1).unbind()
        radius = radius * (1 + 0.2 * size * torch.cos(waves * angle + 2 * math.pi * phase))
    return (rows**2 + columns**2 < radius**2)[:, None].float()


def widened(mask: Tensor, by: int) -> Tensor:
    """The mask with so many pixels more on every side."""
    return F.max_pool2d(mask, 2 * by + 1, 1, by)


KINDS: dict[str, Callable[..., Tensor]] = {
    "box": box,
    "gaps": gaps,
    "freeform": freeform,
    "blob": blob,
    "mixed": mixed,
}


def _along(places: Tensor, axis: int, like: Tensor) -> Tensor:
    """(N, extent) as that axis of `like`, with all others of one cell."""
    form = [len(places), *[1] * (like.dim() - 1)]
    form[axis] = places.shape[1]
    return places.view(form)


def _inside(count: int, extent: int, share: tuple[float, float] = (0.25, 0.5)) -> Tensor:
    """(N, extent) bool: an interval of such a share of it."""
    length = extent * (share[0] + (share[1] - share[0]) * torch.rand(count, 1))
    start = (extent - length) * torch.rand(count, 1)
    places = torch.arange(extent)[None] + 0.5
    return (places >= start) & (places < start + length)


def _near(start: Tensor, end: Tensor, distance: Tensor, height: int, width: int) -> Tensor:
    """(N, H, W) bool: the pixels no further than this from a line between two places (N, 2)."""
    grid = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"), -1)
    way = (end - start)[:, None, None]
    offset = grid[None] - start[:, None, None]
    along = (offset * way).sum(-1) / way.square().sum(-1).clamp_min(1e-6)
    gap = offset - along.clamp(0, 1)[..., None] * way
    return gap.square().sum(-1) < distance[:, None, None] ** 2
