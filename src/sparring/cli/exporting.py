"""`sparring export`: a trained model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sparring.cli.app import app, verb
from sparring.cli.models import Run, Trust
from sparring.cli.sampling import Overwrite
from sparring.core.errors import shown


@verb(
    app,
    "sparring export runs/digits --out digits.onnx",
    "sparring export runs/photos-x4 --fp16 --out x4.onnx",
    "sparring export runs/horses --reverse --out zebra-to-horse.onnx",
    "sparring export runs/digits --web --out page",
)
def export(
    run: Run,
    format: Annotated[str, typer.Option(help="onnx.")] = "onnx",
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Store weights in float16: half the size.")
    ] = False,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="The way back, from samples to sources.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="A folder with a page that runs it in the browser.")
    ] = False,
    runtime: Annotated[
        Path | None, typer.Option(help="A folder with onnxruntime-web; else npm fetches it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The file (model.onnx), or the page's folder (web)."),
    ] = None,
    overwrite: Overwrite = False,
    trust: Trust = None,
) -> None:
    """Write a model as ONNX, run it in onnxruntime, and say how far that is from PyTorch."""
    words: dict[str, Any] = {"fp16": fp16, "reverse": reverse, "overwrite": overwrite}
    words["trusted"] = trust or ()
    if web:
        from sparring.exporting.web import export_page

        found = export_page(run, out or "web", runtime=runtime, **words)
    else:
        from sparring.exporting.export import export as write

        found = write(run, out or "model.onnx", format=format, **words)
    for difference in found.differences:
        print(f"a batch of {difference}")
    print(shown(f"{found.summary} is in {found.path}"))
    if web:
        print(shown(f"the page is {found.path.with_name('index.html').resolve()}"))
