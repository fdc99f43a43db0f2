"""How sounds are judged: by the judge of drums or by mel bands, and by their true partners."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.core import spectra
from sparring.core.types import Domain
from sparring.domains.sound import baselines, fidelity, judge, mending
from sparring.domains.sound.domain import Sound
from sparring.metrics import intervals
from sparring.metrics.extractor import Extractor, of_function
from sparring.metrics.intervals import Interval
from sparring.metrics.judging import Baseline, Judging, Score

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = Interval(float("nan"), float("-inf"), float("inf"))
FEW = 64
"""Sounds measured at once."""
SLOW = 200
"""Most pairs that STOI and PESQ listen to."""
WORDLESS = ("drums", "notes")
"""Packs without speech."""
STEADY, LASTING = 12.0, 0.8
"""Decibels within which a hum stays, and during which share of a sound."""
PURE, ALIKE = 0.5, 0.9
"""Share of a frame's power that a hum's loudest tone has, and in which share of frames."""


def of_sounds(domain: Sound, data: str) -> Judging:
    """How such sounds are judged beside data of this name.

    The usual extractor is the judge of drums for the pack `drums`, and mel bands for all others.
    """
    drums = data.partition(":")[0] == judge.NAME
    return Judging(
        extractors={
            judge.NAME: partial(judge.judge, domain.rate),
            "bands": partial(bands, domain.rate),
        },
        usual=judge.NAME if drums else "bands",
        alone={"hum": hums},
        measures=likeness(domain.rate, data.partition(":")[0] not in WORDLESS),
        baselines=_unlearnt,
        mending=mending.known(),
    )


def _unlearnt(source: Domain, targets: Callable[[], Tensor]) -> Mapping[str, Baseline]:
    """What can be made of other sounds."""
    if not isinstance(source, Sound):
        return {}
    matched = baselines.matched_spectrum(targets())
    return {"identity": mending.identity, "spectral matching": matched}


def likeness(rate: int, speech: bool = True) -> dict[str, Score]:
    """Means over sounds of their likeness to the true ones, those that can be had."""
    found = {
        "mel": likened(lambda x, y: fidelity.mel(x, y, rate)),
        "stft": likened(fidelity.stft),
        "si_sdr": likened(fidelity.si_sdr, lower=False),
    }
    if speech and fidelity.installed("pystoi"):
        found["stoi"] = likened(lambda x, y: fidelity.stoi(x, y, rate), lower=False, most=SLOW)
    if speech and fidelity.installed("pesq"):
        found["pesq"] = likened(lambda x, y: fidelity.pesq(x, y, rate), lower=False, most=SLOW)
    return found


def bands(rate: int) -> Extractor:
    """No network at all: how loud each mel band is, and how much that changes, (N, 160)."""
    return of_function("bands", partial(_bands, rate), "none")


def _bands(rate: int, samples: Tensor) -> Tensor:
    levels = spectra.to_unit(spectra.log_mel(samples.float().mean(1), rate))
    return torch.cat([levels.mean(-1), levels.std(-1)], 1)


def hums(samples: Tensor) -> Tensor:
    """(N,) bool: which sounds (N, C, samples) are one steady tone and little else.

    Four fifths of the frames are within 12 dB of the loudest one, and in nine tenths of these the
    same tone, a window's main lobe wide, has half of the power.
    """
    return torch.cat([_hums(part.float().mean(1)) for part in samples.split(FEW)])


def _hums(mono: Tensor) -> Tensor:
    power = spectra.stft_magnitude(mono).square()
    level = power.sum(1)
    loud = level > level.amax(1, keepdim=True) * 10 ** (-STEADY / 10)
    tone = (power * loud[:, None]).sum(2).argmax(1)
    near = (torch.arange(power.shape[1])[None] - tone[:, None]).abs() <= 2
    share = (power * near[..., None]).sum(1) / level.clamp_min(1e-12)
    pure = ((share > PURE) & loud).sum(1) >= ALIKE * loud.sum(1)
    return (loud.double().mean(1) >= LASTING) & pure & (level.amax(1) > 1e-6)


def likened(
    of_each: Callable[[Tensor, Tensor], Tensor], lower: bool = True, most: int | None = None
) -> Score:
    """The mean of a function of (fake, real) sounds that gives one value each, NaN left out."""

    def measure(real: Tensor, fake: Tensor) -> Interval:
        pairs = zip(fake[:most].split(FEW), real[:most].split(FEW), strict=True)
        values = torch.cat([of_each(x, y).double() for x, y in pairs])
        known = values[~values.isnan()]
        # With fewer than two there is no spread; the interval then says nothing.
        return intervals.mean(known) if len(known) > 1 else NOTHING

    return Score(measure, lower)
