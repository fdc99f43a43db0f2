"""`sparring sample | interpolate | reconstruct`: what a trained model makes."""

from __future__ import annotations

import itertools
import math
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparring.cli import reading
from sparring.cli.app import app, verb
from sparring.cli.models import Device, Run, Trust, load
from sparring.core.errors import InputError, shown
from sparring.core.ranges import Images, check
from sparring.core.storage import whole_file

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Domain

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
"""Endings of a preview, whatever the domain."""
PIECE, SPACE = 1024, 1 << 26
"""Samples held at once, of more than these, and their pixels."""
BLOCK = 4096
"""Bytes that the smallest file takes."""
"""Pixels up to which frames are enlarged."""
Count = Annotated[int, typer.Option("-n", "--count", help="How many.")]
Seed = Annotated[int, typer.Option(help="Sample i depends on seed and i alone.")]
Label = Annotated[str | None, typer.Option(help="A label's name or number; all in turn if none.")]
Vector = Annotated[str | None, typer.Option(help="The condition's numbers, with commas.")]
Text = Annotated[str | None, typer.Option(help="A sentence, for models trained with sentences.")]
Truncation = Annotated[
    float | None, typer.Option(help="Cut the latent at so many deviations: safer, less varied.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at --out.")]
Out = Annotated[
    Path, typer.Option("-o", "--out", help="x.png, x.npy, a file of the data's kind, or a folder.")
]


