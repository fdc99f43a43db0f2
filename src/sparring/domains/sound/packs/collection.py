"""Collection: a pack of recordings of any length, by view, and how it is built and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparring.core.errors import InputError, unknown
from sparring.core.storage import read_json, write_json
from sparring.data import drawn, fetch
from sparring.data.content import UNKNOWN, Content, Progress, Sources
from sparring.data.drawn import Files
from sparring.data.kinds import Reading
from sparring.domains.sound.options import Form, form_of
from sparring.domains.sound.pieces import of_waves
from sparring.domains.sound.recordings import FULL, mixed, opened, resampled, stored

if TYPE_CHECKING:
    import numpy as np

RATE = 16000
"""Samples a second of what is stored."""
LENGTH = 16384
"""Samples of an item where no length was asked for."""
FADE = 512
"""Samples over which a sound that goes on beyond its item dies away."""
TEXT = 64
"""Bytes of a text that are kept."""


class Recording(NamedTuple):
    """One sound, as it is drawn from its package."""

    wave: np.ndarray
    """(samples,) float, at RATE."""
    name: str
    held_out: bool
    label: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What a collection holds, where it comes from, and how it is drawn."""

    name: str
    about: str
    licence: str
    count: int
    """Items as the bare name gives them, held-out ones included."""
    packages: tuple[fetch.Package, ...]
    views: Mapping[str, str]
    """Name of a view -> what it holds; empty where there is one without a name."""
    draw: Callable[[Files, Progress], Iterator[tuple[str, list[Recording]]]]
    """Draws the views, one after the other."""
    cut: bool
    """Whether a recording makes as many pieces as it holds; otherwise one, from its beginning."""
    version: int = 1
    """Counted up whenever `draw` changes what it draws."""
    hub: str = ""
    """The same data on Hugging Face; empty where there are none."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One item, channels first."""
        return (1, LENGTH)

    @property
    def megabytes(self) -> float:
        """Size of all downloads."""
        return sum(package.megabytes for package in self.packages)

    def location(self) -> Path:
        """Where the built pack lies, or will lie, in the cache: a folder."""
        return drawn.location(self)

    def build(self, path: Path, say: Callable[[str], Any], progress: Progress | None) -> None:
        """Download, check and draw the recordings, whole or not at all.

        Raises:
            InputError: no client or network, or data other than expected.
        """
        drawn.build(self, path, say, progress, self._write)

    def _write(self, files: Files, progress: Progress, draft: Path) -> None:
        views = [_save(view, found, draft) for view, found in self.draw(files, progress)]
        write_json(draft / "collection.json", {"views": views})

    def check(self, views: str) -> None:
        """Refuse views that the pack does not have.

        Raises:
            InputError: there are such.
        """
        views_in(self.name, self.views, views)

    def read(self, path: Path, views: str, reading: Reading) -> Content:
        """The items of VIEW, of SOURCE-TARGET, whose items are no pairs, or of all views.

        Raises:
            InputError: no such view.
        """
        names, form = views_in(self.name, self.views, views), form_of(reading)
        target = _content(self, path, names[-1:] or tuple(self.views) or ("",), form)
        if len(names) < 2:
            return target
        given = _content(self, path, names[:1], form)
        loose = Sources(given.sample, given.held_out)
        return target.replace(sources=loose, source_domain=given.domain)


def views_in(name: str, views: Mapping[str, Any], words: str) -> tuple[str, ...]:
    """Nothing, VIEW, or SOURCE and TARGET of SOURCE-TARGET.

    Raises:
        InputError: no such view.
    """
    parts = tuple(words.split("-")) if words else ()
    if parts and not views:
        raise InputError(f"{name} has no views; leave out :{words}.")
    if len(parts) > 2:
        raise InputError(f"{name}:{words} names more than a source and a target view.")
    for part in parts:
        if part not in views:
            raise unknown(f"view of {name}", part, views)
    return parts


def decoded(data: bytes) -> np.ndarray:
    """(samples,) float32 at RATE of an encoded file: the mean of its channels."""
    with opened(data) as sound:
        samples = sound.read(dtype="float32", always_2d=True)
        return resampled(mixed(samples, 1), sound.samplerate, RATE)[:, 0]


