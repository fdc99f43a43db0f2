"""Make a ready model again: its data, its training, its scores, the folder that sparring ships.

    python scripts/ready_models.py photos-x4
    python scripts/ready_models.py fashion --runs runs/fashion   # ship a run that is there

Faces and digits are drawn from packages that are asked for here alone: `pip install
dicebear-core dicebear-styles resvg-py scikit-learn`.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from sparring import Dataset, Model, evaluate, load_data
from sparring.artifact.ready import ROOM
from sparring.cli import call
from sparring.core.storage import write_file, write_json
from sparring.verbs.editing.directions import directions
from sparring.verbs.reals import reals_of
from sparring.verbs.strips import write_strip

DRAWN = Path("runs/ready-data")
"""Where the data are drawn that no pack holds."""
FACES = 3000
SHOWN, COUNT = 4, 500
"""Held-out items in the picture of a model, and samples of one from nothing that are scored."""
ALONE, PAIRED = ("frechet",), ("psnr", "ssim", "perceptual")
"""Scores that the cards show of models from nothing, and of those whose truths are known."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What a ready model is made of, and what its card says of it."""

    train: str
    """Arguments of `sparring train`, without seed and run."""
    about: str
    credits: str
    then: tuple[str, ...] = ()
    """Arguments of further trainings, each of which starts from the one before."""
    use: str = ""
    licence: str = ""
    """Of the data, where no pack says it."""
    draw: Callable[[Path], None] | None = None
    """Writes the data, where no pack holds them."""


def draw_faces(folder: Path) -> None:
    """Faces of DiceBear's Fun Emoji, by numbered seeds, at 64 px."""
    import dicebear_styles  # type: ignore[import-not-found]
    import resvg_py  # type: ignore[import-not-found]
    from dicebear import Avatar, Style  # type: ignore[import-not-found]

    path = Path(dicebear_styles.__path__[0]) / "fun-emoji.json"
    style = Style(json.loads(path.read_text()))
    for seed in range(FACES):
        drawn = Avatar(style, {"seed": str(seed), "size": 128}).to_string()
        png = bytes(resvg_py.svg_to_bytes(svg_string=drawn, skip_system_fonts=True))
        face = Image.open(io.BytesIO(png)).convert("RGBA")
        page = Image.new("RGBA", face.size, "white")
        page.alpha_composite(face)
        small = page.convert("RGB").resize((64, 64), Image.Resampling.BOX)
        small.save(folder / f"{seed:05d}.png")


