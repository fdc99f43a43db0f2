"""What the verbs of a trained model share: where it lies, whose code it may call, loading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparring.cli import completion

if TYPE_CHECKING:
    from sparring.artifact.model import Model

Run = Annotated[
    Path,
    typer.Argument(
        help="A run's or model's folder.", show_default=False, autocompletion=completion.runs
    ),
]
Trust = Annotated[list[str] | None, typer.Option(help="A package that the recipe may call.")]

Device = Annotated[str, typer.Option(help="cpu, cuda, ...; auto is the GPU where there is one.")]


def load(run: Path, trust: list[str] | None, device: str) -> Model:
    """The model of a run; `sparring.artifact.model` is imported no earlier."""
    from sparring.artifact.model import Model

    return Model.load(run, device, trusted=trust or ())