def trimmed(wave: np.ndarray, threshold: float, margin: int) -> np.ndarray:
    """The part of a waveform that is louder than a share of its peak, with a margin around it."""
    import numpy as np

    loud = np.flatnonzero(np.abs(wave) > threshold * np.abs(wave).max(initial=0.0))
    if not len(loud):
        return wave[:0]
    return wave[max(loud[0] - margin, 0) : loud[-1] + margin]


def levelled(wave: np.ndarray, peak: float = 0.9) -> np.ndarray:
    """A waveform that is not silent, at this peak."""
    import numpy as np

    return wave * (peak / np.abs(wave).max())


def beginning(wave: np.ndarray, length: int) -> np.ndarray:
    """The first samples of a stored waveform (channels, n), which die away if there are more."""
    import numpy as np

    if wave.shape[1] <= length:
        return wave
    fade = min(FADE, length)
    kept = wave[:, :length].astype(np.float32)
    kept[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return kept.round().astype(np.int16)


def tokens_of(texts: list[str]) -> np.ndarray | None:
    """(N, T) int64: the texts' bytes in UTF-8, -1 after the last; None where there are none."""
    import numpy as np

    known = [list(text.encode()[:TEXT]) for text in texts]
    longest = max((len(text) for text in known), default=0)
    if not longest:
        return None
    rows = [text + [UNKNOWN] * (longest - len(text)) for text in known]
    return np.array(rows, dtype=np.int64)


def in_form(wave: np.ndarray, form: Form) -> np.ndarray:
    """A stored waveform (n,) at RATE in a form: int16 (channels, n)."""
    if form.rate == RATE and form.loudness == "kept":
        return wave[None].repeat(form.channels, 0)
    samples = resampled(wave[:, None].astype("f4") / FULL, RATE, form.rate)
    return stored(mixed(samples, form.channels).T, form)


def _content(pack: Collection, path: Path, names: tuple[str, ...], form: Form) -> Content:
    """The items of some views; of several, their label is the view."""
    import numpy as np

    kept = read_json(path / "collection.json")["views"]
    views = [entry for entry in kept if entry["view"] in names]
    waves = [in_form(wave, form) for entry in views for wave in _waves(path, entry)]
    if not pack.cut:
        waves = [beginning(wave, form.length) for wave in waves]
    facts = {key: [x for entry in views for x in entry[key]] for key in ("names", "held_out")}
    found = of_waves(waves, pack.name, facts["names"], form)
    labels = [
        label if len(views) == 1 else entry["view"] for entry in views for label in entry["labels"]
    ]
    classes = tuple(dict.fromkeys(labels)) if any(labels) else ()
    label = np.array([classes.index(word) for word in labels]) if classes else None
    return found.replace(
        label=found.of_each(label),
        classes=classes,
        tokens=found.of_each(tokens_of([x for entry in views for x in entry["texts"]])),
        held_out=found.of_each(np.array(facts["held_out"])),
        licence=pack.licence,
        notes=(),
    )


def _waves(path: Path, entry: dict[str, Any]) -> list[np.ndarray]:
    """The waveforms of a view, int16 (n,) each."""
    import numpy as np

    joined = drawn.load(path / f"{entry['folder']}.npy")
    found: list[np.ndarray] = np.split(joined, np.cumsum(entry["lengths"])[:-1])
    return found


def _save(view: str, found: list[Recording], draft: Path) -> dict[str, Any]:
    """Write a view's waveforms, end to end; what the index says of them."""
    import numpy as np

    waves = [(r.wave.clip(-1, 1) * 32767).round().astype(np.int16) for r in found]
    folder = view or "all"
    np.save(draft / f"{folder}.npy", np.concatenate(waves), allow_pickle=False)
    return {
        "view": view,
        "folder": folder,
        "lengths": [len(wave) for wave in waves],
        "names": [r.name for r in found],
        "labels": [r.label for r in found],
        "texts": [r.text for r in found],
        "held_out": [bool(r.held_out) for r in found],
    }
