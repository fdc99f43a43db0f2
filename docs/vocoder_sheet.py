"""Draw and write sounds beside what is made of their mel spectrograms.

python docs/vocoder_sheet.py
"""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch

from sparring import load_data
from sparring.domains.mel.domain import Mel
from sparring.domains.sound.baselines import griffin_lim
from sparring.domains.sound.domain import Sound

HERE = Path(__file__).parent
HELD_OUT = {"june": ("speech:june", 3), "russian": ("speech:russian", 5), "notes": ("notes", 40)}
"""Packs, and the number of a held-out item, for the page on vocoders."""
LENGTH, RATE = 16_384, 16_000


def main() -> None:
    """The word that the page on noise plays, recorded and made anew; then three sounds, by two."""
    wave, rate = soundfile.read(HERE / "sounds" / "denoise-true.flac", dtype="int16")
    sound, mel = Sound(len(wave), rate), Mel(len(wave), rate)
    stored = torch.from_numpy(wave)[None, None]
    heard = mel.decode(mel.encode(stored))
    sound.preview(torch.cat([stored, heard]), HERE / "images" / "strip-vocoder.png", columns=2)
    soundfile.write(HERE / "sounds" / "vocoder-made.flac", heard[0, 0].numpy(), rate)
    compared()


def compared() -> None:
    """Rows as recorded, by Griffin and Lim's algorithm, and by the shipped vocoder."""
    sound, mel = Sound(LENGTH, RATE), Mel(LENGTH, RATE)
    items = [load_data(data).held_out.take(torch.tensor([n])) for data, n in HELD_OUT.values()]
    stored = torch.cat([item["sample"] for item in items])
    pictures = mel.encode(stored)
    by_phases = sound.decode(griffin_lim(RATE)(pictures[:, 0], sound.shape))
    rows = {"true": stored, "griffin-lim": by_phases, "made": mel.decode(pictures)}
    whole = torch.cat(list(rows.values()))
    sound.preview(whole, HERE / "images" / "vocoder.png", columns=len(items))
    for row, waves in rows.items():
        for name, wave in zip(HELD_OUT, waves, strict=True):
            place = HERE / "sounds" / f"vocoder-{name}-{row}.ogg"
            soundfile.write(place, wave[0].numpy(), RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main()
