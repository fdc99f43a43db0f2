"""`sparring invert | directions | edit`: what a model knows of given pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sparring.cli.app import app, verb
from sparring.cli.bar import progress_bar
from sparring.cli.models import Device, Run, Trust, load
from sparring.core.errors import shown

Picture = Annotated[Path, typer.Argument(help="A picture.", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at --out.")]
Steps = Annotated[int, typer.Option(help="Steps of inversion.")]
Tune = Annotated[
    int, typer.Option(help="Steps in which the generator is fitted around the picture; 100 do.")
]


@verb(
    app,
    "sparring invert ready:avatars face.png",
    "sparring invert runs/faces face.png --tune 100 --out likeness.png",
    "sparring invert runs/faces face.png --start best --draws 10000 --steps 1000",
)
def invert(
    run: Run,
    picture: Picture,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The likeness; the codes go beside it, as .safetensors."),
    ] = None,
    start: Annotated[
        str,
        typer.Option(help="encoder (own, or linear), best (random sample) or mean."),
    ] = "encoder",
    steps: Steps = 300,
    draws: Annotated[
        int, typer.Option(help="Random samples to start from and to compare with.")
    ] = 2000,
    perceptual: Annotated[
        float, typer.Option(help="Weight of likeness in a network's features against L1.")
    ] = 1.0,
    prior: Annotated[float, typer.Option(help="Cost of unlikely codes.")] = 0.02,
    tune: Tune = 0,
    seed: Annotated[int, typer.Option(help="Of the random samples.")] = 0,
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Find the latent of a picture in a model that makes such from nothing, and how near it comes.

    The error stands beside that of the nearest random sample; a picture of a kind that the model
    does not know is said to be one.
    """
    from sparring.verbs import editing

    model = load(run, trust, device)
    place = out or picture.with_name(f"{picture.stem}-inverted.png")
    with progress_bar() as progress:
        found = editing.invert(
            model,
            picture,
            place,
            overwrite=overwrite,
            start=start,
            steps=steps,
            draws=draws,
            perceptual=perceptual,
            prior=prior,
            tune=tune,
            seed=seed,
            progress=progress,
        )
    print(shown(found.verdict()))
    print(shown(f"the likeness is {place}, its codes {place.with_suffix(editing.CODES)}"))
