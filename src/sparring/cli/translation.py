"""`sparring translate | repair | upscale | blend`: pictures from pictures, in files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparring.cli.app import app, verb
from sparring.cli.models import Device, Run, RunOrSource, Trust, chosen, load
from sparring.cli.values import names_of, place_of
from sparring.core.errors import InputError, shown

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.verbs.translate.folder import Done

LISTED = 20
"""Failures that are listed one by one."""
Optional = Annotated[
    Path | None,
    typer.Argument(
        metavar="SOURCE", help="A picture or a sound, a folder, or a video.", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", help="A file, or a folder; beside the source if not given."),
]
Seed = Annotated[int, typer.Option(help="File i has latent i of the seed.")]
Tile = Annotated[
    int | None, typer.Option(help="Side of overlapping tiles; by default only of large files.")
]
Existing = Annotated[
    str, typer.Option(help="Results that are there already: refuse, skip or overwrite.")
]


@verb(
    app,
    "sparring translate runs/emoji smile.png --out smile-twitter.png",
    "sparring translate runs/maps layouts/ --out drawn/ --seed 3",
    "sparring translate runs/winter summer.mp4 --out winter.mp4",
    "sparring translate runs/winter snow/ --reverse --out green/",
    "sparring translate runs/stargan-avatars face.png --to smiling,sunglasses",
    "sparring translate runs/repose person.png --with pose.png",
    "sparring translate runs/repose person.png --with walk/ --out walk.gif",
)
def translate(
    run: RunOrSource,
    source: Optional = None,
    out: Out = None,
    to: Annotated[
        str | None, typer.Option(help="Values of attributes that shall change, with commas.")
    ] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="The other way, where the model knows both.")
    ] = False,
    style: Annotated[
        Path | None, typer.Option(help="A picture whose style is used, by the model's encoder.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            help="What else a result is made of, such as a pose map; of a folder of them a "
            "sequence is made, as a .gif or a folder. Give it again for the next one.",
        ),
    ] = None,
    seed: Seed = 0,
    tile: Tile = None,
    existing: Existing = "refuse",
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Turn pictures or sounds into what the model makes of them, under their own names.

    Pictures keep their size, are turned upright, and keep transparency where the format has it;
    sounds keep their length. A file that cannot be read does not stop a folder, and makes the exit
    code 1.
    """
    run, source = chosen(run, source, "translate")
    model = load(run, trust, device)
    moving = any(other.is_dir() for other in beside or ())
    place = _out(model, source, out, "translated")
    place = place.with_suffix(".gif") if moving and out is None else place
    options = {"reverse": reverse, "style": style, "seed": seed, "tile": tile, "to": names_of(to)}
    say(_with_bar(model, source, place, beside=beside or [], existing=existing, **options), place)


