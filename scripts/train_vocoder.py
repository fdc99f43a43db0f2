"""Train the vocoder that sparring ships, on sound whose licences let its weights be shipped.

    python scripts/train_vocoder.py raw/ runs/distances --minutes 18
    python scripts/train_vocoder.py raw/ runs/longer --minutes 8 --initial runs/distances
    python scripts/train_vocoder.py raw/ runs/rivals --minutes 10 --initial runs/distances --rivals
    python scripts/train_vocoder.py raw/ runs/longer --ship

The first command gets Debian's packages into `raw/` (about 190 MB), makes pieces of one second out
of them, and trains on distances alone; the next two go on from there, without and with a
discriminator. The last one writes the weights of a run in half precision where
`sparring.domains.mel` looks for them. It takes apt-get, dpkg, and the Python packages soundfile,
soxr, av and tinysoundfont.
"""

from __future__ import annotations

import argparse
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

import sparring

PACKAGES = {
    "asterisk-core-sounds-it-g722": "CC-BY-3.0, Carlo Flora: prompts in Italian, one man",
    "asterisk-core-sounds-ru-g722": "CC-BY-3.0, Maxim Topal, ivrvoice.ru: prompts in Russian",
    "pocketsphinx-testdata": "BSD-2-Clause; its excerpts of LibriVox are in the public domain",
    "fluid-soundfont-gm": "MIT, Frank Wen: General MIDI, 128 instruments and 8 kits of drums",
    "sonic-pi-samples": "CC0-1.0 and MIT: drums, loops and tones",
}
RATE, LENGTH = 16_000, 16_384
SPEEDS = (1.0, 0.84, 1.19)
"""Speech is learned as recorded, and as higher and lower voices would say it."""
HELD_OUT = (20, 7)
"""Of the sorted prompts of a voice, every 20th from the 7th on is never learned."""
NOTES, KITS, KEYS = 3000, (0, 8, 16, 24, 25, 32, 40, 48), range(35, 82)
PEAK = 0.95
RIVALS = {"warmup": 0.0, "lr": 2e-4}
"""Flags of a run that goes on from one without a discriminator."""


def main() -> None:
    """Train, or ship what was trained."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("raw", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--initial", type=Path, help="a run to go on from")
    parser.add_argument("--rivals", action="store_true", help="train against a discriminator")
    parser.add_argument("--ship", action="store_true")
    given = parser.parse_args()
    if given.ship:
        return ship(given.run)
    flags = RIVALS if given.rivals else {"adversarial": 0.0}
    sparring.train(
        sparring.recipe_named("vocoder", flags),
        pool(given.raw),
        given.run,
        minutes=given.minutes,
        seed=given.seed,
        initial=given.initial,
        seconds=LENGTH / RATE,
    )


def ship(run: Path) -> None:
    """Write a run's generator in half precision into the package."""
    from safetensors.torch import save_file

    from sparring.domains.mel.voice import WEIGHTS

    network = sparring.Model.load(run).networks["generator"]
    save_file({name: w.half() for name, w in network.state_dict().items()}, WEIGHTS)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")


def pool(raw: Path) -> np.ndarray:
    """All pieces, int16 (N, 1, 16384); read again from where an earlier call left them."""
    kept = raw / "vocoder.npy"
    if not kept.exists():
        for package in PACKAGES:
            fetch(package, raw)
        pieces = [*speech(raw), *notes(raw), *2 * list(drums(raw))]
        np.save(kept, np.round(np.stack(pieces)[:, None] * 32767).astype(np.int16))
    return np.load(kept)


def fetch(package: str, raw: Path) -> None:
    """Get a Debian package and unpack it."""
    raw.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package], cwd=raw, check=True)
    for found in raw.glob(f"{package}_*.deb"):
        subprocess.run(["dpkg", "-x", str(found), str(raw)], check=True)


