"""`sparring sample | interpolate | reconstruct`: what a trained model makes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparring.cli.app import app, verb
from sparring.cli.models import Run, Trust, load
from sparring.cli.values import size_of
from sparring.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
Count = Annotated[int, typer.Option("-n", "--count", help="How many.")]
Seed = Annotated[int, typer.Option(help="Sample i depends on seed and i alone.")]
Label = Annotated[str | None, typer.Option(help="A label's name or number; all in turn if none.")]
Vector = Annotated[str | None, typer.Option(help="The condition's numbers, with commas.")]
Truncation = Annotated[
    float | None, typer.Option(help="Cut the latent at so many deviations: safer, less varied.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="x.png, x.npy, or a folder.")]


@verb(
    app,
    "sparring sample runs/digits -n 64 --seed 0 --out grid.png",
    "sparring sample runs/digits -n 1000 --label 3 --out threes/",
    "sparring sample runs/digits -n 50000 --truncation 1.5 --out samples.npy",
)
def sample(
    run: Run,
    count: Count = 64,
    seed: Seed = 0,
    label: Label = None,
    vector: Vector = None,
    truncation: Truncation = None,
    out: Out = Path("samples.png"),
    trust: Trust = None,
) -> None:
    """Draw samples: a grid, a folder of pictures, or an array (N, C, H, W) in [-1, 1]."""
    _check_out(out)
    model = load(run, trust)
    numbers = _numbers(vector)
    samples = model.sample(count, label=label, vector=numbers, seed=seed, truncation=truncation)
    write(model, samples, out)
    print(f"{count} samples are in {out}")


@verb(
    app,
    "sparring interpolate runs/digits --out strip.png",
    "sparring interpolate runs/digits --stops 5 --frames 16 --label 3 --out walk.gif",
)
def interpolate(
    run: Run,
    stops: Annotated[int, typer.Option(help="Samples to walk through.")] = 4,
    frames: Annotated[int, typer.Option(help="Steps from one to the next.")] = 8,
    seed: Seed = 0,
    label: Label = None,
    vector: Vector = None,
    truncation: Truncation = None,
    out: Out = Path("strip.png"),
    trust: Trust = None,
) -> None:
    """Walk through the latent space along great circles: a strip, a GIF, a folder or an array."""
    _check_out(out, animated=True)
    model = load(run, trust)
    if out.suffix.lower() == ".gif":
        _need_pictures(model, out)
    walk = model.interpolate(
        stops, frames, label=label, vector=_numbers(vector), seed=seed, truncation=truncation
    )
    if out.suffix.lower() == ".gif":
        _write_gif(model, walk, out)
    else:
        write(model, walk, out, columns=frames if stops > 2 else len(walk))
    print(f"a walk of {len(walk)} steps is in {out}")


@verb(
    app,
    "sparring reconstruct runs/vae --out pairs.png",
    "sparring reconstruct runs/vae --data photos/ -n 16 --out rebuilt.npy",
)
def reconstruct(
    run: Run,
    data: Annotated[
        str | None, typer.Option(help="What to rebuild; the run's held-out items if not given.")
    ] = None,
    count: Count = 32,
    size: Annotated[str | None, typer.Option(help="N or HxW, as in train.")] = None,
    out: Out = Path("reconstructions.png"),
    trust: Trust = None,
) -> None:
    """Send items through a VAE and back; a picture shows each input beside what came of it."""
    _check_out(out)
    model = load(run, trust)
    if not hasattr(model.game, "reconstruct"):
        model.reconstruct(model.sample(1))  # says why not
    from sparring.verbs.evaluate import data_of, reals_of

    dataset = data_of(model, data, size_of(size) if size else None)
    batch = reals_of(model, dataset, count)
    rebuilt = model.reconstruct(batch.real, batch.condition)
    if _is_picture(out):
        import torch

        pairs = torch.stack([batch.real, rebuilt], dim=1).flatten(0, 1)
        write(model, pairs, out, columns=8)
    else:
        write(model, rebuilt, out)
    print(f"{len(rebuilt)} reconstructions are in {out}")


def write(model: Model, samples: Tensor, out: Path, columns: int | None = None) -> None:
    """Write samples (N, *shape): a grid, an array, or one file each in a folder.

    Raises:
        InputError: the place cannot be written.
    """
    try:
        if out.suffix.lower() == ".npy":
            _write_array(samples, out)
        elif _is_picture(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            model.domain.preview(samples, out, columns)
        else:
            _write_folder(model, samples, out)
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror or error}; choose another --out."
        ) from error


def _write_array(samples: Tensor, out: Path) -> None:
    import numpy as np

    out.parent.mkdir(parents=True, exist_ok=True)
    np.save(out, samples.numpy().astype("float32"))


def _write_folder(model: Model, samples: Tensor, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    ending = "png" if samples.dim() == 4 else "csv"
    for index, stored in enumerate(model.domain.decode(samples)):
        model.domain.write(stored, out / f"{index:04d}.{ending}")


def _write_gif(model: Model, walk: Tensor, out: Path) -> None:
    """There and back, for ever."""
    from PIL import Image

    pictures = model.domain.decode(walk).permute(0, 2, 3, 1).numpy()
    frames = [Image.fromarray(p[..., 0] if p.shape[-1] == 1 else p) for p in pictures]
    scale = max(1, 256 // max(frames[0].size))
    frames = [
        f.resize((f.width * scale, f.height * scale), Image.Resampling.NEAREST) for f in frames
    ]
    frames += frames[-2:0:-1]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        frames[0].save(out, save_all=True, append_images=frames[1:], duration=80, loop=0)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}.") from error


def _numbers(text: str | None) -> tuple[float, ...] | None:
    from sparring.cli.values import numbers_of

    return None if text is None else numbers_of("--vector", text)


def _is_picture(out: Path) -> bool:
    return out.suffix.lower() in PICTURES


def _need_pictures(model: Model, out: Path) -> None:
    if len(model.manifest.spec.shape) != 3:
        raise InputError(f"{out} cannot be made: only a model of pictures can be animated.")


def _check_out(out: Path, animated: bool = False) -> None:
    """Before anything is computed: a form that is known, a folder that is one."""
    known = (*PICTURES, ".npy", *((".gif",) if animated else ()))
    if out.suffix and not out.is_dir() and out.suffix.lower() not in known:
        raise InputError(f"--out {out} has an unknown ending; use {', '.join(known)}, or a folder.")
    if not out.suffix and out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; name a folder, or a file ending in .png or .npy.")