def draw_digits(folder: Path) -> None:
    """The 1,797 digits that scikit-learn ships, 8 x 8, enlarged to 32 x 32, a folder each."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    found = load_digits()
    for place, (picture, label) in enumerate(zip(found.images, found.target, strict=True)):
        own = folder / str(label)
        own.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray((picture * 255 / 16).astype("uint8"))
        grey.resize((32, 32), Image.Resampling.BICUBIC).save(own / f"{place:04d}.png")


PHOTOS = "photos of morguefile.com, unsplash.com, the Library of Congress, USGS and the US Army"
PLANS = {
    "photos-x4": Plan(
        train="superres --data photos --scale 4 --plain 0.3 --width 48 --blocks 8 --perceptual 2 "
        "--warmup 0.5 --batch 4 --minutes 17",
        then=(
            "superres --data photos --scale 4 --plain 0.6 --width 48 --blocks 8 --perceptual 4 "
            "--adversarial 0.3 --matching 3 --lr 0.0003 --lr-end 0.00003 --batch 4 --minutes 15.5",
            "superres --data photos --scale 4 --plain 0.5 --halved 0.5 --averaged --width 48 "
            "--blocks 8 --perceptual 4 --adversarial 0.1 --matching 1 --lr 0.0004 "
            "--lr-end 0.00003 --batch 4 --steps 1000",
            "superres --data photos --scale 4 --plain 0.5 --halved 0.8 --averaged --width 48 "
            "--blocks 8 --l1 75 --perceptual 4 --adversarial 0 --lr 0.0004 --lr-end 0.00002 "
            "--batch 4 --steps 1200",
        ),
        about="photos 4 times as high and wide",
        credits=PHOTOS,
        use="upscale x4",
    ),
    "photos-x2": Plan(
        train="superres --data photos --scale 2 --plain 0.3 --width 32 --blocks 6 --perceptual 2 "
        "--warmup 0.5 --batch 4 --minutes 11",
        then=(
            "superres --data photos --scale 2 --plain 0.6 --width 32 --blocks 6 --perceptual 4 "
            "--adversarial 0.3 --matching 3 --lr 0.0003 --lr-end 0.00003 --batch 4 --steps 3500",
            "superres --data photos --scale 2 --plain 0.6 --halved 0.5 --vivid 0.3 --width 32 "
            "--blocks 6 --perceptual 4 --adversarial 0.3 --matching 3 --lr 0.0003 --lr-end 0.00002 "
            "--batch 4 --steps 900",
        ),
        about="photos twice as high and wide",
        credits=PHOTOS,
        use="upscale x2",
    ),
    "photos-clean": Plan(
        train="restore --data photos --kind mixed --width 48 --blocks 6 --batch 4 --minutes 16",
        then=(
            "restore --data photos --kind mixed --width 48 --blocks 6 --batch 8 --steps 2400",
            "restore --data photos --size 64 --kind mixed --set task.noise=[0,30] --width 48 "
            "--blocks 6 --batch 16 --lr 0.0008 --steps 1300",
            "restore --data photos --size 64 --kind mixed --set task.noise=[0,30] --width 48 "
            "--blocks 6 --batch 16 --lr 0.0008 --steps 1600",
            "restore --data photos --kind mixed --set task.noise=[0,30] --set task.vivid=0.3 "
            "--width 48 --blocks 6 --batch 8 --lr 0.0006 --lr-end 0.00002 --steps 400",
            "restore --data photos --kind mixed --set task.noise=[0,30] --set task.vivid=0.2 "
            "--set task.sigma=[0.1,0.8] --width 48 --blocks 6 --batch 8 --lr 0.0005 "
            "--lr-end 0.00001 --steps 500",
        ),
        about="less noise in photos, and less of JPEG's blocks; it hardly sharpens",
        credits=PHOTOS,
        use="repair",
    ),
    "photos-fill": Plan(
        train="inpaint --data photos --smooth --width 24 --perceptual 5 --warmup 0.6 --batch 4 "
        "--steps 3200",
        about="fills what a mask covers in photos",
        credits=PHOTOS,
        use="repair --mask",
    ),
    "photos-colour": Plan(
        train="restore --data photos --kind colour --size 64 --width 48 --blocks 6 "
        "--perceptual 2 --batch 8 --steps 2000",
        about="colours for grey photos",
        credits=PHOTOS,
    ),
    "avatars": Plan(
        train="r3 --data avatars --conditional --latent 48 --steps 5000",
        about="cartoon faces, 64 x 64, with the expression that is asked for",
        credits="ToonHead by Johan Melin, drawn by DiceBear",
    ),
    "emoji": Plan(
        train=f"r3 --data {DRAWN}/emoji --size 32 --minutes 9",
        about="faces of emoji",
        credits="Fun Emoji Set by Davis Uche, drawn by DiceBear",
        licence="CC-BY-4.0 (Davis Uche)",
        draw=draw_faces,
    ),
    "painter": Plan(
        train="spade --data earth --perceptual 2 --batch 4 --lr 0.001 --minutes 9",
        then=("spade --data earth --perceptual 2 --batch 4 --lr 0.001 --steps 1500",),
        about="satellite pictures from painted seas, plains, mountains and ice",
        credits="NASA Blue Marble; NOAA ETOPO1",
    ),
    "style": Plan(
        train="cut --data emoji:google-twitter --width 24 --batch 2 --steps 2500",
        about="shaded emoji redrawn flat, learnt without pairs",
        credits="Noto Emoji by Google; Twemoji by Twitter",
        licence="Apache-2.0 (Noto Emoji), CC-BY-4.0 (Twemoji)",
    ),
    "fashion": Plan(
        train="r3 --data fashion --steps 120000",
        about="clothes of ten kinds, 28 x 28",
        credits="Fashion-MNIST by Zalando SE",
    ),
    "digits": Plan(
        train=f"r3 --data {DRAWN}/digits --size 32 --conditional --steps 2500",
        about="handwritten digits, drawn as large as 32 x 32 from 8 x 8",
        credits="Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak (UCI)",
        licence="CC-BY-4.0 (UCI)",
        draw=draw_digits,
    ),
}


def main() -> None:
    """Make one again, or ship a run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=sorted(PLANS))
    parser.add_argument("--runs", type=Path, nargs="+", help="what was trained already, in order")
    asked = parser.parse_args()
    ship(asked.name, asked.runs or train(asked.name))


