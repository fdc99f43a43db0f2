"""Notes: instruments of a General MIDI soundfont, rendered when they are read."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.data import cache, drawn, fetch
from sparring.data.content import Content, Progress, key_for
from sparring.data.drawn import Files, chosen
from sparring.data.kinds import Reading
from sparring.domains.sound.options import Form, form_of
from sparring.domains.sound.packs.collection import LENGTH, levelled, views_in
from sparring.domains.sound.pieces import domain
from sparring.domains.sound.recordings import resampled

if TYPE_CHECKING:
    import numpy as np

VIEWS = {
    "piano": 0,
    "harpsichord": 6,
    "celesta": 8,
    "vibraphone": 11,
    "marimba": 12,
    "organ": 19,
    "accordion": 21,
    "guitar": 24,
    "bass": 32,
    "violin": 40,
    "cello": 42,
    "harp": 46,
    "strings": 48,
    "choir": 52,
    "trumpet": 56,
    "trombone": 57,
    "horn": 60,
    "saxophone": 65,
    "oboe": 68,
    "bassoon": 70,
    "clarinet": 71,
    "flute": 73,
    "recorder": 74,
    "sitar": 104,
    "square": 80,
    "saw": 81,
}
"""Name of an instrument -> its program of General MIDI, counted from 0."""
PROGRAMS = {**VIEWS, **{f"program{number}": number for number in range(128)}}
MIXED = ("piano", "guitar", "violin", "trumpet", "clarinet", "flute", "organ", "marimba")
"""What the bare name holds, with the instrument as label."""
PITCHES = range(36, 97)
"""MIDI's numbers of C2 to C7: 65 to 2,093 Hz."""
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
HELD = (0.3, 0.5, 0.8)
"""Shares of an item during which the key is held down."""
LOUDNESS = (0.4, 0.85)
"""Peaks of the items."""
HELD_OUT = 0.12
"""Share of the pitches."""
FINE = 48000
"""Samples a second of the renderer, which would alias at fewer."""
FONT = "TimGM6mb.sf2"


@dataclass(frozen=True, kw_only=True)
class Notes:
    """A soundfont, and which of its notes make items: item i is the same note in every view."""

    name: str
    about: str
    licence: str
    packages: tuple[fetch.Package, ...]
    version: int = 1
    hub: str = ""

    @property
    def views(self) -> Mapping[str, int]:
        """Instruments by name; any other goes by its number."""
        return VIEWS

    @property
    def count(self) -> int:
        """Items as the bare name gives them, held-out ones included."""
        return len(MIXED) * len(_notes())

    @property
    def shape(self) -> tuple[int, ...]:
        """One item, channels first."""
        return (1, LENGTH)

    @property
    def megabytes(self) -> float:
        """Size of all downloads."""
        return sum(package.megabytes for package in self.packages)

    def location(self) -> Path:
        """Where the soundfont lies, or will lie, in the cache: a folder."""
        return drawn.location(self)

    def build(self, path: Path, say: Callable[[str], Any], progress: Progress | None) -> None:
        """Download and check the soundfont.

        Raises:
            InputError: no client or network, or data other than expected.
        """
        drawn.build(self, path, say, progress, self._write)

    def _write(self, files: Files, progress: Progress, draft: Path) -> None:
        (draft / FONT).write_bytes(next(iter(files.values())))

    def check(self, views: str) -> None:
        """Refuse instruments that there are not.

        Raises:
            InputError: there are such.
        """
        views_in(self.name, PROGRAMS, views)

    def read(self, path: Path, views: str, reading: Reading) -> Content:
        """The notes of VIEW, exact pairs SOURCE-TARGET, or those of several instruments.

        The label of one instrument's notes is their pitch class, that of several the instrument;
        the vector is the pitch in octaves above middle C.

        Raises:
            InputError: no such instrument, or nothing to render it with.
        """
        import numpy as np

        names = views_in(self.name, PROGRAMS, views) or MIXED
        pair = len(names) == 2
        form = form_of(reading)
        waves = [self._rendered(path, PROGRAMS[name], form) for name in names]
        times = 1 if pair else len(names)
        pitch = np.array([note[0] for note in _notes()] * times)
        called = [f"{name} {_spelt(n[0])}" for name in names[-times:] for n in _notes()]
        mixed = times > 1
        found = Content(
            sample=waves[-1] if pair else np.concatenate(waves),
            domain=domain(form),
            label=np.arange(len(names)).repeat(len(_notes())) if mixed else pitch % 12,
            classes=names if mixed else NAMES,
            vector=((pitch - 60) / 12).astype(np.float32)[:, None],
            held_out=chosen([_spelt(number) for number in pitch], HELD_OUT),
            names=called,
            licence=self.licence,
        )
        return found.replace(source=waves[0], source_domain=found.domain) if pair else found

    def _rendered(self, path: Path, program: int, form: Form) -> np.ndarray:
        """The instrument's notes, kept in the cache from the first time on."""
        shape = (len(_notes()), form.channels, form.length)

        def fill(out: np.ndarray) -> None:
            out[:] = rendered(path / FONT, program, form)

        return cache.kept(
            f"{self.name}-{key_for(path.name, self.version, program, form.rate, shape)}",
            shape,
            "int16",
            fill,
        )


def _notes() -> list[tuple[int, float, float]]:
    """Pitch, share of the item during which it is held, and peak, of every note."""
    return list(product(PITCHES, HELD, LOUDNESS))


def _spelt(pitch: int) -> str:
    """As in C4, which is middle C, MIDI's number 60."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def rendered(font: Path, program: int, form: Form) -> np.ndarray:
    """(notes, channels, length) int16 of every note that an instrument plays.

    Raises:
        InputError: tinysoundfont is not installed.
    """
    import numpy as np

    if importlib.util.find_spec("tinysoundfont") is None:
        raise InputError(
            "notes are rendered by tinysoundfont, which is not installed: run "
            "`pip install --no-deps tinysoundfont`."
        )
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=FINE)
    synth.program_select(0, synth.sfload(str(font)), 0, program)
    fine = -(-form.length * FINE // form.rate)
    played = []
    for pitch, held, peak in _notes():
        synth.noteon(0, pitch, 100)
        down = round(held * fine)
        parts = [_frames(synth, down)]
        synth.noteoff(0, pitch)
        parts.append(_frames(synth, fine - down))
        synth.sounds_off()
        _frames(synth, FINE // 4)  # what still sounds is not the next note's
        wave = resampled(np.concatenate(parts)[:, None], FINE, form.rate)
        played.append(levelled(wave[: form.length, 0], peak))
    waves = (np.stack(played) * 32767).round().astype(np.int16)
    return waves[:, None].repeat(form.channels, 1)


def _frames(synth: Any, count: int) -> np.ndarray:
    """(count,) float32: the mean of both channels."""
    import numpy as np

    both = np.frombuffer(synth.generate(count), dtype=np.float32).reshape(-1, 2)
    found: np.ndarray = both.mean(1)
    return found


PACK = Notes(
    name="notes",
    about="notes of any General MIDI instrument, exact pairs of two; pitches held out",
    licence="GPL-2 (TimGM6mb, Tim Brechbill)",
    packages=(
        fetch.Package(
            client="apt",
            name="timgm6mb-soundfont",
            megabytes=5.4,
            members=(f"usr/share/sounds/sf2/{FONT}",),
            archives=("034abdfb296d9353433513dad5dbdcab46425ee6008fc02fe7039b46e75edc54",),
            contents=("db306f1018dc7e211ec2e331f565a9566070109d7baa99cda0393ba79fd83bc0",),
        ),
    ),
)
