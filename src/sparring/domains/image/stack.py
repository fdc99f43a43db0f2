"""Stack: several pictures and layouts of one extent that lie on each other, as one map."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.ranges import Size
from sparring.domains.embedding import drawn

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image as Picture
    from torch import Tensor

    from sparring.core.types import Block, Domain
    from sparring.data import Dataset
    from sparring.domains.image.stacked_files import StackFiles
    from sparring.metrics.judging import Judging, Score

GAP = 2
"""White pixels between two rows of a preview."""


@dataclass(frozen=True)
class Stack:
    """Items of several sample spaces of one extent; their channels follow each other.

    Stored items are uint8: the parts' own stored forms, `channels` of each, in one. Encoded ones
    are float32 (N, C, H, W), C the sum of the parts' channels.

    Raises:
        InputError: fewer than two parts, other lists of another length, or extents that differ.
    """

    parts: tuple[Any, ...]
    channels: tuple[Size, ...]
    names: tuple[str, ...]

    suffixes: ClassVar[tuple[str, ...]] = (".png",)
    many: ClassVar[bool] = False
    grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 2 <= len(self.parts) == len(self.channels) == len(self.names):
            raise InputError(
                f"a stack of {len(self.parts)} parts cannot have {len(self.channels)} numbers of "
                f"channels and {len(self.names)} names; it has 2 or more of each."
            )
        extents = {tuple(part.shape[1:]) for part in self.parts}
        if len(extents) > 1:
            raise InputError(f"the parts of a stack are of one extent, not of {extents}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """All channels, and the parts' extent."""
        return (sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:])

    @property
    def head(self) -> str:
        """Nothing is made of it."""
        return "linear"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """None."""
        return ()

    def encode(self, stored: Tensor) -> Tensor:
        """Stored items (N, ...) to float32 (N, *shape), each part as its space does."""
        import torch

        pieces = stored.split(self.channels, 1)
        encoded = [p.encode(piece) for p, piece in zip(self.parts, pieces, strict=True)]
        return torch.cat(encoded, 1)

    def decode(self, samples: Tensor) -> Tensor:
        """Back to the stored form."""
        import torch

        return torch.cat([part.decode(own) for part, own in self.each(samples)], 1)

    def each(self, samples: Tensor) -> Iterator[tuple[Domain, Tensor]]:
        """The parts with their own of encoded samples (N, *shape)."""
        yield from zip(self.parts, samples.split([p.shape[0] for p in self.parts], 1), strict=True)

    def write(self, stored: Tensor, path: Path) -> None:
        """Write one item as a picture of its parts, one above the other."""
        self.preview(self.encode(stored[None]), path)

    def preview(self, samples: Tensor, path: Path, columns: int | None = None) -> None:
        """Write rows of samples, stored or encoded: in each the parts lie one above the other."""
        samples = samples if samples.is_floating_point() else self.encode(samples)
        chunks = samples.split(columns or min(8, len(samples)))
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "row.png"
            rows = [_row(p, own, place) for chunk in chunks for p, own in self.each(chunk)]
        above(rows).save(path)

    def embed(self, samples: Tensor, columns: int | None = None) -> str:
        """The same as an `<img>`."""
        return drawn(lambda path: self.preview(samples, path, columns))

    @property
    def reading(self) -> dict[str, Any]:
        """Others are brought to its extent."""
        return {"size": self.shape[1:]}

    def judging(self, data: str) -> Judging:
        """As pixels; what was made of it is read back where the last part can be, as a layout."""
        from sparring.domains.image.judging import pixels
        from sparring.metrics.judging import Judging

        return Judging(extractors={"pixels": pixels}, read_back=self._read_back)

    def _read_back(self, dataset: Dataset, domain: Domain) -> dict[str, Score]:
        """The last part says what form to make; those before are what it is made of."""
        last, first = self.parts[-1], self.shape[0] - self.parts[-1].shape[0]
        alone = dataclasses.replace(dataset, train=_Last(dataset.train, self.channels[-1]))  # type: ignore[arg-type]
        scores = last.judging(dataset.name).read_back(alone, domain)

        def of_last(score: Score) -> Score:
            return score._replace(measure=lambda given, made: score.measure(given[:, first:], made))

        return {name: of_last(score) for name, score in scores.items()}

    @property
    def files(self) -> StackFiles:
        """A file for each part."""
        from sparring.domains.image.stacked_files import StackFiles

        return StackFiles(self, least=len(self.parts) - 1)


class _Last:
    """A store whose sources are the last part's alone."""

    def __init__(self, store: Any, channels: int) -> None:
        self.store, self.channels = store, channels

    def __len__(self) -> int:
        return len(self.store)

    def take(self, indices: Tensor) -> dict[str, Tensor]:
        items: dict[str, Tensor] = self.store.take(indices)
        return {**items, "source": items["source"][:, -self.channels :]}


def stacked(
    values: Sequence[np.ndarray], spaces: Sequence[Part], names: Sequence[str]
) -> tuple[np.ndarray, Part]:
    """Stored items of several spaces (N, C, H, W) as those of one stack, and its space.

    Raises:
        InputError: pictures of more than 8 bits, or of another extent than the others.
    """
    import numpy as np

    if any(value.dtype != np.uint8 for value in values):
        raise InputError("only pictures of 8 bits a channel can be stacked; convert the others.")
    channels = tuple(value.shape[1] for value in values)
    space = Part(Stack, parts=tuple(spaces), channels=channels, names=tuple(names))
    space.build()
    return np.concatenate(values, axis=1), space


def named(names: Sequence[str]) -> str:
    """The parts of a stack in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def above(pictures: Sequence[Picture]) -> Picture:
    """Pictures one above the other, as wide as the widest."""
    from PIL import Image

    width = max(picture.width for picture in pictures)
    fitted = [
        p.resize((width, round(p.height * width / p.width)), Image.Resampling.NEAREST)
        for p in pictures
    ]
    height = sum(picture.height for picture in fitted) + GAP * (len(fitted) - 1)
    whole, top = Image.new("RGB", (width, height), "white"), 0
    for picture in fitted:
        whole.paste(picture, (0, top))
        top += picture.height + GAP
    return whole


def _row(part: Domain, samples: Tensor, place: Path) -> Picture:
    from PIL import Image

    part.preview(samples, place, len(samples))
    with Image.open(place) as picture:
        return picture.convert("RGB")
