"""`sparring invert | directions | edit`: what a model knows of given pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparring.cli.app import app, verb
from sparring.cli.bar import progress_bar
from sparring.cli.models import Device, Run, Trust, load
from sparring.cli.translation import say
from sparring.cli.values import names_of, place_of, strengths_of
from sparring.core.errors import InputError, shown

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.verbs.editing.many import Made

Pictures = Annotated[
    list[Path], typer.Argument(metavar="PICTURE...", help="Or folders of them.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", help="A file, or a folder; beside the pictures if not given."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at --out.")]
Steps = Annotated[int, typer.Option(help="Steps of inversion.")]
Tune = Annotated[
    int, typer.Option(help="Steps in which the generator is fitted around the picture; 100 do.")
]


@verb(
    app,
    "sparring invert ready:avatars face.png",
    "sparring invert runs/faces face.png --tune 100 --out likeness.png",
    "sparring invert runs/faces photos/ more.png --out likenesses/",
    "sparring invert runs/faces face.png --start best --draws 10000 --latent-only",
)
def invert(
    run: Run,
    pictures: Pictures,
    out: Out = None,
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
    latent_only: Annotated[
        bool,
        typer.Option("--latent-only", help="Leave the generator's first features as they are."),
    ] = False,
    tune: Tune = 0,
    seed: Annotated[int, typer.Option(help="Of the random samples.")] = 0,
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Find the codes of pictures in a model that makes such from nothing, and how near they come.

    They are written beside each likeness, as .safetensors. The error stands beside that of the
    nearest random sample; a picture of a kind that the model does not know is said to be one.
    """
    from sparring.verbs import editing

    model = load(run, trust, device)
    with progress_bar() as progress:
        made = editing.invert(
            model,
            pictures,
            out,
            overwrite=overwrite,
            start=start,
            steps=steps,
            draws=draws,
            perceptual=perceptual,
            prior=prior,
            features=not latent_only,
            tune=tune,
            seed=seed,
            progress=progress,
        )
    _say(made, "the likeness")


def _say(made: Made, what: str) -> None:
    """How good each likeness is, and what was written; failures make the exit code 1."""
    several = len(made.verdicts) > 1
    for source, verdict in made.verdicts.items():
        print(shown(f"{source}: {verdict}" if several else verdict))
    if len(made.done.written) == 1 and not made.done.failed:
        print(shown(f"{what} is {made.done.written[0]}"))
    else:
        say(made.done, made.done.written[0].parent if made.done.written else Path(), "read")


@verb(
    app,
    "sparring directions runs/faces",
    "sparring directions runs/faces --unsupervised --count 10",
    "sparring directions ready:avatars --out avatars-directions",
)
def directions(
    run: Run,
    data: Annotated[
        str | None, typer.Option(help="Labelled data; those of the run if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="A folder; RUN/directions, where edit looks, by default."),
    ] = None,
    count: Annotated[int, typer.Option(help="Directions of each kind without labels.")] = 6,
    unsupervised: Annotated[
        bool, typer.Option("--unsupervised", help="Without labels; no data are read.")
    ] = False,
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Find ways through a model's latent space: by labels, by closed form, by components.

    Each has a name and a strip of pictures. Labels and attributes are those of the data; a small
    reader of them is trained first, in about a minute.
    """
    from sparring.artifact.named import beside
    from sparring.artifact.ready import PREFIX
    from sparring.verbs.editing import directions as finding

    model = load(run, trust, device)
    if out is None and str(run).startswith(PREFIX):
        raise InputError(f"{run} is no place to write to; name a folder with --out.")
    place = out or beside(run)
    with progress_bar() as progress:
        found = finding.directions(
            model,
            place,
            data=data,
            count=count,
            labels=not unsupervised,
            overwrite=overwrite,
            trusted=trust or (),
            progress=progress,
        )
    if found.accuracy is not None:
        print(f"the reader is right of {found.accuracy:.1%} of held-out values, seldom ones alike")
    for name in found.directions.ways:
        how = found.directions.quality.get(name)
        told = "" if how is None else f"  read by its probe with correlation {how:.2f}"
        print(shown(f"  {name}{told}"))
    print(shown(f"{len(found.directions.ways)} directions and their strips are in {place}"))


@verb(
    app,
    "sparring edit ready:avatars face.png --set 'dark skin=+2'",
    "sparring edit runs/faces photos/ --set smiling=+2 --keep hair,skin --out smiling/",
    "sparring edit runs/faces face.png --set sunglasses=3 --mask 10,20,50,40 --tune 100",
    "sparring edit runs/faces face.png --style other.png --levels 2,3",
    "sparring edit runs/faces face-inverted.safetensors --set pca-1=-2 --out other.png",
)
def edit(
    run: Run,
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE...", help="Or the codes of one, or a folder.", show_default=False
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=STRENGTH", help="In deviations; may be repeated."),
    ] = None,
    style: Annotated[
        Path | None, typer.Option(help="Another picture, whose styles are taken at --levels.")
    ] = None,
    levels: Annotated[
        str, typer.Option(metavar="FIRST,LAST", help="Of --style; 0 is the coarsest.")
    ] = "1,1",
    keep: Annotated[
        str | None, typer.Option(help="Directions or attributes that stay, with commas.")
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option(help="What may change: a picture, left,top,right,bottom, or white."),
    ] = None,
    out: Out = None,
    directions: Annotated[
        Path | None,
        typer.Option(help="Their folder; RUN/directions, or the ready model's own, by default."),
    ] = None,
    steps: Steps = 300,
    tune: Tune = 0,
    seed: Annotated[int, typer.Option(help="Of the inversion's random samples.")] = 0,
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Change what a model knows of pictures, by name, and keep the rest."""
    from sparring.verbs import editing

    model = load(run, trust, device)
    if style is not None:
        _mix(model, pictures, style, out, levels, (set_, keep, mask, directions, tune), overwrite)
        return
    with progress_bar() as progress:
        made = editing.edit(
            model,
            pictures,
            out,
            strengths_of(set_ or []),
            keep=names_of(keep),
            mask=mask,
            directions=directions,
            overwrite=overwrite,
            steps=steps,
            tune=tune,
            seed=seed,
            progress=progress,
        )
    _say(made, "the edited picture")


def _mix(
    model: Model,
    pictures: list[Path],
    style: Path,
    out: Path | None,
    levels: str,
    others: tuple[object, ...],
    overwrite: bool,
) -> None:
    """Styles of another picture; none of the other flags of an edit goes with it."""
    from sparring.verbs import editing

    if any(others):
        raise InputError("--style goes with --levels alone: mix first, then edit what came of it.")
    with progress_bar() as progress:
        made = editing.mix(
            *(model, pictures, style, out, place_of("--levels", levels)),
            overwrite=overwrite,
            progress=progress,
        )
    _say(made, "the mixed picture")
