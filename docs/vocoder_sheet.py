"""Draw and write speech beside what the shipped vocoder makes of its mel spectrogram.

python docs/vocoder_sheet.py
"""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch

from sparring.domains.mel.domain import Mel
from sparring.domains.sound.domain import Sound

HERE = Path(__file__).parent


def main() -> None:
    """The held-out word that the page on noise plays, recorded and made anew."""
    wave, rate = soundfile.read(HERE / "sounds" / "denoise-true.flac", dtype="int16")
    sound, mel = Sound(len(wave), rate), Mel(len(wave), rate)
    stored = torch.from_numpy(wave)[None, None]
    heard = mel.decode(mel.encode(stored))
    sound.preview(torch.cat([stored, heard]), HERE / "images" / "strip-vocoder.png", columns=2)
    soundfile.write(HERE / "sounds" / "vocoder-made.flac", heard[0, 0].numpy(), rate)


if __name__ == "__main__":
    main()
