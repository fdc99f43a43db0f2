"""`sparring invert | directions | edit`: what a model knows of given pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparring.cli.app import app, verb
from sparring.cli.bar import progress_bar
from sparring.cli.models import Device, Run, Trust, load
from sparring.cli.values import names_of, place_of, strengths_of
from sparring.core.errors import InputError, shown

if TYPE_CHECKING:
    from sparring.artifact.model import Model

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
    from sparring.verbs.editing import directions as finding

    model = load(run, trust, device)
    place = out or finding.place_of(run)
    if place is None:
        raise InputError(f"{run} is no place to write to; name a folder with --out.")
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
    "sparring edit runs/faces face.png --set smiling=+2 --keep hair,skin",
    "sparring edit runs/faces face.png --set sunglasses=3 --mask 10,20,50,40 --tune 100",
    "sparring edit runs/faces face.png --style other.png --levels 2,3",
    "sparring edit runs/faces face-inverted.safetensors --set pca-1=-2 --out other.png",
)
def edit(
    run: Run,
    picture: Annotated[
        Path, typer.Argument(help="A picture, or the codes of one.", show_default=False)
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
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The picture to write.")] = None,
    directions: Annotated[
        Path | None, typer.Option(help="Their folder; RUN/directions by default.")
    ] = None,
    steps: Steps = 300,
    tune: Tune = 0,
    seed: Annotated[int, typer.Option(help="Of the inversion's random samples.")] = 0,
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Change what a model knows of a picture, by name, and keep the rest."""
    from sparring.verbs import editing
    from sparring.verbs.editing import directions as finding

    model = load(run, trust, device)
    if style is not None:
        _mix(model, picture, style, out, levels, (set_, keep, mask, directions, tune), overwrite)
        return
    ways = directions or finding.place_of(run)
    if ways is None:
        raise InputError(f"{run} keeps no directions; name their folder with --directions.")
    place = out or picture.with_name(f"{picture.stem}-edited.png")
    with progress_bar() as progress:
        found = editing.edit(
            model,
            picture,
            place,
            strengths_of(set_ or []),
            keep=names_of(keep),
            mask=mask,
            directions=ways,
            overwrite=overwrite,
            steps=steps,
            tune=tune,
            seed=seed,
            progress=progress,
        )
    if found is not None:
        print(shown(found.verdict()))
    print(shown(f"the edited picture is {place}"))


def _mix(
    model: Model,
    picture: Path,
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
    place = out or picture.with_name(f"{picture.stem}-mixed.png")
    with progress_bar() as progress:
        found = editing.mix(
            *(model, picture, style, place, place_of("--levels", levels)),
            overwrite=overwrite,
            progress=progress,
        )
    for name, one in zip((picture, style), found, strict=True):
        print(shown(f"{name}: {one.verdict()}"))
    print(shown(f"the mixed picture is {place}"))