@verb(
    app,
    "sparring repair photo.jpg --out clean.png",
    "sparring repair photo.jpg --mask 20,30,80,60",
    "sparring repair ready:photos-colour grey.jpg",
    "sparring repair runs/inpaint photo.png --mask mask.png",
    "sparring repair runs/inpaint photo.png --mask 20,30,80,60 --out whole.png",
    "sparring repair runs/inpaint photos/ --mask white --out whole/",
    "sparring repair runs/denoise noisy/ --out clean/",
    "sparring repair runs/gaps talk.wav --mask 0.5-0.8,2.1-2.2",
)
def repair(
    run: RunOrSource,
    source: Optional = None,
    mask: Annotated[
        str | None,
        typer.Option(
            help="What is missing: a picture, a folder, left,top,right,bottom, or white; of a "
            "sound, seconds: 0.5-0.8."
        ),
    ] = None,
    out: Out = None,
    seed: Seed = 0,
    tile: Tile = None,
    existing: Existing = "refuse",
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Fill what a mask marks as missing, or undo noise, clipping, blur, JPEG, lost colour.

    What the mask does not mark is kept to the bit. Without a run, a ready model fills the mask, or
    without one undoes noise, blur and JPEG of unknown strength.
    """
    from sparring.artifact.given import check_can

    run, source = chosen(run, source, "repair --mask" if mask else "repair")
    model = load(run, trust, device)
    check_can("repair", model.manifest, model.task)
    place = _out(model, source, out, "repaired")
    options = {"mask": mask, "seed": seed, "tile": tile}
    say(_with_bar(model, source, place, existing=existing, **options), place)


@verb(
    app,
    "sparring upscale photo.jpg",
    "sparring upscale photos/ --scale 4 --out large/",
    "sparring upscale runs/superres photo.png",
    "sparring upscale runs/superres photos/ --out large/",
    "sparring upscale runs/superres clip.mp4 --out large.mp4",
)
def upscale(
    run: RunOrSource,
    source: Optional = None,
    scale: Annotated[
        int | None, typer.Option(help="2 (default) or 4, where no run is given.")
    ] = None,
    out: Out = None,
    seed: Seed = 0,
    tile: Tile = None,
    existing: Existing = "refuse",
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Make pictures as many times larger as the model was trained to, or a ready one 2 or 4."""
    from sparring.artifact.given import check_can

    run, source = chosen(run, source, f"upscale x{scale or 2}")
    model = load(run, trust, device)
    check_can("upscale", model.manifest, model.task)
    if scale not in (None, model.scale):
        raise InputError(f"{run} makes pictures {model.scale} times larger, not --scale {scale}.")
    place = _out(model, source, out, f"x{model.scale}")
    say(_with_bar(model, source, place, existing=existing, seed=seed, tile=tile), place)


@verb(
    app,
    "sparring blend runs/blend photo.png bird.png --at 80,60 --height 40",
    "sparring blend runs/blend photo.png bird.png --out together.png",
)
def blend(
    run: Run,
    photo: Annotated[Path, typer.Argument(help="The picture below.", show_default=False)],
    cutout: Annotated[
        Path, typer.Argument(help="The object, transparent around it.", show_default=False)
    ],
    at: Annotated[
        str | None, typer.Option(help="Its centre x,y in pixels; the photo's if not given.")
    ] = None,
    height: Annotated[int | None, typer.Option(help="Its height in pixels.")] = None,
    out: Out = None,
    existing: Existing = "refuse",
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Paste an object into a photo so that its colours and border fit."""
    from sparring.verbs import translate as translation

    model = load(run, trust, device)
    made = translation.blend(
        model,
        photo,
        cutout,
        _out(model, photo, out, "blended"),
        at=place_of("--at", at) if at is not None else None,
        height=height,
        existing=existing,
    )
    print(shown(f"the picture is {made}"))


def _with_bar(model: Model, source: Path, out: Path, **options: Any) -> Done:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TaskID, TextColumn

    from sparring.verbs.translate import translate

    console = Console(stderr=True)
    columns = (
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None, speed="")
            task = bar.tasks[bar.task_ids.index(tasks[what])]
            speed = f"{task.speed:,.1f} {what}/s" if task.speed else ""
            bar.update(task.id, completed=done, total=total, speed=speed)

        return translate(model, source, out, progress=show, **options)


def say(done: Done, out: Path, done_to: str = "translated") -> None:
    """What was written; failures make the exit code 1."""
    kept = f", {done.skipped} were there already" if done.skipped else ""
    where = out if len(done.written) != 1 else done.written[0]
    print(shown(f"{len(done.written)} written to {where}{kept}"))
    if done.failed:
        lines = [shown(f"  {name}: {reason}") for name, reason in sorted(done.failed.items())]
        more = [f"  and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
        listed = "\n".join([*lines[:LISTED], *more])
        typer.echo(f"sparring: {len(lines)} could not be {done_to}:\n{listed}", err=True)
        raise typer.Exit(1)


def _out(model: Model, source: Path, out: Path | None, ending: str) -> Path:
    """Where it goes: beside the source, with an ending to its name, if nothing is said."""
    if out is not None:
        return out
    if source.is_dir():
        return source.resolve().with_name(f"{source.resolve().name}-{ending}")
    files = model.domain.files
    read = files is not None and source.suffix.lower() in files.suffixes
    suffix = Path(files.named(source)).suffix if files is not None and read else source.suffix
    return source.with_name(f"{source.stem}-{ending}{suffix}")
