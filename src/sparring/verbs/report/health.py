"""How the training went, in plain sentences read off its log and its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sparring.verbs.report import quality
from sparring.verbs.report.quality import Note

if TYPE_CHECKING:
    from sparring.metrics.scores import Scores

Log = Sequence[Mapping[str, float]]

RIGHT_TOO_OFTEN = 0.98
FOOLED = 0.52
HEAVY_PENALTY = 0.7
STRONG_AUGMENTATION = 0.8
SPIKE = 50.0
EMPTY_LATENT = 0.05
FEW_LINES = 8
UNSCORED = (
    "Nothing is scored yet: a log shows whether the players keep each other busy, not whether the "
    "samples are good. Score them with: sparring evaluate."
)


def notes(lines: Log, scores: Scores | None = None) -> list[Note]:
    """Every observation on a run, in a fixed order: what its scores say, then its log."""
    found = [] if scores is None else quality.notes(scores)
    found += [Note(False, f"{said}.") for said in _warnings(lines)]
    if len(lines) < FEW_LINES:
        few = f"The log has {len(lines)} lines, too few to say how the training went."
        return [*found, Note(None, few)]
    late = lines[-max(len(lines) // 4, 2) :]
    looks = (_accuracy, _penalty, _augmentation, _latent)
    found += [note for look in looks if (note := look(late))]
    found += [*_spikes(lines), *_incidents(lines), *_best(lines)]
    return found if scores is not None else [Note(None, UNSCORED), *found]


def _warnings(lines: Log) -> list[str]:
    """The last thing that training itself complained of, and how often it did."""
    said = [str(line["warning"]) for line in lines if "warning" in line]
    more = f" (and {len(said) - 1} more warnings before)" if len(said) > 1 else ""
    return [f"In the log: {said[-1]}{more}"] if said else []


def mean(lines: Log, name: str) -> float | None:
    """The mean of a name's finite values; None where there are none."""
    values = [v for line in lines if math.isfinite(v := line.get(name, math.nan))]
    return sum(values) / len(values) if values else None


def _accuracy(late: Log) -> Note | None:
    real, fake = mean(late, "accuracy/real"), mean(late, "accuracy/fake")
    if real is None or fake is None:
        return None
    said = (
        f"In the last quarter the discriminator was right on {real:.0%} of real and "
        f"{fake:.0%} of fake samples"
    )
    if min(real, fake) > RIGHT_TOO_OFTEN:
        return Note(
            False,
            f"{said}: it wins nearly always, so the generator is told little. Try a stronger "
            "penalty (--gamma), augmentation (--augment default/adaptive) or less width for it.",
        )
    if max(real, fake) < FOOLED:
        return Note(False, f"{said}: it is guessing. Give it more width or a higher learning rate.")
    return Note(True, f"{said}: neither player wins nearly always.")


def _penalty(late: Log) -> Note | None:
    share = mean(late, "penalty_share/discriminator")
    if not share:
        return None
    if share > HEAVY_PENALTY:
        said = f"Penalties are {share:.0%} of all that the discriminator pays"
        return Note(False, f"{said}: lower --gamma to let it learn.")
    return Note(True, f"Penalties are {share:.0%} of all that the discriminator pays.")


def _augmentation(late: Log) -> Note | None:
    strength = mean(late, "augmentation")
    if not strength:
        return None
    if strength > STRONG_AUGMENTATION:
        return Note(
            False,
            f"Augmentation stands at {strength:.2f}: the discriminator overfits, the data are few, "
            "and strong augmentation may leak into samples.",
        )
    return Note(True, f"Augmentation stands at {strength:.2f}.")


def _latent(late: Log) -> Note | None:
    spread = mean(late, "latent/spread")
    if spread is None:
        return None
    if spread < EMPTY_LATENT:
        return Note(False, f"The latent's spread is {spread:.2f}: it carries next to nothing.")
    return Note(True, f"The latent's means spread by {spread:.2f}; 1 would fill the prior.")


def _spikes(lines: Log) -> list[Note]:
    names = {name for line in lines for name in line if name.startswith("gradient_norm/")}
    found = []
    for name in sorted(names):
        values = sorted(v for line in lines if math.isfinite(v := line.get(name, math.nan)))
        middle = values[len(values) // 2] if values else 0.0
        if middle and values[-1] > SPIKE * middle:
            player = name.rpartition("/")[2]
            found.append(
                Note(False, f"The {player}'s gradient spiked to {values[-1] / middle:.0f} times.")
            )
    return found


def _incidents(lines: Log) -> list[Note]:
    skipped = int(max((line.get("skipped", 0) for line in lines), default=0))
    rollbacks = int(max((line.get("rollbacks", 0) for line in lines), default=0))
    if not skipped and not rollbacks:
        return [Note(True, "No step was skipped, and there was no rollback.")]
    return [
        Note(
            rollbacks == 0,
            f"{skipped} turns were skipped for a non-finite loss or gradient, and the run was "
            f"rolled back {rollbacks} times.",
        )
    ]


def _best(lines: Log) -> list[Note]:
    scored = [(line["score"], line["step"]) for line in lines if "score" in line]
    if len(scored) < 2:
        return []
    best, step = min(scored)
    last = scored[-1][0]
    if last > 1.2 * best:
        text = f"The best score was {best:.3g} at step {step:.0f}, and {last:.3g} at the end: "
        return [Note(False, text + "the best model is in best/.")]
    return [Note(True, f"The score was still near its best ({best:.3g}) at the end.")]
