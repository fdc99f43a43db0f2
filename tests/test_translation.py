"""The verbs translate, repair, upscale and blend, on files, folders and videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.domains.layout.domain import Layout
from sparring.recipes import recipe_named
from sparring.verbs.translate import translate

Call = Callable[..., tuple[int, str, str]]


def tiny(recipe: str, channels: int = 3, side: int = 16, **settings: Any) -> Model:
    """A small untrained model of a recipe that makes pictures from pictures."""
    made = recipe_named(recipe, settings).override({"generator.width": 4})
    shape = (channels, side, side)
    task = made.task.build()
    source = (
        Part("sparring.domains.image.domain:Image", shape=shape) if task.sources != "none" else None
    )
    spec = Spec(shape, made.latent, map=task.map_shape(shape, shape))
    domain = Part("sparring.domains.image.domain:Image", shape=shape)
    manifest = Manifest(recipe=made, domain=domain, source_domain=source, spec=spec, data={})
    torch.manual_seed(0)
    kept = ("generator", "inverse") if recipe == "cyclegan" else ("generator",)
    return Model(manifest, {name: build_network(manifest, name) for name in kept})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    tiny("pix2pix").save(tmp_path / "model")
    return tmp_path / "model"


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (20, 16), seed: int = 0) -> Path:
    """A picture of noise; size is (width, height)."""
    random = np.random.default_rng(seed)
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    values = random.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values[..., 0] if channels == 1 else values, mode=None).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened_:
        return np.asarray(opened_).copy()


def test_a_file_keeps_its_size_and_is_what_the_model_says(
    run: Path, tmp_path: Path, sparring: Call
) -> None:
    source = picture(tmp_path / "a.png", size=(21, 18))
    code, out, err = sparring("translate", run, source, "--out", tmp_path / "b.png")
    assert (code, err) == (0, "") and "b.png" in out
    given = torch.from_numpy(pixels(source).transpose(2, 0, 1).copy())[None]
    model = Model.load(run)
    expected = model.domain.decode(model.translate(given))[0].permute(1, 2, 0).numpy()
    assert np.array_equal(pixels(tmp_path / "b.png"), expected)


def test_a_folder_of_many_sizes_goes_on_after_damage(
    run: Path, tmp_path: Path, sparring: Call
) -> None:
    folder = tmp_path / "in"
    for k, size in enumerate([(16, 16), (20, 16), (16, 16), (9, 30)]):
        picture(folder / f"{k}.png", size=size, seed=k)
    picture(folder / "deeper" / "x.jpg")
    picture(folder / "tiny.png", size=(2, 2))
    (folder / "text.png").write_text("no picture")
    whole = picture(folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    code, out, err = sparring("translate", run, folder, "--out", tmp_path / "out")
    assert code == 1 and "5 written" in out
    assert "3 could not be translated" in err and "Traceback" not in err
    assert all(name in err for name in ("text.png", "cut.png", "tiny.png"))
    assert "base grid" in err
    made = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert made == {"0.png", "1.png", "2.png", "3.png", "deeper/x.jpg"}
    for k in range(4):
        assert pixels(folder / f"{k}.png").shape == pixels(tmp_path / "out" / f"{k}.png").shape
        translate(run, folder / f"{k}.png", tmp_path / "alone.png", existing="overwrite")
        alone, batched = (pixels(p).astype(int) for p in
                          (tmp_path / "alone.png", tmp_path / "out" / f"{k}.png"))  # fmt: skip
        assert abs(alone - batched).max() <= 1


def test_a_name_as_long_as_can_be_and_a_place_that_cannot_be_written(
    run: Path, tmp_path: Path, sparring: Call
) -> None:
    longest = "x" * 251 + ".png"
    picture(tmp_path / "in" / longest)
    picture(tmp_path / "in" / "a.png", seed=1)
    (tmp_path / "out" / "a.png").mkdir(parents=True)  # a folder in the way of a result
    there = ("--out", tmp_path / "out", "--existing", "overwrite")
    code, out, err = sparring("translate", run, tmp_path / "in", *there)
    assert code == 1 and "1 written" in out, err
    assert "1 could not be translated" in err and "a.png" in err and "Traceback" not in err
    assert (tmp_path / "out" / longest).is_file()


def test_results_that_are_there_are_kept_unless_told(
    run: Path, tmp_path: Path, sparring: Call
) -> None:
    source = picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "b.png", seed=1)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"mine")
    code, _, err = sparring("translate", run, source.parent, "--out", out)
    assert code == 2 and "exists already" in err and not (out / "b.png").exists()
    code, said, _ = sparring("translate", run, source.parent, "--out", out, "--existing", "skip")
    assert code == 0 and "1 were there already" in said
    assert (out / "a.png").read_bytes() == b"mine" and (out / "b.png").exists()
    code, *_ = sparring("translate", run, source.parent, "--out", out, "--existing", "overwrite")
    assert code == 0 and pixels(out / "a.png").shape == (16, 20, 3)


def test_originals_are_never_replaced(run: Path, tmp_path: Path) -> None:
    source = picture(tmp_path / "in" / "a.png")
    before = source.read_bytes()
    with pytest.raises(InputError, match="originals"):
        translate(run, source.parent, source.parent, existing="overwrite")
    with pytest.raises(InputError, match="its own source"):
        translate(run, source, source, existing="overwrite")
    assert source.read_bytes() == before


def test_bad_input_writes_nothing(
    run: Path, tiny_run: Path, tmp_path: Path, sparring: Call
) -> None:
    source = picture(tmp_path / "in" / "a.png")
    small = picture(tmp_path / "small.png", size=(2, 3))
    (tmp_path / "empty").mkdir()
    text = tmp_path / "words.png"
    text.write_text("no picture")
    out = tmp_path / "made.png"
    for arguments, words in (
        (("translate", tiny_run, source), "another task"),
        (("translate", run, source, "--reverse"), "one way"),
        (("translate", run, source, "--style", source), "no encoder"),
        (("translate", run, small), "base grid"),
        (("translate", run, text), "not a picture"),
        (("translate", run, tmp_path / "nowhere.png"), "no file or folder"),
        (("translate", run, tmp_path / "empty"), "nothing that this model reads"),
        (("translate", run, source, "--existing", "delete"), "refuse, skip, overwrite"),
        (("repair", run, source, "--mask", "white"), "repairs nothing"),
        (("upscale", run, source), "enlarges nothing"),
        (("blend", run, source, source), "another task"),
    ):
        code, said, err = sparring(*arguments, "--out", out)
        assert code == 2 and words in err and said == "", (arguments, err)
        assert not out.exists() and "Traceback" not in err
    code, _, err = sparring("translate", run, source, "--out", tmp_path / "made.xyz")
    assert code == 2 and "no suffix to write" in err


def test_transparency_orientation_and_depth(tmp_path: Path) -> None:
    domain = tiny("pix2pix").domain
    clear = picture(tmp_path / "clear.png", "RGBA")
    around = domain.files.open(clear)
    assert around.stored.shape == (3, 16, 20) and around.around.alpha is not None
    domain.files.write(around.stored, tmp_path / "again.png", around.around)
    first, again = (pixels(p).astype(int) for p in (clear, tmp_path / "again.png"))
    assert np.array_equal(first[..., 3], again[..., 3])
    seen = first[..., 3] > 64
    assert abs(first - again)[seen].max() <= 4, "what is left alone comes out as it went in"

    turned = Image.new("RGB", (20, 16), "red")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert domain.files.open(tmp_path / "turned.jpg").stored.shape == (3, 20, 16)

    grey = tiny("pix2pix", channels=1).domain
    deep = np.arange(16 * 20, dtype=np.uint16).reshape(16, 20) * 200
    Image.fromarray(deep).save(tmp_path / "deep.png")
    stored = grey.files.open(tmp_path / "deep.png").stored
    assert stored.dtype == torch.float32 and len(stored.unique()) == 320
    assert domain.files.open(tmp_path / "deep.png").stored.shape == (3, 16, 20)
    assert grey.files.open(clear).stored.shape == (1, 16, 20)


def test_label_maps_are_read_by_number_and_written_as_such(tmp_path: Path) -> None:
    layout = Layout((3, 16, 16), values=(0, 5, 9))
    numbers = np.zeros((8, 12), np.uint8)
    numbers[:, 6:], numbers[4:] = 5, 9
    Image.fromarray(numbers).save(tmp_path / "map.png")
    stored = layout.files.open(tmp_path / "map.png").stored
    assert stored.unique().tolist() == [0, 1, 2]
    assert layout.files.named(tmp_path / "map.jpg") == "map.png"
    layout.files.write(stored, tmp_path / "out.png")
    assert np.array_equal(pixels(tmp_path / "out.png"), numbers)
    Image.fromarray(numbers + 1).save(tmp_path / "off.png")
    with pytest.raises(InputError, match="outside the palette"):
        layout.files.open(tmp_path / "off.png")
    with pytest.raises(InputError, match="indexed or grey"):
        layout.files.open(picture(tmp_path / "rgb.png"))


def test_repair_keeps_what_is_known(tmp_path: Path, sparring: Call) -> None:
    run = tmp_path / "run"
    tiny("inpaint").save(run)
    source = picture(tmp_path / "a.png")
    values = pixels(source).copy()
    hole = np.zeros((16, 20), bool)
    hole[4:12, 5:10] = True
    Image.fromarray(hole).save(tmp_path / "mask.png")
    Image.fromarray(np.where(hole[..., None], 255, np.minimum(values, 240))).save(
        tmp_path / "white.png"
    )
    for k, (given, mask) in enumerate(
        ((source, tmp_path / "mask.png"), (source, "5,4,10,12"), (tmp_path / "white.png", "white"))
    ):
        out = tmp_path / f"{k}.png"
        code, _, err = sparring("repair", run, given, "--mask", mask, "--out", out)
        assert (code, err) == (0, "")
        before, after = pixels(given), pixels(out)
        assert np.array_equal(before[~hole], after[~hole])
        assert not np.array_equal(before[hole], after[hole])
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()


def test_masks_that_cannot_be(tmp_path: Path, sparring: Call) -> None:
    run = tmp_path / "run"
    tiny("inpaint").save(run)
    source = picture(tmp_path / "a.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "small.png")
    Image.new("L", (20, 16), 255).save(tmp_path / "full.png")
    Image.new("L", (20, 16), 0).save(tmp_path / "none.png")
    (tmp_path / "masks").mkdir()
    for mask, words in (
        (tmp_path / "small.png", "one size"),
        (tmp_path / "full.png", "all white"),
        (tmp_path / "none.png", "empty"),
        (tmp_path / "masks", "no mask for a.png"),
        (tmp_path / "nowhere.png", "no rectangle such as"),
        ("5,4,30,12", "not within"),
        ("white", "empty"),
    ):
        code, _, err = sparring("repair", run, source, "--mask", mask, "--out", tmp_path / "o.png")
        assert code == 2 and words in err and not (tmp_path / "o.png").exists(), err
    code, _, err = sparring("repair", run, source, "--out", tmp_path / "o.png")
    assert code == 2 and "needs a mask" in err


def test_upscale_enlarges_pictures_and_their_alpha(tmp_path: Path, sparring: Call) -> None:
    run = tmp_path / "run"
    tiny("superres", scale=2).save(run)
    source = picture(tmp_path / "a.png", "RGBA", size=(10, 12))
    code, _, err = sparring("upscale", run, source)
    assert (code, err) == (0, "")
    assert pixels(tmp_path / "a-x2.png").shape == (24, 20, 4)


def test_blend_changes_the_object_and_its_border_alone(tmp_path: Path, sparring: Call) -> None:
    run = tmp_path / "run"
    tiny("blend").save(run)
    photo = picture(tmp_path / "photo.png", size=(40, 30))
    cutout = Image.new("RGBA", (8, 8))
    cutout.paste((200, 30, 30, 255), (1, 1, 7, 7))
    cutout.save(tmp_path / "cut.png")
    out = tmp_path / "o.png"
    arguments = ("blend", run, photo, tmp_path / "cut.png", "--at", "20,15", "--height", 8)
    code, _, err = sparring(*arguments, "--out", out)
    assert (code, err) == (0, "")
    before, after = (pixels(path) for path in (photo, out))
    away = np.ones((30, 40), bool)
    away[8:22, 13:27] = False
    assert np.array_equal(before[away], after[away])
    assert not np.array_equal(before, after)
    code, _, err = sparring(*arguments, "--at", "500,15", "--out", tmp_path / "p.png")
    assert code == 2 and "nothing of" in err
    code, _, err = sparring("blend", run, photo, photo, "--out", tmp_path / "p.png")
    assert code == 2 and "no transparency" in err
    tiny("inpaint").save(tmp_path / "fills")
    code, _, err = sparring(
        "blend", tmp_path / "fills", *arguments[2:], "--out", tmp_path / "p.png"
    )
    assert code == 2 and "another task" in err


def test_the_way_back(tmp_path: Path) -> None:
    model = tiny("cyclegan")
    source = picture(tmp_path / "a.png")
    translate(model, source, tmp_path / "there.png")
    translate(model, source, tmp_path / "back.png", reverse=True)
    there, back = (pixels(tmp_path / f"{n}.png") for n in ("there", "back"))
    assert there.shape == back.shape and not np.array_equal(there, back)


def test_videos_keep_their_frames_times_and_extent(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    source, out = tmp_path / "clip.mp4", tmp_path / "large.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for k in range(7):
            values = np.full((24, 32, 3), 30 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(values, format="rgb24")))
        container.mux(stream.encode())
    translate(tiny("superres", scale=2), source, out)
    with av.open(str(source)) as first, av.open(str(out)) as second:
        before, after = list(first.decode(video=0)), list(second.decode(video=0))
    assert len(after) == 7
    assert {(frame.width, frame.height) for frame in after} == {(64, 48)}
    assert [float(f.time) for f in after] == pytest.approx([float(f.time) for f in before])
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be translated as a video"):
        translate(tiny("superres", scale=2), tmp_path / "broken.mp4", tmp_path / "x.mp4")
    assert not (tmp_path / "x.mp4").exists()
