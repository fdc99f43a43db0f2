"""Ready models on photos that none of them saw, beside what can be had without them.

    python benchmarks/ready.py PHOTOS x4 x2 clean fill --out runs/ready-outside
    python benchmarks/ready.py PHOTOS large

PHOTOS is a folder with the packages lomiri-wallpapers-16.04, lomiri-wallpapers-20.04 and
mate-backgrounds, unpacked (`apt-get download P; dpkg -x P_*.deb PHOTOS`). Every photo is first
made a megapixel small (Lanczos): that is the truth. Frechet distances compare crops of 128 px.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from reference import esrgan_slim
from torch import Tensor

from sparring import Model
from sparring.domains.image import baselines, fidelity, pretrained
from sparring.metrics.distances import frechet
from sparring.tasks import degradations
from sparring.tasks.masks import masks

NAMES = (
    "Bridge Dragonfly Picture_0B Picture_1A Wine aitzgorri free friends greentock picosdeeuropa "
    "seeding sunset Fossa Kleiber Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird Wood "
    "YellowFlower Storm"
).split()
ROWS, SHOWN = 4, 176
"""Photos in a sheet of what was made, and the side of what is shown of each."""
SIDE, CROP = 1024, 128
"""Longest side of a photo, and side of the crops that are compared as sets."""
Make = Callable[[Tensor], Tensor]
"""Pictures (1, C, h, w) in [-1, 1] to pictures (1, 3, H, W)."""


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("what", nargs="+", choices=sorted(WHAT))
    parser.add_argument("--out", type=Path, help="where to write what was made")
    parser.add_argument("--count", type=int, default=len(NAMES))
    given = parser.parse_args()
    torch.manual_seed(0)
    truths = [] if given.what == ["large"] else list(photos(given.photos, given.count))
    for what in given.what:
        WHAT[what](given.photos, truths, given.out)


def photos(folder: Path, count: int) -> Iterator[tuple[str, Tensor]]:
    """Names and photos (1, 3, H, W), at most SIDE long, sides multiples of 8."""
    for name in NAMES[:count]:
        (path,) = [p for p in folder.glob(f"**/{name}*.jpg") if p.stem.split("_by_")[0] == name]
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        width, height = (side // 8 * 8 for side in picture.size)
        yield name, tensor(picture.crop((0, 0, width, height)))


def tensor(picture: Image.Image) -> Tensor:
    """(1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1


def image(picture: Tensor) -> Image.Image:
    """The picture of (1, 3, H, W)."""
    levels = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    return Image.fromarray(levels.numpy())


def compressed(picture: Tensor, quality: int = 75) -> Tensor:
    """What libjpeg leaves of it."""
    file = io.BytesIO()
    image(picture).save(file, "JPEG", quality=quality)
    return tensor(Image.open(file))


def resized(kind: Image.Resampling, scale: int, picture: Tensor) -> Tensor:
    """Pillow's enlargement."""
    small = image(picture)
    return tensor(small.resize((small.width * scale, small.height * scale), kind))


def superres(scale: int, _: Path, truths: list[tuple[str, Tensor]], out: Path | None) -> None:
    """Photos made small, clean and as JPEG, and enlarged again."""
    makers = {
        f"photos-x{scale}": Model.load(f"ready:photos-x{scale}").upscale,
        "bicubic": partial(resized, Image.Resampling.BICUBIC, scale),
        "Lanczos": partial(resized, Image.Resampling.LANCZOS, scale),
        "ESRGAN-slim": esrgan_slim.upscaler(scale),
    }
    kinds: dict[str, Make] = {"clean": lambda picture: picture, "JPEG 75": compressed}
    for kind, spoil in kinds.items():
        small = [spoil(tensor(shrunk(truth, scale))) for _, truth in truths]
        table(f"x{scale}, {kind}", truths, small, makers, out)


def shrunk(truth: Tensor, scale: int) -> Image.Image:
    """The photo at a part of its extent, bicubic and antialiased, in 8 bits."""
    whole = image(truth)
    size = (whole.width // scale, whole.height // scale)
    return whole.resize(size, Image.Resampling.BICUBIC)


def clean(_: Path, truths: list[tuple[str, Tensor]], out: Path | None) -> None:
    """Photos with noise, JPEG, blur and all three, made whole."""
    model = Model.load("ready:photos-clean")
    makers: dict[str, Make] = {
        "photos-clean": model.repair,
        "as given": lambda picture: picture,
        "non-local means": lambda given: baselines.non_local_means(given, tuple(given.shape[1:])),
        "median 3 x 3": partial(filtered, lambda p: cv2.medianBlur(p, 3)),
        "bilateral": partial(filtered, lambda p: cv2.bilateralFilter(p, 7, 40, 5)),
    }
    kinds: dict[str, Make] = {
        "noise 25": lambda p: degradations.noise(p, (25, 25)).clamp(-1, 1),
        "JPEG 20": partial(compressed, quality=20),
        "blur 1, noise 15, JPEG 40": lambda p: compressed(
            degradations.noise(degradations.blur(p, (1.0, 1.0)), (15, 15)), 40
        ),
    }
    for kind, spoil in kinds.items():
        table(f"clean, {kind}", truths, [spoil(truth) for _, truth in truths], makers, out)


def filtered(change: Callable[[np.ndarray], np.ndarray], picture: Tensor) -> Tensor:
    """A filter of OpenCV's."""
    return tensor(Image.fromarray(change(np.array(image(picture)))))


def fill(_: Path, truths: list[tuple[str, Tensor]], out: Path | None) -> None:
    """Photos with holes in half of their cells of 128 px, filled."""
    model = Model.load("ready:photos-fill")
    holes = [holed(truth) for _, truth in truths]
    given = [
        torch.cat([truth * (1 - mask), mask], 1)
        for (_, truth), mask in zip(truths, holes, strict=True)
    ]
    makers: dict[str, Make] = {
        "photos-fill": lambda joint: model.repair(joint[:, :3], joint[:, 3:]),
        "Telea": lambda joint: baselines.telea(joint, tuple(joint[:, :3].shape[1:])),
        "Navier-Stokes": lambda joint: baselines.navier_stokes(
            joint, tuple(joint[:, :3].shape[1:])
        ),
    }
    table("fill", truths, given, makers, out)


def holed(truth: Tensor) -> Tensor:
    """A mask (1, 1, H, W) of boxes and strokes in every second cell."""
    rows, columns = (side // CROP for side in truth.shape[2:])
    cells = masks("mixed", rows * columns, CROP, CROP).float().reshape(rows, columns, CROP, CROP)
    chequer = (torch.arange(rows)[:, None] + torch.arange(columns)) % 2
    joined = (cells * chequer[..., None, None]).permute(0, 2, 1, 3).reshape(1, 1, rows * CROP, -1)
    return F.pad(joined, (0, truth.shape[3] - joined.shape[3], 0, truth.shape[2] - joined.shape[2]))


def table(
    title: str,
    truths: list[tuple[str, Tensor]],
    given: list[Tensor],
    makers: dict[str, Make],
    out: Path | None,
) -> None:
    """One row for each maker."""
    print(f"\n### {title}\n\n| | PSNR | perceptual | Frechet | processor seconds a photo |")
    print("|---|---|---|---|---|", flush=True)
    real = crops([truth for _, truth in truths])
    reader = pretrained.efficientnet()
    seen = reader.features(real)
    kept: dict[str, list[Tensor]] = {}
    for name, make in makers.items():
        begin = time.process_time()
        with torch.inference_mode():
            made = [make(picture).clamp(-1, 1) for picture in given]
        seconds = (time.process_time() - begin) / len(given)
        pairs = [(fake, truth) for fake, (_, truth) in zip(made, truths, strict=True)]
        means = [
            sum(float(score(*pair)) for pair in pairs) / len(pairs)
            for score in (fidelity.psnr, fidelity.perceptual)
        ]
        apart = frechet(seen, reader.features(crops(made)))
        found = f"{means[0]:.2f} | {means[1]:.3f} | {apart:.1f} | {seconds:.2f}"
        print(f"| {name} | {found} |", flush=True)
        kept[name] = made
    if out is not None:
        sheet(out / f"{title.replace(',', '').replace(' ', '-')}.png", truths, given, kept)


def sheet(
    path: Path, truths: list[tuple[str, Tensor]], given: list[Tensor], made: dict[str, list[Tensor]]
) -> None:
    """Crops of some photos as one PNG, a row each: what was given, made by each, and true."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for place in range(0, len(truths), max(1, len(truths) // ROWS))[:ROWS]:
        truth = truths[place][1]
        first = F.interpolate(given[place][:, :3], truth.shape[2:], mode="nearest")
        row = [first, *(fakes[place] for fakes in made.values()), truth]
        top, left = (side // 2 - SHOWN // 2 for side in truth.shape[2:])
        cut = [one[:, :, top : top + SHOWN, left : left + SHOWN] for one in row]
        rows.append(torch.cat(cut, 3))
    image(torch.cat(rows, 2)).save(path, optimize=True)


def crops(pictures: list[Tensor]) -> Tensor:
    """(N, 3, CROP, CROP): all pictures in cells."""
    found = []
    for picture in pictures:
        rows = picture[0].unfold(1, CROP, CROP).unfold(2, CROP, CROP)
        found.append(rows.permute(1, 2, 0, 3, 4).reshape(-1, 3, CROP, CROP))
    return torch.cat(found)


def large(folder: Path, _: list[tuple[str, Tensor]], __: Path | None) -> None:
    """Time and peak memory of whole commands on large photos."""
    (path,) = folder.glob("**/Dragonfly_by_Bolly.jpg")
    print("\n| command | seconds | peak memory, MB |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for megapixels in (2, 12):
            photo = Path(place) / f"{megapixels}.png"
            side = round((megapixels * 1e6 * 4 / 3) ** 0.5)
            Image.open(path).resize((side, side * 3 // 4)).save(photo)
            for verb in (["upscale"], ["repair"]):
                measured([*verb, str(photo), "--out", f"{place}/{verb[0]}{megapixels}.png"])


def measured(words: list[str]) -> None:
    """One row for one command in its own process."""
    code = (
        "import resource, sys; from sparring.cli import call; call(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)"
    )
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    name = f"{words[0]}, {Path(words[1]).stem} megapixels"
    print(f"| {name} | {seconds:.1f} ({used:.1f} of processor) | {done.stdout.split()[-1]} |")


WHAT = {
    "x4": partial(superres, 4),
    "x2": partial(superres, 2),
    "clean": clean,
    "fill": fill,
    "large": large,
}


if __name__ == "__main__":
    main()
