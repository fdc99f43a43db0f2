"""Translate, upscale, repair, blend: a file in, what to do with it, the whole file back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr
from PIL import Image

from sparring.core.errors import InputError
from sparring.domains.image.files import extent, upright
from sparring.domains.image.pasting import pasted
from sparring.studio.canvas import LARGEST, canvas, mask_on, painted
from sparring.studio.chooser import chooser
from sparring.studio.showing import LIVE, QUIET, is_sound, picture, place, small, told
from sparring.verbs import translate as verbs

if TYPE_CHECKING:
    from torch import Tensor

    from sparring.artifact.model import Model
    from sparring.core.types import Domain
    from sparring.studio.shelf import Shelf

TITLE = "Translate"
HINTS = {
    "blend": "Drop a photo and a cut-out with transparency; click on the photo where it shall be.",
    "gaps": "Drop a sound and say from when to when it is missing.",
    "mask": "Drop a picture and paint over what is missing.",
    "repair": "Drop a {kind}: it comes back mended.",
    "upscale": "Drop a {kind}: it comes back {scale} times as large.",
    "translate": "Drop a {kind}.",
}


class Given(NamedTuple):
    """All that stands on the page beside the model."""

    source: str | None
    mask: Tensor | None
    gaps: str
    cutout: str | None
    at: tuple[int, int] | None
    height: int
    style: str | None
    seed: int
    reverse: bool


def build(shelf: Shelf, tab: gr.Tab) -> gr.Dropdown:
    """Fill the tab; its chooser is returned."""
    acts, mask, at = _Acts(shelf), gr.State(None), gr.State(None)
    with gr.Row():
        with gr.Column(scale=1, min_width=260):
            model = chooser(shelf, tab, "translate")
            hint = gr.Markdown(elem_classes="note")
            source = gr.File(label="What goes in", height=110, elem_id="source")
            cutout, height, gaps, style, seed, reverse = options = _options()
            go = gr.Button("Go", variant="primary", elem_id="go")
        with gr.Column(scale=3, min_width=380):
            sheet = canvas("mask")
            results = [laid, *_] = _results()
    fresh = [hint, *options]
    # In one answer with the source, which a later one would take from whoever is quick.
    model.change(told(acts.anew), model, [*fresh, source], **QUIET)
    tab.select(told(acts.offer), model, fresh, **QUIET)
    drops = [sheet, height, *results, mask, at]
    source.change(told(acts.drop), [model, source, cutout, height], drops, **QUIET)
    placed = [model, source, cutout, at, height]
    gr.on([cutout.change, height.change], told(acts.lay), placed, laid, **LIVE)
    laid.select(told(acts.click), [source, cutout, height], [laid, at], **LIVE)
    sheet.input(told(painted), None, mask, **LIVE)
    asked = [model, source, mask, gaps, cutout, at, height, style, seed, reverse]
    go.click(told(acts.run), asked, results)
    return model


def _options() -> list[Any]:
    """What only some models ask for: cut-out, its height, gaps, style, seed, the way."""
    return [
        gr.File(label="Cut-out", height=110, visible=False, elem_id="cutout"),
        gr.Slider(4, LARGEST, 64, step=1, label="Its height in px", visible=False),
        gr.Textbox(label="Missing, in seconds", placeholder="0.5-0.8,1.2-1.3", visible=False),
        gr.File(label="Style of a picture", height=110, visible=False),
        gr.Number(0, precision=0, minimum=0, label="Seed", visible=False),
        gr.Checkbox(label="The other way", visible=False),
    ]


def _results() -> list[Any]:
    """The picture that goes in, before and after, both sounds, and the whole file."""
    shown: dict[str, Any] = {"format": "png", "interactive": False, "visible": False}
    laid = gr.Image(
        label="What goes in",
        height=420,
        buttons=[],
        elem_classes="pixels",
        elem_id="laid",
        **shown,
    )
    slider = gr.ImageSlider(
        label="Before and after",
        buttons=["fullscreen"],
        elem_classes="crisp",
        elem_id="compared",
        **shown,
    )
    with gr.Row():
        players = [
            gr.Audio(label=when, interactive=False, visible=False, buttons=["download"])
            for when in ("Before", "After")
        ]
    whole = gr.DownloadButton("Download the whole file", visible=False, elem_id="whole")
    return [laid, slider, *players, whole]


class _Acts:
    """What the page does with the shelf's models."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def offer(self, name: str | None) -> list[Any]:
        """A hint, and the options that the model asks for."""
        if not name:
            return [gr.skip()] * 7
        model = self.shelf.model(name)
        blends, doors = "blend" in model.task.abilities, model.game.doors
        styled = "encode" in doors and "map" in model.task.conditions
        return [
            _hint(model),
            gr.File(visible=blends),
            gr.Slider(visible=blends),
            gr.Textbox(visible=model.takes_mask and is_sound(model.domain)),
            gr.File(visible=styled),
            gr.Number(visible=bool(model.manifest.spec.latent)),
            gr.Checkbox(visible="reverse" in doors, value=False),
        ]

    def anew(self, name: str | None) -> list[Any]:
        """The same for another model, which begins with no source."""
        return [*self.offer(name), None]

    def drop(self, name: str | None, source: str | None, cutout: str | None, height: int) -> Any:
        """Show what goes in: a picture, one to paint a mask on, or a player."""
        board, shown, heard, tall = None, None, None, gr.skip()
        if name and source:
            model = self.shelf.model(name)
            if "blend" in model.task.abilities:
                most = _height(source)
                height = max(4, most // 2)
                shown, tall = (
                    _laid(source, cutout, None, height),
                    gr.Slider(maximum=most, value=height),
                )
            else:
                shown, heard = _before(model.ends()[0], Path(source))
                if shown is not None and model.takes_mask:
                    board, shown = mask_on(shown), None
        return [
            gr.HTML(value=board, visible=board is not None),
            tall,
            gr.Image(value=shown, visible=shown is not None),
            gr.ImageSlider(visible=False),
            gr.Audio(value=heard, visible=heard is not None),
            *(gr.Audio(visible=False), gr.DownloadButton(visible=False), None, None),
        ]

    def lay(
        self,
        name: str | None,
        source: str | None,
        cutout: str | None,
        at: tuple[int, int] | None,
        height: int,
    ) -> Any:
        """The object on the photo, before it is blended."""
        if not (name and source and "blend" in self.shelf.task(name).abilities):
            return gr.skip()
        return _laid(source, cutout, at, height)

    def click(
        self, source: str, cutout: str | None, height: int, event: gr.SelectData
    ) -> tuple[Any, tuple[int, int]]:
        """Put the object's centre where the photo was clicked."""
        place = _unscaled(source, event.index)
        return _laid(source, cutout, place, height), place

    def run(self, name: str | None, *given: Any) -> list[Any]:
        """Send the whole file through the model."""
        return _result(self.shelf.model(name), Given(*given))


def _hint(model: Model) -> str:
    sound = is_sound(model.ends()[0])
    done = next(door for door in HINTS if door in model.task.abilities)
    if done == "mask" and sound:
        done = "gaps"
    return HINTS[done].format(scale=model.scale, kind="sound" if sound else "picture")


def _before(entry: Domain, path: Path) -> tuple[Image.Image | None, str | None]:
    """The file as the model reads it: its picture, or the path of what is heard."""
    if entry.files is None:
        raise InputError("this model works on no files.")
    if path.suffix.lower() not in entry.files.suffixes:
        some = ", ".join(entry.files.suffixes[:5])
        raise InputError(f"{path.name} is of another kind; this model reads {some}, ...")
    try:
        entry.files.extent(path)  # which knows animations from pictures
        stored = entry.files.open(path).stored
    except InputError as error:
        raise InputError(f"{path.name} cannot be read: {error}") from error
    if is_sound(entry):
        return None, str(path)
    return small(picture(entry, stored[None])), None


def _laid(source: str, cutout: str | None, at: tuple[int, int] | None, height: int) -> Image.Image:
    """The photo, with the object on it as soon as there is one."""
    import torch

    if cutout is None:
        try:
            return _enlarged(upright(Path(source)).convert("RGB"))
        except InputError as error:
            raise InputError(f"{Path(source).name} cannot be read: {error}") from error
    try:
        composite, _ = pasted(Path(source), Path(cutout), 3, at, height)
    except InputError as error:
        raise _named(error, source, cutout) from error
    return _enlarged(Image.fromarray(composite.permute(1, 2, 0).to(torch.uint8).numpy()))


def _height(source: str) -> int:
    try:
        return max(extent(Path(source))[0], 4)
    except InputError as error:
        raise InputError(f"{Path(source).name} cannot be read: {error}") from error


def _enlarged(photo: Image.Image) -> Image.Image:
    """The photo as it is clicked on: Gradio misses clicks on pictures that the page enlarges."""
    times = max(1, LARGEST // max(photo.size))
    size = (photo.width * times, photo.height * times)
    return small(photo.resize(size, Image.Resampling.NEAREST))


def _unscaled(source: str, shown: Any) -> tuple[int, int]:
    """Pixels of the photo that a click on what is shown of it meant."""
    side = max(extent(Path(source)))
    scale = side / LARGEST if side > LARGEST else 1 / (LARGEST // side)
    return int(shown[0] * scale), int(shown[1] * scale)


def _result(model: Model, given: Given) -> list[Any]:
    """The page's results: before and after, players, and the file to take home."""
    if given.source is None:
        raise InputError("drop a picture or a sound first.")
    source = Path(given.source)
    with place() as folder:
        try:
            out = _written(model, source, folder, given)
        except InputError as error:
            raise _named(error, source, given.cutout or "", folder) from error
        kept = source.with_name(out.name)
        kept.write_bytes(out.read_bytes())
    file = gr.DownloadButton(value=str(kept), visible=True)
    entry, leaving = model.ends(given.reverse)
    if is_sound(leaving):
        players = [gr.Audio(value=str(path), visible=True) for path in (source, kept)]
        return [gr.skip(), gr.ImageSlider(visible=False), *players, file]
    before = _before(entry, source)[0]
    if "blend" in model.task.abilities:
        before = _laid(given.source, given.cutout, given.at, given.height)
    with Image.open(kept) as after:
        pair = _alike(before, small(after.convert("RGB")))
    seen = [gr.skip() if "blend" in model.task.abilities else gr.Image(visible=False)]
    return [*seen, gr.ImageSlider(value=pair, visible=True), *[gr.Audio(visible=False)] * 2, file]


def _written(model: Model, source: Path, folder: Path, given: Given) -> Path:
    """What the verb writes, in a folder that is gone afterwards."""
    if "blend" in model.task.abilities:
        if given.cutout is None:
            raise InputError("drop a cut-out first: a picture with transparency.")
        cutout = Path(given.cutout)
        return verbs.blend(model, source, cutout, folder, at=given.at, height=given.height)
    mask: str | Path | None = None
    if model.takes_mask:
        mask = given.gaps if is_sound(model.domain) else _mask(model, source, folder, given.mask)
    done = verbs.translate(
        model,
        source,
        folder / "made",
        mask=mask,
        reverse=given.reverse,
        style=given.style,
        seed=given.seed,
    )
    made = done.written[0]
    return made.rename(made.with_name(f"{source.stem}-{model.manifest.recipe.name}{made.suffix}"))


def _mask(model: Model, source: Path, folder: Path, drawn: Tensor | None) -> Path:
    """The painted mask as a picture of the source's own extent."""
    if drawn is None:
        raise InputError("the mask is empty: paint what is missing first.")
    files = model.ends()[0].files
    assert files is not None, "the source was opened by them"
    height, width = files.extent(source)
    mask = Image.fromarray((drawn[0] * 255).numpy()).resize((width, height), Image.Resampling.BOX)
    mask.save(folder / "mask.png")
    return folder / "mask.png"


def _alike(before: Image.Image | None, after: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Both in one extent, as a slider wants them."""
    assert before is not None, "pictures are made of pictures"
    size = max(before.size, after.size)
    near = Image.Resampling.NEAREST
    return before.convert("RGB").resize(size, near), after.resize(size, near)


def _named(error: InputError, *places: str | Path) -> InputError:
    """The sentence with names of files where it has their places on this machine."""
    words = str(error)
    for path in map(Path, filter(None, map(str, places))):
        words = words.replace(f"{path.parent}/", "").replace(f"{path}/", "")
    return InputError(words)