def train(name: str) -> list[Path]:
    """Its runs, seed 0."""
    plan, runs = PLANS[name], [Path("runs") / name]
    if plan.draw is not None:
        place = DRAWN / name
        place.mkdir(parents=True)
        plan.draw(place)
    learn(plan.train, runs[0])
    for words in plan.then:
        runs.append(runs[-1].with_name(f"{runs[-1].name}-then"))
        learn(f"{words} --from {runs[-2]}", runs[-1])
    return runs


def learn(words: str, run: Path) -> None:
    """One training."""
    code = call(["train", *words.split(), "--seed", "0", "--run", str(run)])
    if code:
        raise SystemExit(code)


def ship(name: str, runs: list[Path]) -> None:
    """Write the folder of a ready model: float16 weights, scores, card, picture."""
    plan, folder = PLANS[name], ROOM / name
    natural(Model.load(runs[-1])).save(folder, half=True)
    data, model = source(plan), Model.load(folder)
    alone = "sample" in model.task.abilities
    if not model.scores:
        evaluate(folder, data, count=COUNT if alone else None)
    scores = Model.load(folder).scores["scores"]
    ends = [json.loads((run / "log.jsonl").read_text().splitlines()[-1]) for run in runs]
    commands = [f"sparring train {plan.train} --seed 0"]
    commands += [f"sparring train {words} --from THAT --seed 0" for words in plan.then]
    card = {
        "about": plan.about,
        "use": plan.use,
        "command": "; ".join(commands),
        "licence": plan.licence or model.manifest.data["licence"],
        "credits": plan.credits,
        "minutes": round(sum(end["seconds"] for end in ends) / 60, 1),
        "images": sum(end["images"] for end in ends),
        "machine": f"one core of {processor()}",
        "scores": {
            name: float(f"{scores[name]['value']:.4g}") for name in (ALONE if alone else PAIRED)
        },
    }
    write_json(folder / "card.json", card)
    readme = (folder / "README.md").read_text()
    write_file(folder / "README.md", readme + told(card))
    if alone and data.attributes:
        directions(folder, folder / "directions", data=data, overwrite=True)
        for strip in (folder / "directions").glob("*.png"):
            strip.unlink()
    if alone:
        model.show(model.sample(24, seed=0), columns=8).save(folder / "picture.png")
    else:
        write_strip(model, reals_of(model, data, SHOWN), folder / "picture.png")


def natural(model: Model) -> Model:
    """The model, whose held-out items keep their own colours: strange ones are to learn from."""
    recipe = model.manifest.recipe
    if not recipe.task.to_json().get("vivid"):
        return model
    recipe = recipe.replace(task=recipe.task.replace(vivid=0.0))
    return Model(dataclasses.replace(model.manifest, recipe=recipe), model.networks)


def source(plan: Plan) -> Dataset:
    """What the plan trains on."""
    words = plan.train.split()
    size = {"size": int(words[words.index("--size") + 1])} if "--size" in words else {}
    return load_data(words[words.index("--data") + 1], **size)


def processor() -> str:
    """The name of this machine's processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            busy = os.getloadavg()[2] > (os.cpu_count() or 1)
            return line.partition(":")[2].strip() + ", busy with other work too" * busy
    return platform.machine()


def told(card: dict[str, Any]) -> str:
    """The card in words, below the one that every model has."""
    scores = ", ".join(f"{name} {value}" for name, value in card["scores"].items())
    return (
        f"\nMade for: {card['about']}. Licence of the data: {card['licence']}. "
        f"Credits: {card['credits']}.\n\n`{card['command']}`: {card['images']:,} images in "
        f"{card['minutes']} minutes of {card['machine']}. On held-out data: {scores}.\n"
    )


if __name__ == "__main__":
    main()
