"""Many encoded pictures: survey their headers, settle on one form, decode them to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.content import Progress
from sparring.data.encoded import Encoded, each, refuse
from sparring.data.kinds import Reading
from sparring.domains.image import raster
from sparring.domains.image.raster import Form, Header

if TYPE_CHECKING:
    import numpy as np


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
    size, channels = reading.asked.get("size"), reading.asked.get("channels")
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
    height, width = size or next(iter(sizes))
    return Form(chosen, height, width, bits, reading.asked.get("fit", "crop"))


def told(headers: Sequence[Header], form: Form, reading: Reading) -> tuple[str, ...]:
    """What becomes of pictures of another mode than most, where nobody chose one."""
    if "channels" in reading.asked:
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
