"""The report: one self-contained page that says what a run did and how good it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.storage import write_file

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.data import Dataset

WITHOUT_DATA = (
    "The data are not at hand ({}); neighbours and comparisons with real items are left out."
)


def report(
    run: str | Path, *, data: Dataset | str | None = None, trusted: Iterable[str] = ()
) -> Path:
    """Write report.html into a run's folder; its path is returned.

    Args:
        run: the run's folder.
        data: where the data are now; where the run found them if None. The page does without
            comparisons where they cannot be read.
        trusted: packages besides sparring that the run's recipe may call.

    Raises:
        InputError: no run there, or the folder cannot be written.
    """
    from sparring.training import log
    from sparring.verbs.report import page, sections

    folder = Path(run)
    manifest = Manifest.read(folder, trusted)
    lines = log.read(folder / "log.jsonl")
    model = _model(folder, trusted)
    dataset, missing = _data(model, data, trusted)
    parts = [
        sections.head(manifest, lines, folder),
        page.paragraph(missing),
        sections.samples(folder, model),
        sections.words(lines, model.scores if model is not None else None),
        _scores(model),
        sections.training(lines),
        *(_compared(model, dataset)),
        sections.edits(folder, model) if model is not None else "",
        sections.recipe(manifest, folder),
    ]
    target = folder / "report.html"
    write_file(target, page.page(f"{manifest.recipe.name}: {folder.name}", parts))
    return target


def _compared(model: Model | None, dataset: Dataset | None) -> list[str]:
    from sparring.verbs.report import sections

    if model is None:
        return []
    if "translate" in model.task.abilities:
        return [] if dataset is None else [sections.strip(model, dataset)]
    latent = sections.latent_space(model, dataset)
    if dataset is None:
        return [latent]
    told = sections.sentences(model, dataset)
    return [told, latent, sections.neighbours(model, dataset), sections.real(model, dataset)]


def _model(folder: Path, trusted: Iterable[str]) -> Model | None:
    from sparring.artifact.model import Model

    return Model.load(folder, trusted=trusted) if (folder / "model").is_dir() else None


def _data(model: Model | None, data: Any, trusted: Iterable[str]) -> tuple[Dataset | None, str]:
    from sparring.verbs.reals import data_of

    if model is None:
        return None, "The run has written no model yet."
    try:
        return data_of(model, data, trusted=trusted), ""
    except InputError as error:
        return None, WITHOUT_DATA.format(str(error).rstrip("."))


def _scores(model: Model | None) -> str:
    from sparring.verbs.report import sections

    return "" if model is None or not model.scores else sections.scores(model.scores)
