"""`sparring models`, and what the verbs of a trained model share: where it lies, loading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparring.cli import completion
from sparring.cli.app import app, verb
from sparring.core.errors import InputError, shown

if TYPE_CHECKING:
    from sparring.artifact.model import Model

Run = Annotated[
    Path,
    typer.Argument(
        help="A run's or model's folder, or ready:NAME.",
        show_default=False,
        autocompletion=completion.runs,
    ),
]
RunOrSource = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|SOURCE",
        help="A run's or model's folder, or ready:NAME; if left out, a ready model that fits.",
        show_default=False,
        autocompletion=completion.runs,
    ),
]
Trust = Annotated[list[str] | None, typer.Option(help="A package that the recipe may call.")]

Device = Annotated[str, typer.Option(help="cpu, cuda, ...; auto is the GPU where there is one.")]


def load(run: Path, trust: list[str] | None, device: str) -> Model:
    """The model of a run; `sparring.artifact.model` is imported no earlier."""
    from sparring.artifact.model import Model

    return Model.load(run, device, trusted=trust or ())


def chosen(run: Path, source: Path | None, use: str) -> tuple[Path, Path]:
    """Run and source of the two places that were named, or of one, which is then the source.

    Raises:
        InputError: a run without a source, or no ready model for this use.
    """
    from sparring.artifact.ready import PREFIX, fitting

    if source is not None:
        return run, source
    if str(run).startswith(PREFIX) or (run / "recipe.json").is_file():
        raise InputError(f"{run} is a model; name also what it shall work on.")
    found = fitting(use)
    print(shown(f"with {PREFIX}{found.name}: {found.about}"))
    return Path(PREFIX + found.name), run


@verb(app, "sparring models", "sparring upscale ready:photos-x4 photo.jpg")
def models() -> None:
    """Show the ready models that come with the package: what they do, licence, size, scores."""
    from rich.console import Console
    from rich.table import Table

    from sparring.artifact.ready import PREFIX, cards

    table = Table(box=None, show_header=False, padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True)
    for card in cards():
        scores = ", ".join(f"{name} {value:g}" for name, value in card.scores.items())
        facts = f"{card.megabytes:.1f} MB, {card.licence}; on held-out data {scores}"
        table.add_row(PREFIX + card.name, f"{card.about}\n{facts}\n{card.picture}")
    Console().print(table)