def speech(raw: Path) -> Iterator[np.ndarray]:
    """Two speakers' prompts and four sentences of a reader, each at three speeds."""
    every, held = HELD_OUT
    for voice in ("it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"):
        found = sorted((raw / "usr/share/asterisk/sounds" / voice).rglob("*.g722"))
        for number, path in enumerate(p for p in found if p.parent.name != "silence"):
            if number % every != held:
                yield from spoken(prompt(path), LENGTH)
    books = raw / "usr/share/pocketsphinx/test/data/librivox"
    for path in sorted(books.glob("*.wav"))[:4]:
        yield from spoken(read(path), LENGTH // 2)


def spoken(wave: np.ndarray, hop: int) -> Iterator[np.ndarray]:
    """Pieces of speech at every speed."""
    for speed in SPEEDS:
        yield from cut(soxr.resample(wave, RATE, RATE * speed), hop)


def prompt(path: Path) -> np.ndarray:
    """A prompt of Asterisk's, G.722 at 16 kHz."""
    import av

    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return np.concatenate(frames or [np.zeros(1)]).astype(np.float32) / 32768


def read(path: Path) -> np.ndarray:
    """A sound file as one channel at 16 kHz."""
    wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(wave.mean(1), rate, RATE)


def cut(wave: np.ndarray, hop: int = LENGTH) -> Iterator[np.ndarray]:
    """Pieces of a recording, brought to one loudness; the quiet ones are left out."""
    wave = PEAK * wave / max(float(np.abs(wave).max()), 1e-4)
    wave = np.pad(wave, (0, max(0, LENGTH - len(wave))))
    for start in range(0, len(wave) - LENGTH // 2, hop):
        piece = wave[start : start + LENGTH]
        if np.abs(piece).max() > 0.02:
            yield np.pad(piece, (0, LENGTH - len(piece)))


def notes(raw: Path) -> Iterator[np.ndarray]:
    """Notes and chords of all 128 instruments."""
    chance = np.random.default_rng(0)
    for number in range(NOTES):
        keys = chance.integers(36, 90, size=1 if chance.random() < 0.75 else 3)
        force, seconds = int(chance.integers(60, 127)), float(chance.uniform(0.3, 1.0))
        yield from played(raw, number % 128, [int(key) for key in keys], force, seconds)


def drums(raw: Path) -> Iterator[np.ndarray]:
    """Strokes on all drums of the kits, and Sonic Pi's samples."""
    for kit in KITS:
        for key in KEYS:
            yield from played(raw, kit, [key], 110, 0.9, drum=True)
    for path in sorted((raw / "usr/share").rglob("*.flac")):
        yield from cut(read(path)[: 6 * LENGTH])


def played(
    raw: Path, program: int, keys: list[int], force: int, seconds: float, drum: bool = False
) -> Iterator[np.ndarray]:
    """One piece of keys struck at once and let go after a while; none where nothing is heard."""
    synth, font = synthesiser(raw)
    synth.program_select(0, font, 128 if drum else 0, program, is_drums=drum)
    for key in keys:
        synth.noteon(0, key, force)
    struck = int(2 * RATE * seconds)
    waves = [_made(synth, struck)]
    for key in keys:
        synth.noteoff(0, key)
    waves.append(_made(synth, max(2 * LENGTH - struck, 1)))
    synth.sounds_off()
    _made(synth, RATE // 2)
    wave = soxr.resample(np.concatenate(waves), 2 * RATE, RATE)[:LENGTH]
    if np.abs(wave).max() > 1e-3:
        yield from cut(wave)


@functools.cache
def synthesiser(raw: Path) -> tuple[Any, int]:
    """The synthesiser with the font of 148 MB, which takes seconds to load, and its number."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=2 * RATE, gain=-6)
    return synth, synth.sfload(str(raw / "usr/share/sounds/sf2/FluidR3_GM.sf2"))


def _made(synth: Any, count: int) -> np.ndarray:
    """So many of a synthesiser's samples, both channels mixed."""
    return np.frombuffer(synth.generate(count), np.float32).reshape(-1, 2).mean(1)


if __name__ == "__main__":
    main()
