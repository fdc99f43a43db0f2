"""`sparring studio`: the local page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sparring.cli import completion
from sparring.cli.app import app, verb
from sparring.cli.models import Trust


@verb(app, "sparring studio", "sparring studio runs/digits", "sparring studio runs --port 8000")
def studio(
    place: Annotated[
        Path,
        typer.Argument(help="A run, or a folder of runs.", autocompletion=completion.runs),
    ] = Path("runs"),
    port: Annotated[
        int | None, typer.Option(help="On this machine alone; the first free one from 7860.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in a browser.")] = False,
    trust: Trust = None,
) -> None:
    """Use, paint with, train, watch and compare models on a page in your browser."""
    from sparring.studio.app import studio as serve

    serve(place, port=port, browser=browser, trusted=trust or ())