@verb(
    app,
    "sparring sample runs/digits -n 64 --seed 0 --out grid.png",
    "sparring sample runs/digits -n 1000 --label 3 --out threes/",
    "sparring sample runs/digits -n 50000 --truncation 1.5 --out samples.npy",
    'sparring sample runs/text2image -n 8 --text "a person with red hair" --out red.png',
)
def sample(
    run: Run,
    count: Count = 64,
    seed: Seed = 0,
    label: Label = None,
    vector: Vector = None,
    text: Text = None,
    truncation: Truncation = None,
    out: Out = Path("samples.png"),
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Draw samples: a grid, a file or a folder of the data's kind, or an array as encoded."""
    model = load(run, trust, device)
    _check_out(model, out, count)
    _check_free(out, overwrite)
    numbers = _numbers(vector)
    words: dict[str, Any] = {"label": label, "vector": numbers, "truncation": truncation}
    words |= _text(model, text)
    check("-n", count, Images)
    needs, piece = check_room(model, count, out), piece_of(model)
    began = time.perf_counter()
    first = model.sample(min(count, piece), seed=seed, **words)
    if count <= piece:
        write(model, first, out)
    else:
        _say_length(count, (time.perf_counter() - began) * count / piece, needs)
        rest = (
            model.sample(min(piece, count - start), seed=seed, start=start, **words)
            for start in range(piece, count, piece)
        )
        write_pieces(model, itertools.chain([first], rest), count, out)
    print(shown(f"{count} samples are in {out}"))


@verb(
    app,
    "sparring interpolate runs/digits --out strip.png",
    "sparring interpolate runs/digits --stops 5 --frames 16 --label 3 --out walk.gif",
    "sparring interpolate runs/drums --stops 2 --label kick --to snare --out walk/",
    'sparring interpolate runs/text2image --text "a sad person" --to "an angry person"',
)
def interpolate(
    run: Run,
    stops: Annotated[int, typer.Option(help="Samples to walk through.")] = 4,
    frames: Annotated[int, typer.Option(help="Steps from one to the next.")] = 8,
    seed: Seed = 0,
    label: Label = None,
    to: Annotated[
        str | None,
        typer.Option(help="Text or label at the end of the walk; it begins at --text or --label."),
    ] = None,
    vector: Vector = None,
    text: Text = None,
    truncation: Truncation = None,
    out: Out = Path("strip.png"),
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
) -> None:
    """Walk through the latent space along great circles: a strip, a GIF, a folder or an array."""
    model = load(run, trust, device)
    _check_out(model, out, 2, animated=True)
    _check_free(out, overwrite)
    check("--stops", stops, Images)
    check("--frames", frames, Images)
    check_room(model, stops * frames, None)
    told: dict[str, Any] = {"label": label, "to": to, "vector": _numbers(vector)}
    told |= _text(model, text, *[to] * (text is not None and to is not None))
    walk = model.interpolate(stops, frames, **told, seed=seed, truncation=truncation)
    if out.suffix.lower() == ".gif":
        from sparring.domains.animation import write_gif

        write_gif(model.domain, walk, out)
    else:
        write(model, walk, out, columns=frames if stops > 2 else len(walk))
    print(shown(f"a walk of {len(walk)} steps is in {out}"))


@verb(
    app,
    "sparring reconstruct runs/vae --out pairs.png",
    "sparring reconstruct runs/vae --data photos/ -n 16 --out rebuilt.npy",
)
@reading.reads
def reconstruct(
    run: Run,
    data: Annotated[
        str | None, typer.Option(help="What to rebuild; the run's held-out items if not given.")
    ] = None,
    count: Count = 32,
    out: Out = Path("reconstructions.png"),
    overwrite: Overwrite = False,
    device: Device = "auto",
    trust: Trust = None,
    **given: Any,
) -> None:
    """Send items through a VAE and back; a picture shows each input beside what came of it."""
    options = reading.options_of(given)
    model = load(run, trust, device)
    _check_out(model, out, count)
    _check_free(out, overwrite)
    if "reconstruct" not in model.game.doors:
        model.reconstruct(model.sample(1))  # says why not
    from sparring.verbs.reals import data_of, reals_of

    dataset = data_of(model, data, trust or (), **options)
    batch = reals_of(model, dataset, count)
    rebuilt = model.reconstruct(batch.real, batch.condition)
    if _is_picture(out):
        import torch

        pairs = torch.stack([batch.real, rebuilt], dim=1).flatten(0, 1)
        write(model, pairs, out, columns=8)
    else:
        write(model, rebuilt, out)
    print(shown(f"{len(rebuilt)} reconstructions are in {out}"))


def write(model: Model, samples: Tensor, out: Path, columns: int | None = None) -> None:
    """Write samples (N, *shape): a preview, an array, a file of the domain's, or a folder of such.

    Raises:
        InputError: the place cannot be written.
    """
    domain, suffix = model.domain, out.suffix.lower()
    if not suffix or out.is_dir():
        write_pieces(model, [samples], len(samples), out)
        return
    with whole_file(out) as draft:
        if suffix == ".npy":
            _write_array(samples, draft)
        elif _is_picture(out):
            domain.preview(samples, draft, columns)
        else:
            stored = domain.decode(samples)
            domain.write(stored if domain.many else stored[0], draft)


def _write_array(samples: Tensor, out: Path) -> None:
    import numpy as np

    np.save(out, samples.numpy().astype("float32"))


def piece_of(model: Model) -> int:
    """How many samples are held at once: as many times as many as are computed at once."""
    from sparring.artifact.model import CELLS, CHUNK
    from sparring.artifact.tiling import at_once

    shape = model.manifest.spec.shape
    chunk = at_once(CHUNK, CELLS, shape)
    return max(at_once(PIECE, SPACE, shape) // chunk, 1) * chunk


def _say_length(count: int, seconds: float, needs: str) -> None:
    from sparring.verbs.report.sections import duration

    print(f"{count:,} samples take about {duration(seconds)} and {needs}.", file=sys.stderr)


def check_room(model: Model, count: int, out: Path | None) -> str:
    """So many samples fit on the disk, or in memory where they must be there at once.

    What they take is returned in words.

    Raises:
        InputError: they do not.
    """
    import psutil

    numbers = count * math.prod(model.manifest.spec.shape)
    if out is not None and _in_pieces(out):
        place = next(parent for parent in out.absolute().parents if parent.exists())
        need = 4 * numbers if out.suffix else max(numbers, BLOCK * count)
        free, where = shutil.disk_usage(place).free, "on the disk"
    else:
        need, free, where = 12 * numbers, psutil.virtual_memory().available, "in memory"
    if need > free:
        raise InputError(
            f"{count:,} samples take about {need / 2**30:,.1f} GiB {where} and "
            f"{free / 2**30:,.1f} GiB are free; draw fewer with -n, or less at a time."
        )
    return f"{need / 2**30:,.1f} GiB {where}"


def write_pieces(model: Model, pieces: Iterable[Tensor], count: int, out: Path) -> None:
    """Write many samples as they come: an array whole or not at all, a folder file by file.

    Raises:
        InputError: the place cannot be written.
    """
    import torch

    if not _in_pieces(out):
        write(model, torch.cat(list(_shown(pieces, count))), out)
    elif out.suffix and not out.is_dir():
        _write_memmap(_shown(pieces, count), (count, *model.manifest.spec.shape), out)
    else:
        done = 0
        try:
            for piece in _shown(pieces, count):
                _write_folder(model.domain, piece, out, done)
                done += len(piece)
        except OSError as error:
            raise InputError(
                f"cannot write {out}: {error.strerror or error}; its first {done} are whole."
            ) from error
        except KeyboardInterrupt:
            print(shown(f"the first {done} samples are in {out}"), file=sys.stderr)
            raise


def _write_memmap(pieces: Iterable[Tensor], shape: tuple[int, ...], out: Path) -> None:
    import numpy as np

    with whole_file(out) as draft:
        array = np.lib.format.open_memmap(draft, mode="w+", dtype=np.float32, shape=shape)
        done = 0
        for piece in pieces:
            array[done : done + len(piece)] = piece.numpy()
            done += len(piece)
        array.flush()


def _shown(pieces: Iterable[Tensor], count: int) -> Iterator[Tensor]:
    """The pieces, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("samples", total=count)
        for piece in pieces:
            yield piece
            bar.advance(task, len(piece))


def _in_pieces(out: Path) -> bool:
    return out.suffix.lower() == ".npy" or not out.suffix or out.is_dir()


def _write_folder(domain: Domain, samples: Tensor, out: Path, start: int = 0) -> None:
    """One file each, of the domain's usual kind."""
    out.mkdir(parents=True, exist_ok=True)
    for index, stored in enumerate(domain.decode(samples), start):
        path = out / f"{index:04d}{domain.suffixes[0]}"
        try:
            domain.write(stored[None] if domain.many else stored, path)
        except BaseException:  # Ctrl-C among them: no file is left half-written
            path.unlink(missing_ok=True)
            raise


def _numbers(text: str | None) -> tuple[float, ...] | None:
    from sparring.cli.values import numbers_of

    return None if text is None else numbers_of("--vector", text)


def _text(model: Model, *texts: str | None) -> dict[str, str]:
    """The first of the texts as a keyword; words that the model has never seen are said."""
    from sparring.artifact.conditions import named, unseen

    given = [text for text in texts if text is not None]
    strange = [word for text in given for word in unseen(model.manifest, text)]
    if strange:
        words = f"note: the model has never seen {named(strange)}; the rest of the text is used."
        print(shown(words), file=sys.stderr)
    return {"text": given[0]} if given else {}


def _is_picture(out: Path) -> bool:
    return out.suffix.lower() in PICTURES


def _check_free(out: Path, overwrite: bool) -> None:
    """Nothing is there that would be replaced, unless that is asked for by name.

    Raises:
        InputError: there is.
    """
    there = out.is_file() or (out.is_dir() and any(out.iterdir()))
    if there and not overwrite:
        raise InputError(
            f"{out} is there already; choose another --out, or replace it with --overwrite."
        )


def _check_out(model: Model, out: Path, count: int, animated: bool = False) -> None:
    """Before anything is computed: a form that the domain writes, a folder that is one."""
    domain, suffix = model.domain, out.suffix.lower()
    if not suffix or out.is_dir():
        if out.exists() and not out.is_dir():
            raise InputError(
                f"--out {out} is a file; name a folder, or a file ending in .png or .npy."
            )
        return
    if suffix == ".gif" and animated and not domain.grid:
        raise InputError(f"{out} cannot be made: this model's samples are not shown one by one.")
    known = [*domain.suffixes, ".npy", *PICTURES, *([".gif"] if animated else [])]
    if suffix not in known:
        forms = ", ".join(dict.fromkeys(known))
        raise InputError(f"--out {out} has an unknown ending; use {forms}, or a folder.")
    if suffix in domain.suffixes and suffix not in PICTURES and not domain.many and count > 1:
        raise InputError(
            f"one {suffix} holds one sample, not {count}; name a folder, or draw -n 1."
        )
