"""`sparring serve`: trained models over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from sparring.cli import completion
from sparring.cli.app import app, verb
from sparring.cli.models import Device, Trust
from sparring.core.extras import check_installed
from sparring.serving.limits import Limits

PACKAGES = ("fastapi", "prometheus_client", "python_multipart", "uvicorn")


@verb(
    app,
    "sparring serve runs/digits",
    "sparring serve runs/digits runs/maps --port 9000 --window 10",
    "SPARRING_TOKEN=$(openssl rand -hex 16) sparring serve runs/digits --host 0.0.0.0",
)
def serve(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folders of runs or models.", show_default=False, autocompletion=completion.runs
        ),
    ],
    host: Annotated[
        str, typer.Option(help="The address; others than this machine's need --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = 8000,
    token: Annotated[
        str, typer.Option(envvar="SPARRING_TOKEN", help="What every request must bring.")
    ] = "",
    batch: Annotated[
        int, typer.Option(help="Samples in a forward pass; 1 gathers none.")
    ] = Limits.batch,
    window: Annotated[
        float, typer.Option(help="Milliseconds that a pass waits for others.")
    ] = Limits.window,
    queue: Annotated[
        int, typer.Option(help="Requests that may wait; the next gets 429.")
    ] = Limits.queue,
    seconds: Annotated[
        float, typer.Option(help="A request's time; then it gets 504.")
    ] = Limits.seconds,
    megabytes: Annotated[
        float, typer.Option(help="Most that a request may bring.")
    ] = Limits.megabytes,
    megapixels: Annotated[
        float, typer.Option(help="Most in a picture, sent or answered.")
    ] = Limits.megapixels,
    count: Annotated[int, typer.Option(help="Most samples in one answer.")] = Limits.count,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Serve models over HTTP: samples, translations, repairs and enlargements, as files or JSON.

    Each is called as its folder is. OpenAPI is at /openapi.json, Prometheus's figures at /metrics.
    """
    check_installed("serving", "serve", *PACKAGES)
    from sparring.serving.server import serve as run

    limits = Limits(
        batch=batch, window=window, queue=queue, seconds=seconds, megabytes=megabytes,
        megapixels=megapixels, count=count,
    )  # fmt: skip
    run(runs, host, port, token, limits, device, trust or ())
