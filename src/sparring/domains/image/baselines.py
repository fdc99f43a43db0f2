"""Baselines: what can be done for a picture without any learning, so that learning must beat it.

Each maps a condition's map (N, C', h, w) and the samples' shape (C, H, W) to pictures (N, C, H, W)
in [-1, 1].
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.metrics.judging import Baseline

ERODED = 3
"""Pixels by which seamlessClone shrinks its mask."""


def identity(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What was given, in the samples' channels; a small picture is enlarged bicubically."""
    picture = given[:, : shape[0]] if given.shape[1] >= shape[0] else given[:, :1]
    picture = picture.expand(-1, shape[0], -1, -1)
    if picture.shape[2:] != shape[1:]:
        picture = F.interpolate(picture, shape[1:], mode="bicubic")
    return picture.clamp(-1, 1)


def histogram(targets: Tensor) -> Baseline:
    """Every channel's values moved to where the targets (M, C, H, W) have theirs, rank by rank."""
    order = targets.transpose(0, 1).flatten(1).sort(1).values

    def match(given: Tensor, shape: tuple[int, ...]) -> Tensor:
        picture = identity(given, shape)
        values = picture.transpose(0, 1).flatten(1)
        ranks = _ranks(values)
        places = (ranks * (order.shape[1] - 1)).round().long()
        moved = order.gather(1, places)
        return moved.unflatten(1, (len(picture), *shape[1:])).transpose(0, 1)

    return match


def median(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The median of each 3 x 3 cells."""
    picture = identity(given, shape)
    padded = F.pad(picture, [1] * 4, "replicate")
    cells = padded.unfold(2, 3, 1).unfold(3, 3, 1).flatten(4)
    return cells.median(-1).values


def non_local_means(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """OpenCV's non-local means (Buades et al., 2005), strength 10."""
    import cv2

    picture = identity(given, shape)
    if shape[0] == 3:
        return _each(picture, lambda p: cv2.fastNlMeansDenoisingColored(p, None, 10, 10, 5, 15))
    return _each(picture, lambda p: cv2.fastNlMeansDenoising(p, None, 10, 5, 15))


def telea(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """OpenCV's fast marching (Telea, 2004) into the mask, the map's last channel."""
    import cv2

    return _filled(given, shape, cv2.INPAINT_TELEA)


def navier_stokes(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """OpenCV's Navier-Stokes (Bertalmio et al., 2001) into the mask, the map's last channel."""
    import cv2

    return _filled(given, shape, cv2.INPAINT_NS)


def poisson(given: Tensor, shape: tuple[int, ...]) -> Tensor:
    """OpenCV's seamless clone (Perez et al., 2003) of the object under the map's last channel."""
    import cv2

    picture = identity(given[:, :-1], shape)
    turn = iter((given[:, -1] > 0).byte().numpy() * 255)
    return _each(picture, lambda composite: _cloned(cv2, composite, next(turn)))


def _cloned(cv2: Any, composite: Any, mask: Any) -> Any:
    """Gradients of the object, borders of the photo."""
    import numpy as np

    colour = composite if composite.ndim == 3 else cv2.cvtColor(composite, cv2.COLOR_GRAY2BGR)
    padded = cv2.copyMakeBorder(colour, *[ERODED + 2] * 4, cv2.BORDER_REPLICATE)
    inside = cv2.copyMakeBorder(mask, *[ERODED + 2] * 4, cv2.BORDER_CONSTANT, value=0)
    if not inside.any():
        return composite
    # The photo goes on below the object, and the object past its outline, each by inpainting:
    # otherwise the step between the two would be cloned as well.
    wider = cv2.dilate(inside, np.ones((3, 3), np.uint8), iterations=ERODED)
    below = cv2.inpaint(padded, inside, 3, cv2.INPAINT_TELEA)
    above = cv2.inpaint(padded, wider - inside, 1, cv2.INPAINT_TELEA)
    left, top, width, height = cv2.boundingRect(wider)
    centre = (left + width // 2, top + height // 2)
    made = cv2.seamlessClone(above, below, wider, centre, cv2.NORMAL_CLONE)
    made = made[ERODED + 2 : -ERODED - 2, ERODED + 2 : -ERODED - 2]
    return made if composite.ndim == 3 else made[..., 0]


def mending() -> dict[str, dict[str, Baseline]]:
    """What can be done about broken pictures, by what happened to them."""
    return {
        "damaged": filters(),
        "missing": fillings(),
        "pasted": clones(),
        "small": {"bicubic": identity},
    }


def filters() -> dict[str, Baseline]:
    """Nothing at all, and filters of noise; those of OpenCV where it is installed."""
    more = {"non-local means": non_local_means} if _opencv() else {}
    return {"identity": identity, "median": median, **more}


def fillings() -> dict[str, Baseline]:
    """Holes as they are, and filled by OpenCV where it is installed."""
    more = {"telea": telea, "navier-stokes": navier_stokes} if _opencv() else {}
    return {"identity": identity, **more}


def clones() -> dict[str, Baseline]:
    """Objects as they were pasted, and blended by OpenCV where it is installed."""
    return {"paste": identity, **({"poisson": poisson} if _opencv() else {})}


def _opencv() -> bool:
    return importlib.util.find_spec("cv2") is not None


def _ranks(values: Tensor) -> Tensor:
    """The rank of each value in its row, in [0, 1]; equal values share the mean of theirs."""
    ordered = values.sort(1).values.contiguous()
    low = torch.searchsorted(ordered, values.contiguous(), right=False)
    high = torch.searchsorted(ordered, values.contiguous(), right=True)
    return (low + high - 1).float() / 2 / max(values.shape[1] - 1, 1)


def _filled(given: Tensor, shape: tuple[int, ...], method: int) -> Tensor:
    import cv2

    holes = (given[:, -1] > 0).byte().numpy()
    picture = identity(given[:, :-1], shape)
    turn = iter(holes)
    return _each(picture, lambda p: cv2.inpaint(p, next(turn), 3, method))


def _each(pictures: Tensor, change: Callable[..., object]) -> Tensor:
    """A function of one uint8 picture (H, W, C) or (H, W), for each of (N, C, H, W)."""
    import numpy as np

    levels = ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
    changed = [change(np.ascontiguousarray(level.squeeze(-1).numpy())) for level in levels]
    stacked = torch.from_numpy(np.stack(changed)).reshape(levels.shape)  # type: ignore[arg-type]
    return stacked.permute(0, 3, 1, 2).float() / 127.5 - 1
