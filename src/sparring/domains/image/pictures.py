"""Many encoded pictures: survey their headers, settle on one form, decode them to it."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.content import Progress, key_for
from sparring.data.kinds import Reading
from sparring.domains.image import raster
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
CHUNK = 64
"""Pictures in one piece of work for a thread."""


@dataclass(frozen=True)
class Encoded:
    """Pictures that can be opened by number."""

    names: Sequence[str]
    """What sentences call them: paths within the data."""
    open: Callable[[int], Path | bytes]
    """The file, or its bytes."""
    where: str
    """The data, for sentences."""
    key: str
    """Names all that the pictures' bytes depend on."""

    def __len__(self) -> int:
        return len(self.names)

    def only(self, kept: Sequence[int]) -> Encoded:
        """The pictures of these numbers."""
        if len(kept) == len(self):
            return self
        names = [self.names[index] for index in kept]
        key = key_for(self.key, list(kept))
        return Encoded(names, lambda number: self.open(kept[number]), self.where, key)


def survey(pictures: Encoded, progress: Progress | None = None) -> list[Header]:
    """The headers of all pictures; no pixel is decoded."""
    return each(
        pictures, lambda index: raster.header(pictures.open(index)), "reading headers", progress
    )


def flaws(
    pictures: Encoded, headers: Sequence[Header], progress: Progress | None = None
) -> list[str]:
    """Why each picture cannot be used, pixels included; empty where it can."""

    def decodes(index: int) -> str:
        return headers[index].problem or raster.flaw(pictures.open(index))

    return each(pictures, decodes, "decoding pictures", progress)


def settle(pictures: Encoded, headers: Sequence[Header], reading: Reading) -> Form:
    """The form for all pictures: their own, or the size and channels that are asked for.

    With a size, pictures of mixed modes are brought to colour if any has some, and keep opacity
    if at least half of them have it; otherwise it is laid on white.

    Raises:
        InputError: a header that cannot be read, or mixed sizes or modes and no choice.
    """
    refuse(pictures, [header.problem for header in headers])
    size, channels = reading.size, reading.channels
    sizes = Counter((header.height, header.width) for header in headers)
    modes = Counter((header.channels, header.bits) for header in headers)
    if size is None and len(sizes) > 1:
        raise InputError(f"the pictures of {pictures.where} have {_mixed_sizes(sizes)}")
    if size is None and channels is None and len(modes) > 1:
        raise InputError(f"the pictures of {pictures.where} have {_mixed_modes(modes)}")
    chosen = channels or _most(headers)
    depths = {bits for _, bits in modes}
    if 32 in depths and (len(depths) > 1 or chosen != 1):
        raise InputError(
            f"{pictures.where} mixes float pictures with others; convert them to one kind."
        )
    bits = max(depths) if chosen == 1 else 8
    return Form(chosen, *(size or next(iter(sizes))), bits, reading.fit)


def told(headers: Sequence[Header], form: Form, reading: Reading) -> tuple[str, ...]:
    """What becomes of pictures of another mode than most, where nobody chose one."""
    if reading.channels is not None:
        return ()
    count, clear = len(headers), sum(header.channels in (2, 4) for header in headers)
    grey = sum(header.channels <= 2 for header in headers)
    notes = []
    if clear and form.channels in (1, 3):
        keep = f"--channels {form.channels + 1}"
        notes.append(f"{clear} of {count} pictures have opacity; laid on white (kept by {keep}).")
    elif form.channels in (2, 4) and clear < count:
        lose = f"--channels {form.channels - 1}"
        notes.append(f"{count - clear} of {count} pictures have no opacity ({lose} for none).")
    if grey and form.channels >= 3:
        notes.append(f"{grey} of {count} pictures are grey and are read as colour.")
    return tuple(notes)


def _most(headers: Sequence[Header]) -> int:
    """Channels for pictures of mixed modes."""
    clear = sum(header.channels in (2, 4) for header in headers)
    colour = any(header.channels >= 3 for header in headers)
    return (3 if colour else 1) + (2 * clear >= len(headers))


def refuse(pictures: Encoded, problems: Sequence[str]) -> None:
    """Stop where some of the pictures have a problem; the first few are named.

    Raises:
        InputError: there are such.
    """
    bad = unusable(pictures, problems)
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise InputError(
            f"{len(bad)} of {len(pictures)} pictures in {pictures.where} cannot be used: "
            f"{'; '.join(bad[:3])}{more}. Mend them, or leave them out with --skip-broken; "
            f"`sparring data check {pictures.where}` lists them all."
        )


def unusable(pictures: Encoded, problems: Sequence[str]) -> list[str]:
    """Those that have a problem, as "name (problem)"."""
    return [f"{n} ({p})" for n, p in zip(pictures.names, problems, strict=True) if p]


def decode(
    pictures: Encoded,
    form: Form,
    progress: Progress | None = None,
    read: Callable[[Path | bytes, Form], np.ndarray] = raster.decoded,
) -> np.ndarray:
    """All pictures in a form, (N, C, H, W): uint8, float32 in [-1, 1], or raw float32.

    Another `read` than the usual one must be told in the pictures' key.

    Raises:
        InputError: pictures that cannot be decoded; the first ones are named.
    """
    shape = (len(pictures), form.channels, form.height, form.width)
    dtype = "uint8" if form.bits == 8 else "float32"

    def fill(out: np.ndarray) -> None:
        def one(index: int) -> str:
            try:
                out[index] = read(pictures.open(index), form)
            except Exception as error:  # Pillow's readers raise almost anything.
                return raster.reason(error)
            return ""

        refuse(pictures, each(pictures, one, "decoding pictures", progress))

    words = [str(word) for word in form if word != "crop"]
    return cache.array(lambda: f"{pictures.key}-{'-'.join(words)}", shape, dtype, fill)


def each(
    pictures: Encoded, work: Callable[[int], T], what: str, progress: Progress | None
) -> list[T]:
    """`work` for the number of every picture, by threads: Pillow decodes without Python's lock."""

    def some(start: int) -> list[T]:
        return [work(index) for index in range(start, min(start + CHUNK, len(pictures)))]

    results: list[T] = []
    # What Pillow warns of is either refused (too many pixels) or harmless (odd metadata).
    with warnings.catch_warnings(), ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool:
        warnings.simplefilter("ignore")
        for part in pool.map(some, range(0, len(pictures), CHUNK)):
            results += part
            if progress is not None:
                progress(what, len(results), len(pictures))
    return results


def _mixed_sizes(sizes: Counter[tuple[int, int]]) -> str:
    common = " and ".join(f"{height} x {width}" for (height, width), _ in sizes.most_common(2))
    return (
        f"{len(sizes)} sizes, most often {common} (height x width); give one with --size: "
        "they are resized, and cropped about the centre unless --fit pads or stretches them."
    )


def _mixed_modes(modes: Counter[tuple[int, int]]) -> str:
    kinds = ", ".join(f"{count} {raster.mode_name(*mode)}" for mode, count in modes.most_common())
    return (
        f"mixed modes ({kinds}); choose with --channels (1 grey, 2 grey with alpha, 3 colour, "
        "4 colour with alpha), or give --size, which brings all to one."
    )
