"""Runs begun, watched, looked into and compared on the page, with the trainer behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparring.core.errors import InputError
from sparring.studio import jobs, progress
from sparring.training.live import SHOWN

Until = Callable[[Callable[[], object]], None]
TINY = "--widths 8 --discriminator-widths 8 --latent 4"


def open_page(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def begin(page: Any, data: str, name: str, steps: int, flags: str) -> None:
    """Fill in the form and train."""
    open_page(page, "Train")
    page.get_by_label("Recipe").click()
    page.get_by_role("option", name="gan", exact=True).click()
    page.locator("#data input").fill(data)
    page.locator("#data input").press("Enter")
    page.locator("#name textarea, #name input").first.fill(name)
    page.locator("#budget input").fill(str(steps))
    page.get_by_label("steps", exact=True).check()
    page.get_by_role("button", name="More").click()
    page.locator("#flags textarea, #flags input").first.fill(flags)
    page.click("#train")


def test_a_run_is_begun_seen_to_end_looked_into_and_compared(
    page: Any, runs: Path, tiny_npz: str, until: Until
) -> None:
    begin(page, tiny_npz, "new", 12, f"{TINY} --batch 8 --log-every 1")
    until(lambda: "is ready to train on" in page.locator("#found textarea").input_value())
    until(lambda: "finished" in page.locator("#facts").inner_text())
    assert not jobs.training(runs, "new")
    assert progress.ended(runs / "new")
    until(lambda: page.locator("#curves svg").count() > 3)
    open_page(page, "Look inside")
    page.locator("#looks img").wait_for()
    open_page(page, "Compare")
    page.locator("#runs input").click()
    page.get_by_role("option", name="new", exact=True).click()  # listed once the page has looked
    page.locator("#runs input").press("Escape")
    page.click("#compare")
    until(lambda: page.locator("#beside .charts svg").count() > 3)
    until(lambda: page.locator("#beside figure").count() >= 2)


def test_a_run_is_stopped_and_resumed(page: Any, runs: Path, tiny_npz: str, until: Until) -> None:
    begin(page, tiny_npz, "long", 100000, f"{TINY} --batch 8 --log-every 1")
    until(lambda: progress.state(runs, "long") == "training" and _lines(runs / "long") > 3)
    page.reload()
    page.wait_for_selector("#title")
    open_page(page, "Train")
    until(lambda: "training" in page.locator("#facts").inner_text())
    page.click("#stop")
    until(lambda: not jobs.training(runs, "long"))
    until(lambda: "stopped" in page.locator("#facts").inner_text())
    done = _lines(runs / "long")
    page.click("#resume")
    until(lambda: _lines(runs / "long") > done)
    jobs.stop(runs, "long")
    until(lambda: not jobs.training(runs, "long"))


def test_a_run_is_looked_into_while_it_trains(page: Any, runs: Path, until: Until) -> None:
    begin(page, "ring8", "points", 1000000, f"{TINY} --batch 8 --checkpoint-every 999999")
    until(lambda: progress.state(runs, "points") == "training")
    open_page(page, "Look inside")
    page.get_by_label("Run", exact=True).last.click()
    page.get_by_role("option", name="points", exact=True).click()
    steps: set[str] = set()
    pictures: set[str | None] = set()

    def moved() -> bool:
        said = page.locator("#at").inner_text()
        if "as it trains" in said:
            steps.add(said)
            pictures.add(page.locator("#inside img").get_attribute("src"))
        return len(steps) > 2 and len(pictures) > 2

    until(moved)
    assert [path.name for path in (runs / "points" / "checkpoint").glob("step-*")] == [
        "step-00000000"
    ]
    jobs.stop(runs, "points")
    until(lambda: "a checkpoint" in page.locator("#at").inner_text())
    assert not (runs / "points" / SHOWN).exists()


def test_what_the_data_doctor_refuses_is_not_begun(page: Any, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    begin(page, str(tmp_path / "empty"), "none", 5, TINY)
    page.locator(".toast-body").first.wait_for()
    assert not (runs / "none").exists()
    assert not jobs.training(runs, "none")


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "x" * 65])
def test_a_name_is_a_word_and_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="a run's name is a word"):
        jobs.checked_name(tmp_path, name)


def test_a_run_that_ends_badly_says_why(tmp_path: Path, until: Until) -> None:
    jobs.begin(tmp_path, "bad", ["train", "nonsense", "--data", "digits"])
    with pytest.raises(InputError, match="is being trained already"):
        jobs.begin(tmp_path, "bad", ["recipes"])
    until(lambda: not jobs.training(tmp_path, "bad"))
    assert progress.state(tmp_path, "bad").startswith("it did not start: unknown recipe 'nonsense'")


def _lines(run: Path) -> int:
    log = run / "log.jsonl"
    return len(log.read_text().splitlines()) if log.is_file() else 0
