"""One picture file as a model of pictures from nothing sees it, and back into its own extent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.artifact import given
from sparring.artifact.model import Model
from sparring.core.domain import Files, Opened
from sparring.core.errors import InputError
from sparring.domains.image.raster import central


@dataclass(frozen=True)
class Photo:
    """A picture, with the part of it that has the model's proportions."""

    path: Path
    opened: Opened
    sample: Tensor
    """(1, *shape): that part, encoded, in the model's extent."""
    part: tuple[slice, slice]
    """Its rows and columns."""

    def mask(self, files: Files, words: str) -> Tensor:
        """(1, H, W), 1 where it may change: a picture, left,top,right,bottom, or white.

        Raises:
            InputError: no such mask, one of another size, or one that marks nothing.
        """
        mask = files.masker(words)(self.path, self.opened.stored)
        space = self.opened.stored.shape[1:]
        if mask.shape[1:] != space:
            sizes = (" x ".join(map(str, each)) for each in (mask.shape[1:], space))
            raise InputError("the mask is {} and the picture {} px high and wide.".format(*sizes))
        inside = torch.zeros_like(mask)
        inside[:, self.part[0], self.part[1]] = mask[:, self.part[0], self.part[1]]
        if not bool((inside > 0).any()):
            raise InputError(
                "the mask marks nothing in the middle part of the picture that the model sees, so "
                "nothing may change."
            )
        return (inside > 0).float()

    def placed(self, model: Model, change: Tensor, mask: Tensor) -> Tensor:
        """The stored picture with a change (*shape) added wherever the mask is 1, else as it is.

        What the model cannot make of the picture so stays in it, within the mask too.
        """
        whole = self.opened.stored.clone()
        rows, columns = self.part
        seen = whole[:, rows, columns]
        large = F.interpolate(change[None], seen.shape[1:], mode="bicubic", antialias=True)
        new = model.domain.decode((model.domain.encode(seen[None]) + large).clamp(-1.0, 1.0))[0]
        whole[:, rows, columns] = torch.where(mask[:, rows, columns] > 0, new, seen)
        return whole


def files_of(model: Model) -> Files:
    """How files of the model's pictures are read and written.

    Raises:
        InputError: it makes no pictures, or makes them from others.
    """
    given.check_can("sample", model.manifest, model.task)
    files = model.domain.files
    if files is None or len(model.domain.shape) != 3 or model.domain.shape[0] > 4:
        raise InputError(
            "only pictures are read from files here; Model.invert takes samples of any kind."
        )
    return files


def photo(model: Model, path: Path) -> Photo:
    """The picture at a path; its middle part, in the model's proportions, is what the model sees.

    Raises:
        InputError: no such file, or one that cannot be read.
    """
    files = files_of(model)
    if not path.is_file():
        raise InputError(f"there is no file {path}.")
    try:
        opened = files.open(path)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if opened.stored.is_floating_point():
        levels = ((opened.stored + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        opened = opened._replace(stored=levels)
    part = _part(tuple(opened.stored.shape[1:]), model.domain.shape[1:])
    stored = opened.stored[:, part[0], part[1]]
    sample = given.resized(model.domain.encode(stored[None]), model.domain.shape[1:])
    return Photo(path, opened, sample, part)


def _part(space: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, slice]:
    top, left, bottom, right = central(space, shape)
    return slice(top, bottom), slice(left, right)
