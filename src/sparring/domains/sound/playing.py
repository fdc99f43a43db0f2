"""Sounds in HTML that needs no other file: players under their pictures."""

from __future__ import annotations

import base64
import io

from torch import Tensor

from sparring.domains.embedding import drawn
from sparring.domains.sound import drawing
from sparring.domains.sound.domain import waves
from sparring.domains.sound.recordings import soundfile

MOST = 16
"""Players of one set of samples; the rest is only seen."""
BESIDE = "display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:.8rem"
"""As many players side by side as a page, or a notebook, has room for."""
HEARD = 20
"""Seconds of a sound that can be played; a page must not grow without end."""


def players(samples: Tensor, rate: int, columns: int | None = None) -> str:
    """Sounds (N, C, L) in [-1, 1] with a player each; from the 17th on as a picture alone."""
    shown = [
        f'<figure style="margin:0">{_picture(sample[None], rate)}{player(sample, rate)}</figure>'
        for sample in samples[:MOST]
    ]
    rest = samples[MOST:]
    more = _picture(rest, rate, columns) if len(rest) else ""
    return f'<div style="{BESIDE}">{"".join(shown)}</div>{more}'


def player(sample: Tensor, rate: int) -> str:
    """A sound (C, L) as an `<audio>`, its first 20 seconds."""
    target = io.BytesIO()
    stored = waves(sample[:, : HEARD * rate].cpu()).numpy()
    soundfile().write(target, stored.T, rate, format="FLAC", subtype="PCM_16")
    data = base64.b64encode(target.getvalue()).decode()
    source = f"data:audio/flac;base64,{data}"
    return f'<audio controls preload="none" style="width:100%" src="{source}"></audio>'


def _picture(samples: Tensor, rate: int, columns: int | None = None) -> str:
    return drawn(lambda path: drawing.save(samples, rate, path, columns))
