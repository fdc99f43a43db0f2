"""Scores kept with the model that has them: scores.json, and a table in its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.artifact.card import model_card
from sparring.core.storage import read_json, write_file, write_json
from sparring.metrics.scores import HEADER

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.metrics.scores import Scores


def keep(found: Scores, model: Model, folder: Path) -> None:
    """Keep the scores with the model: scores.json, and a table in its card.

    Raises:
        InputError: the folder cannot be written.
    """
    inside = folder / "model" if (folder / "model").is_dir() else folder
    write_json(inside / "scores.json", found.to_json())
    write_file(inside / "README.md", model_card(model.manifest, markdown(found)))


def kept_in(folder: Path) -> Scores | None:
    """The scores that are kept with a run or a model; None where there are none.

    Raises:
        InputError: they cannot be read.
    """
    from sparring.metrics.scores import Scores

    inside = folder / "model" if (folder / "model").is_dir() else folder
    path = inside / "scores.json"
    return Scores.from_json(read_json(path)) if path.is_file() else None


def markdown(found: Scores) -> str:
    """The scores as a section of a model card."""
    rows = [HEADER, ("---",) * len(HEADER), *found.table()]
    return f"## Scores\n\n{_table(rows)}\n\n{told(found)}{_beside(found)}"


def _beside(found: Scores) -> str:
    header, rows = found.comparison()
    if not rows:
        return ""
    return f"\n\n## Beside others\n\n{_table([header, ('---',) * len(header), *rows])}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def told(found: Scores) -> str:
    """How the scores were made, in one sentence."""
    return (
        f"{found.n_fake:,} samples against {found.n_real:,} {found.split} items, seed "
        f"{found.seed}, extractor {found.extractor} (sha256 {found.digest[:12]}, "
        f"resize: {found.resize})."
        + (" The floor is real data scored in the same way." if found.floor else "")
    )
