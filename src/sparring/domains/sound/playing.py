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
HEARD = 20
"""Seconds of a sound that can be played; a page must not grow without end."""


def players(samples: Tensor, rate: int, columns: int | None = None) -> str:
    """Sounds (N, C, L) in [-1, 1] with a player each; from the 17th on as a picture alone."""
    shown = [
        f"<figure>{_picture(sample[None], rate)}<br>{player(sample, rate)}</figure>"
        for sample in samples[:MOST]
    ]
    rest = samples[MOST:]
    more = _picture(rest, rate, columns) if len(rest) else ""
    return f'<div class="sounds">{"".join(shown)}</div>{more}'


def player(sample: Tensor, rate: int) -> str:
    """A sound (C, L) as an `<audio>`, its first 20 seconds."""
    target = io.BytesIO()
    stored = waves(sample[:, : HEARD * rate].cpu()).numpy()
    soundfile().write(target, stored.T, rate, format="FLAC", subtype="PCM_16")
    data = base64.b64encode(target.getvalue()).decode()
    return f'<audio controls preload="none" src="data:audio/flac;base64,{data}"></audio>'


def _picture(samples: Tensor, rate: int, columns: int | None = None) -> str:
    return drawn(lambda path: drawing.save(samples, rate, path, columns))
