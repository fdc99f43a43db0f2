"""The studio as a person uses it, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageSequence

from tones import tone

Until = Callable[[Callable[[], object]], None]


def open_page(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def shown(page: Any, where: str) -> str:
    """The address of the picture there, which changes with it."""
    found: str = page.locator(f"{where} img").first.get_attribute("src") or ""
    return found


def drop(page: Any, path: Path) -> None:
    page.set_input_files("#source input[type=file]", str(path))


def choose(page: Any, button: str, path: Path) -> None:
    """A file by a button that asks for one."""
    with page.expect_file_chooser() as asked:
        page.locator(f"button:has-text('{button}')").click()
    asked.value.set_files(str(path))


def take_back(page: Any) -> None:
    page.locator("#source").get_by_role("button").first.click()


def sentence(page: Any, words: str) -> None:
    """The page says so, and nothing of how it is built."""
    said = page.locator(".toast-body").filter(has_text=words).first
    said.wait_for()
    assert "Traceback" not in said.inner_text()


def test_cards_lead_to_the_pages(page: Any) -> None:
    page.locator(".card").nth(4).wait_for()
    known = page.locator(".card h3").all_inner_texts()
    assert known[:5] == ["filled", "heard", "made", "painted", "pasted"]
    assert "CC0" in page.locator(".card").first.inner_text()
    page.locator("button[data-model=painted]").click()
    page.locator("#board .palette label").first.wait_for()
    assert page.locator("#board .palette label").all_inner_texts() == [
        "water",
        "grass",
        "rock",
        "sand",
    ]


def test_samples_are_drawn_chosen_walked_between_and_moved(page: Any, until: Until) -> None:
    open_page(page, "Sample")
    page.click("#draw")
    until(lambda: page.locator("#samples img").count() == 32)
    page.locator("#on-the-way img").wait_for()
    first, between = shown(page, "#first"), shown(page, "#on-the-way")
    page.locator("#samples button.thumbnail-item").nth(7).click()
    until(lambda: shown(page, "#first") != first)
    until(lambda: shown(page, "#on-the-way") != between)
    between = shown(page, "#on-the-way")
    page.locator("#way input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    until(lambda: shown(page, "#on-the-way") != between)
    page.get_by_text("Strongest directions").click()
    page.locator("#first-moved img").wait_for()
    still = shown(page, "#first-moved")
    page.get_by_label("range slider for Direction 1").focus()
    until(lambda: page.keyboard.press("ArrowRight") or shown(page, "#first-moved") != still)


def test_a_sentence_is_drawn_and_unknown_words_are_said(page: Any, until: Until) -> None:
    open_page(page, "Sample")
    page.locator("#draw").wait_for()
    assert not page.locator("#sentence").is_visible(), "this model reads none"
    open_page(page, "Models")
    page.locator("button[data-model=told]").click()
    box = page.locator("#sentence textarea")
    box.fill("a red square")
    page.click("#draw")
    until(lambda: page.locator("#samples img").count() == 32)
    page.locator("#on-the-way img").wait_for()
    sentence(page, "the model has never seen 'a'; the rest")
    before = shown(page, "#first")
    box.fill("red blue")
    box.press("Enter")
    until(lambda: shown(page, "#first") != before)
    box.fill("purple ovals")
    box.press("Enter")
    sentence(page, "has never seen 'purple', 'ovals'; it knows blue, red, square")
    box.fill("red " * 9)
    page.click("#draw")
    sentence(page, "9 words that the model knows")


def test_a_walk_is_taken_home_as_a_gif(page: Any, until: Until) -> None:
    open_page(page, "Sample")
    page.click("#gif")
    sentence(page, "draw samples first")
    page.click("#draw")
    page.locator("#on-the-way img").wait_for()
    page.click("#gif")
    page.locator("#walked").wait_for()
    with page.expect_download() as came:
        page.click("#walked")
    assert came.value.suggested_filename == "made-walk.gif"
    with Image.open(came.value.path()) as gif:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == 50, "26 steps there and 24 between them back"
    assert not np.array_equal(frames[0], frames[25])
    assert np.array_equal(frames[1], frames[-1]) and np.array_equal(frames[20], frames[30])
    page.locator("#samples button.thumbnail-item").nth(5).click()
    page.locator("#walked").wait_for(state="hidden")


def test_a_stroke_changes_the_picture_and_undo_brings_it_back(page: Any, until: Until) -> None:
    open_page(page, "Paint")
    page.locator("#painting img").wait_for()
    before = shown(page, "#painting")
    page.locator("#board .palette label").nth(3).click()
    box = page.locator("#board canvas").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 160, steps=4)
    page.mouse.up()
    until(lambda: shown(page, "#painting") != before)
    page.get_by_role("button", name="Undo").first.click()
    until(lambda: shown(page, "#painting") == before)


def test_the_board_is_painted_on_by_keyboard(page: Any, until: Until) -> None:
    open_page(page, "Paint")
    page.locator("#painting img").wait_for()
    before = shown(page, "#painting")
    page.locator("#board .palette input").nth(3).focus()
    page.keyboard.press("Space")
    page.locator("#board canvas").focus()
    for key in ("ArrowRight", "Space"):
        page.keyboard.press(key)
    until(lambda: shown(page, "#painting") != before)


def test_a_layout_is_opened_and_one_that_is_none_is_refused(
    page: Any, tmp_path: Path, until: Until
) -> None:
    open_page(page, "Paint")
    page.locator("#painting img").wait_for()
    before = shown(page, "#painting")
    layout, colours = tmp_path / "layout.png", tmp_path / "colours.png"
    Image.fromarray(np.full((16, 16), 3, np.uint8)).save(layout)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(colours)
    for path in (layout, colours):
        choose(page, "Open a layout", path)
        if path is layout:
            until(lambda: shown(page, "#painting") != before)
    sentence(page, "colours.png cannot be read: a label map must be an indexed or grey picture")


def test_holes_are_painted_and_filled(page: Any, tmp_path: Path, until: Until) -> None:
    open_page(page, "Translate")
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 20, 3), np.uint8)).save(photo)
    drop(page, photo)
    page.locator("#mask .tools").wait_for()
    page.click("#go")
    sentence(page, "the mask is empty")
    box = page.locator("#mask canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(500)
    page.click("#go")
    page.locator("#compared img").first.wait_for()
    with page.expect_download() as came:
        page.click("#whole")
    assert came.value.suggested_filename == "photo-inpaint.png"
    with Image.open(photo) as before, Image.open(came.value.path()) as after:
        changed = (np.asarray(before) != np.asarray(after)).any(2)
    assert changed[12, 10], "the hole is filled"
    assert not changed[0].any(), "and the rest kept to the bit"


def test_an_object_is_placed_by_a_click_and_blended(
    page: Any, tmp_path: Path, until: Until
) -> None:
    page.locator("button[data-model=pasted]").click()
    photo, cutout = tmp_path / "photo.png", tmp_path / "object.png"
    Image.fromarray(np.full((64, 96, 3), 120, np.uint8)).save(photo)
    Image.new("RGBA", (12, 12), (255, 0, 0, 255)).save(cutout)
    page.locator("#cutout").wait_for()
    drop(page, photo)
    page.locator("#laid img").wait_for()
    page.click("#go")
    sentence(page, "drop a cut-out first")
    before = shown(page, "#laid")
    page.set_input_files("#cutout input[type=file]", str(cutout))
    until(lambda: shown(page, "#laid") != before)
    before, box = shown(page, "#laid"), page.locator("#laid img").bounding_box()
    page.get_by_label("number input for Its height in px").fill("12")
    page.keyboard.press("Tab")
    until(lambda: shown(page, "#laid") != before)
    before = shown(page, "#laid")
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    until(lambda: shown(page, "#laid") != before)
    page.click("#go")
    page.locator("#compared img").first.wait_for()
    with page.expect_download() as came:
        page.click("#whole")
    with Image.open(came.value.path()) as made:
        changed = np.argwhere((np.asarray(made.convert("RGB")) != 120).any(2))
    assert np.abs(changed.mean(0) - (16, 24)).max() < 2, "where it was clicked, and nowhere else"
    assert np.ptp(changed, axis=0).max() < 24


def test_a_style_is_that_of_a_picture(page: Any, tmp_path: Path, until: Until) -> None:
    open_page(page, "Paint")
    page.locator("#painting img").wait_for()
    before = shown(page, "#painting")
    style, text = tmp_path / "style.png", tmp_path / "text.png"
    levels = np.random.default_rng(3).integers(0, 255, (16, 16, 3), np.uint8)
    Image.fromarray(levels).save(style)
    text.write_text("words")
    choose(page, "Style of a picture", style)
    until(lambda: shown(page, "#painting") != before)
    page.get_by_role("button", name="Style by seed").click()
    until(lambda: shown(page, "#painting") == before)
    choose(page, "Style of a picture", text)
    sentence(page, "text.png cannot be read")


def test_a_sound_is_mended_heard_and_taken_home(page: Any, tmp_path: Path, until: Until) -> None:
    page.locator("button[data-model=heard]").click()
    wave, picture = tmp_path / "tone.wav", tmp_path / "photo.png"
    soundfile.write(wave, tone(440, 0.5), 16_000)
    Image.new("RGB", (16, 16)).save(picture)
    drop(page, picture)
    sentence(page, "photo.png is of another kind; this model reads .wav")
    take_back(page)
    drop(page, wave)
    page.locator("audio").first.wait_for(state="attached")
    page.click("#go")
    page.locator("#whole").wait_for()
    with page.expect_download() as came:
        page.click("#whole")
    assert came.value.suggested_filename == "tone-restore.wav"
    made, rate = soundfile.read(came.value.path())
    assert (len(made), rate) == (8000, 16_000)


def test_translators_are_compared_by_new_strips(page: Any, until: Until) -> None:
    open_page(page, "Compare")
    page.locator("#runs input").click()
    page.get_by_role("option", name="filled", exact=True).wait_for()
    page.locator("#runs input").press("Escape")
    page.click("#compare")
    page.locator("#beside figure").nth(1).wait_for()
    drawn = page.locator("#beside figure").filter(has_text="filled").locator("img")
    assert drawn.evaluate("it => it.naturalHeight") >= 3 * 16, "given, made and true"


SAID = {
    "text": "bad.png cannot be read: not a picture of a known format",
    "huge": "bad.png cannot be read: far over the limit of 89 megapixels",
    "svg": "drawn.svg is of another kind; this model reads",
    "gif": "moving.gif cannot be read: an animation, not one picture",
}


@pytest.mark.parametrize("kind", SAID)
def test_a_bad_file_is_one_sentence_and_the_page_lives_on(
    page: Any, tmp_path: Path, kind: str
) -> None:
    open_page(page, "Translate")
    bad = tmp_path / {"svg": "drawn.svg", "gif": "moving.gif"}.get(kind, "bad.png")
    if kind == "huge":
        Image.fromarray(np.zeros((20000, 10000), np.uint8)).save(bad, compress_level=1)
    elif kind == "gif":
        frames = [Image.fromarray(np.full((16, 16), level, np.uint8)) for level in (0, 255)]
        frames[0].save(bad, save_all=True, append_images=frames[1:])
    else:
        bad.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>" if kind == "svg" else "words")
    drop(page, bad)
    sentence(page, SAID[kind])
    take_back(page)
    good = tmp_path / "good.png"
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(good)
    drop(page, good)
    page.locator("#mask .tools").wait_for()


def test_a_model_that_vanishes_is_one_sentence(page: Any, runs: Path) -> None:
    open_page(page, "Sample")
    page.locator("#draw").wait_for()
    away = (runs / "made").rename(runs.parent / "made")
    try:
        page.click("#draw")
        sentence(page, "unknown model 'made'")
    finally:
        away.rename(runs / "made")
    page.click("#draw")
    page.locator("#samples img").first.wait_for()


def test_it_fits_a_tablet(page: Any) -> None:
    page.set_viewport_size({"width": 768, "height": 1024})
    for name in page.get_by_role("tab").all_inner_texts():
        open_page(page, name)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 768, name
