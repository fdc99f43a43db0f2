"""The page of an exported model, used in Chromium as a person would; with no server and offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exporting.models import SAMPLERS, TRANSLATORS
from sparring.core.errors import InputError
from sparring.exporting.web import LOADER, SCRIPT, WASM, export_page, found_runtime
from sparring.exporting.web import RUNTIME as VERSION

RUNTIME = os.environ.get("ONNXRUNTIME_WEB", "node_modules/onnxruntime-web")
PATIENCE = 120_000


@pytest.fixture(scope="module")
def runtime() -> Path:
    try:
        found_runtime(Path(RUNTIME))
    except InputError:
        pytest.skip("onnxruntime-web is not here: npm install, or set ONNXRUNTIME_WEB")
    return Path(RUNTIME)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda asked: _local(page, asked.url))
    yield page
    assert not page.errors
    context.close()


def _local(page: Any, address: str) -> None:
    if not address.startswith(("file:", "blob:", "data:")):
        page.errors.append(address)


def pixels(page: Any, where: str) -> np.ndarray:
    """What a canvas shows, (H, W, 4)."""
    script = """canvas => [canvas.height, canvas.width,
        Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)]"""
    height, width, values = page.locator(where).first.evaluate(script)
    return np.array(values, np.uint8).reshape(height, width, 4)


def made(page: Any) -> None:
    page.get_by_text("Made in").wait_for()


def test_samples_of_a_label_and_a_seed(runtime: Path, page: Any, tmp_path: Path) -> None:
    found = export_page(SAMPLERS["cgan"](), tmp_path / "web", runtime=runtime)
    page.goto((tmp_path / "web" / "index.html").as_uri())
    made(page)
    assert page.locator("#samples canvas").count() == 16
    first = pixels(page, "#samples canvas")
    assert first.shape == (16, 16, 4) and first[..., 0].std() > 1
    page.get_by_label("How many").fill("3")
    page.get_by_label("Label").select_option("c")
    page.get_by_role("button", name="Make").click()
    page.wait_for_function("document.querySelectorAll('#samples canvas').length === 3")
    made(page)
    assert not np.array_equal(first, pixels(page, "#samples canvas"))
    assert found.facts["reads"] == ["latent", "label"]


def test_a_picture_is_enlarged_as_onnxruntime_does(
    runtime: Path, page: Any, tmp_path: Path
) -> None:
    import onnxruntime

    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    (tmp_path / "text.png").write_text("no picture")
    found = export_page(TRANSLATORS["superres"](), tmp_path / "web", runtime=runtime)
    page.goto((tmp_path / "web" / "index.html").as_uri())
    page.get_by_text("Choose a file.").wait_for()
    page.get_by_label("Picture or sound").set_input_files(tmp_path / "text.png")
    page.get_by_text("This file cannot be used").wait_for()
    page.get_by_label("Picture or sound").set_input_files(tmp_path / "photo.png")
    made(page)
    shown = pixels(page, "#made canvas")[..., :3].astype(int)
    session = onnxruntime.InferenceSession(str(found.path))
    want = session.run(None, {"source": picture.transpose(2, 0, 1)[None]})[0][0]
    assert shown.shape == (80, 120, 3)
    assert np.abs(shown - want.transpose(1, 2, 0)).max() <= 1


def test_a_stroke_changes_the_picture_of_a_layout(runtime: Path, page: Any, tmp_path: Path) -> None:
    export_page(TRANSLATORS["spade"](), tmp_path / "web", runtime=runtime)
    page.goto((tmp_path / "web" / "index.html").as_uri())
    page.get_by_text("Ready.").wait_for()
    page.get_by_role("button", name="Make").click()
    made(page)
    before = pixels(page, "#made canvas")
    page.get_by_label("Brush").select_option("class 2")
    box = page.locator("#paint").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_function("document.getElementById('go').disabled === false")
    made(page)
    assert not np.array_equal(before, pixels(page, "#made canvas"))


def test_a_hole_is_painted_and_filled(runtime: Path, page: Any, tmp_path: Path) -> None:
    picture = np.full((40, 40, 3), 90, np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    export_page(TRANSLATORS["inpaint"](), tmp_path / "web", runtime=runtime)
    page.goto((tmp_path / "web" / "index.html").as_uri())
    page.get_by_text("Choose a file.").wait_for()
    page.get_by_label("Picture or sound").set_input_files(tmp_path / "photo.png")
    page.get_by_text("Paint over what is missing, then").wait_for()
    page.get_by_role("button", name="Make").click()
    page.get_by_text("Paint over what is missing first.").wait_for()
    box = page.locator("#paint").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 7 / 8, box["y"] + box["height"] / 2)  # in one leap
    page.mouse.up()
    page.get_by_role("button", name="Make").click()
    made(page)
    shown = pixels(page, "#made canvas")[..., :3]
    assert (shown[0] == 90).all() and (shown[20, [8, 14, 20, 26, 32]] != 90).any(1).all()


def test_no_runtime_no_page(
    tmp_path: Path, tiny_run: Path, sparring: Callable[..., tuple[int, str, str]]
) -> None:
    out = tmp_path / "web"
    code, _, said = sparring("export", tiny_run, "--web", "--runtime", tmp_path, "--out", out)
    assert code == 2 and "npm install onnxruntime-web" in said and said.count("\n") == 1
    out.mkdir()
    code, _, said = sparring("export", tiny_run, "--web", "--runtime", tmp_path, "--out", out)
    assert code == 2 and "--overwrite" in said


def test_continuous_integration_fetches_the_runtime_that_pages_are_made_with() -> None:
    root = Path(__file__).parents[2]
    assert all(VERSION in (root / name).read_text() for name in (".ci/run", "CONTRIBUTING.md"))


def test_the_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    for name in (SCRIPT, LOADER, WASM):
        (tmp_path / name).write_bytes(b"0")
    export_page(SAMPLERS["gan"](), tmp_path / "web", runtime=tmp_path)
    for name in ("index.html", "page.js", "facts.js"):
        assert "http" not in (tmp_path / "web" / name).read_text(), name
