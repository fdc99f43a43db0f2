"""How good the samples are, in plain sentences read off their scores, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sparring.metrics.intervals import Interval
    from sparring.metrics.scores import Scores

CLOSE, FAR = 2.0, 6.0
"""Distances so many times the floor's are close to real data, or far from it."""
MOST_OF = 0.75
"""Shares below so much of the floor's are low."""
SHARES = {
    "recall": (
        "the samples show too little of the data's variety",
        "Train longer, with a larger batch or augmentation (--augment default/adaptive); "
        "sample without --truncation.",
    ),
    "precision": (
        "many samples look like nothing in the data",
        "Train longer, with more width, or sample with --truncation 1.5.",
    ),
    "coverage": (
        "parts of the data have no sample near them",
        "Train longer; if some labels are rare, train with --conditional.",
    ),
    "label_accuracy": (
        "labels are often not what was asked for",
        "Train longer; look at the rarest labels first.",
    ),
}
"""Score -> what it means where it is low, and what to try next."""


class Note(NamedTuple):
    """One observation."""

    good: bool | None
    """False where something should be changed; None where nothing can be said yet."""
    text: str


def notes(scores: Scores) -> list[Note]:
    """What the scores say beside their floor and beside baselines."""
    floor = scores.floor.scores if scores.floor else {}
    found = [note for name in SHARES if (note := _share(name, scores.scores, floor))]
    return [*_distance(scores, floor), *found, *_beaten(scores)]


def _distance(scores: Scores, floor: Mapping[str, Interval]) -> list[Note]:
    # Of real data a kernel distance is nearly 0, so how many times it is says little.
    name = "frechet" if "frechet" in floor else scores.headline
    if name not in scores.scores or name not in floor:
        return []
    value, least = scores.scores[name].value, floor[name].value
    if least <= 0:
        return []
    times = value / least
    said = f"The {name} distance is {value:.3g}, {times:.1f} times that of real training data"
    if times <= CLOSE:
        return [Note(True, f"{said}: close to them.")]
    if times <= FAR:
        return [Note(None, f"{said}: there is room; a longer training is the first thing to try.")]
    return [Note(False, f"{said}: far from them. Train longer, then wider; look at the samples.")]


def _share(name: str, scores: Mapping[str, Interval], floor: Mapping[str, Interval]) -> Note | None:
    if name not in scores or name not in floor:
        return None
    value, most = scores[name].value, floor[name].value
    said = f"{name.replace('_', ' ').capitalize()} is {value:.2f} against {most:.2f} of real data"
    if value >= MOST_OF * most:
        return Note(True, f"{said}.")
    meaning, advice = SHARES[name]
    return Note(False, f"{said}: {meaning}. {advice}")


def _beaten(scores: Scores) -> list[Note]:
    """Baselines that are better than the model, score by score."""
    found = []
    for other, theirs in scores.others.items():
        worse = [
            name
            for name, lower in scores.directions.items()
            if name in theirs.scores and other != "truth"
            if (scores.scores[name].value > theirs.scores[name].value) == lower
            and scores.scores[name].value != theirs.scores[name].value
        ]
        if worse:
            found.append(Note(False, f"{other} does better in {', '.join(worse)}."))
    if scores.others and not found:
        found.append(Note(True, f"Better than {', '.join(scores.others)} in every score."))
    return found
