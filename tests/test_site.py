"""The site that `make docs` builds: its navigation, links, players, gallery and reference."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
import yaml

import sparring
from sparring.cli import app
from sparring.recipes import recipe_functions, recipe_named
from test_docs import command_lines
from test_readme import GALLERY

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site() -> ModuleType:
    """The hooks of mkdocs.yml."""
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "scripts" / "docs_site.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(site: ModuleType) -> list[str]:
    """Every page of the navigation, as it lies in the repository."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    return [site.in_repository(uri) for uri in site.listed(nav)]


def test_the_navigation_names_pages_that_are_there_once(pages: list[str]) -> None:
    assert len(pages) == len(set(pages))
    assert all((ROOT / page).is_file() for page in pages)


def test_what_pages_link_to_comes_along(site: ModuleType, pages: list[str]) -> None:
    here = {path for path in pages if not path.startswith("docs/")}
    assert here <= set(site.reached(pages))
    assert "LICENSE" in site.reached(pages)


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("docs/repair.md", "../benchmarks/pictures.md#jpeg", "benchmarks/pictures.md#jpeg"),
        ("docs/repair.md", "images/demo.png", "images/demo.png"),
        ("README.md", "docs/data.md", "data.md"),
        ("README.md", "docs/notebook.ipynb", "notebook.md"),
        ("docs/gallery.md", "../README.md#measured", "index.md#measured"),
        ("benchmarks/sound.md", "../docs/images/strip-gaps.png", "../images/strip-gaps.png"),
        ("docs/data.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_links_are_turned(site: ModuleType, page: str, link: str, expected: str) -> None:
    assert site.turned(f"see ![it]({link}), too", page) == f"see ![it]({expected}), too"


def test_a_notebook_is_a_page(site: ModuleType, pages: list[str]) -> None:
    assert "docs/notebook.ipynb" in pages
    page = site.of_notebook((DOCS / "notebook.ipynb").read_text())
    assert "```python\nimport torch\n" in page and "<table><tr><th>score" in page
    assert page.count('<img alt="" src="data:image/png;base64,iVBOR') == 5
    assert page.count("<audio controls") == 4


def test_sounds_are_played_and_others_are_links(site: ModuleType) -> None:
    html = site.with_players('<a href="sounds/a.ogg">a</a>, <a href="b.html">b</a>')
    assert '<audio controls preload="none" src="sounds/a.ogg"></audio>' in html
    assert '<a href="b.html">b</a>' in html and "sounds/a.ogg" not in re.findall(r"<a .*", html)[0]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ("<link rel=stylesheet href=//fonts.example/x.css>", True),
        ('<img alt="" src="http://a.example/x.png">', True),
        ('<a href="https://example.org">a link loads nothing</a>', False),
        ('<script src="site/iframe-worker.js"></script>', False),
    ],
)
def test_whatever_comes_from_elsewhere_is_noticed(site: ModuleType, html: str, found: bool) -> None:
    assert bool(site.foreign(html)) is found


def test_every_picture_and_sound_is_on_a_page(pages: list[str]) -> None:
    text = "".join((ROOT / page).read_text() for page in pages)
    for path in [*(DOCS / "images").iterdir(), *(DOCS / "sounds").iterdir()]:
        assert f"/{path.name})" in text, f"{path.name} is shown nowhere"


def test_the_gallery_has_every_task_and_every_strip() -> None:
    shown = {words[1] for words in command_lines(GALLERY) if words[0] == "train"}
    tasks = {name: recipe_named(name, {}).task.call for name in recipe_functions()}
    assert {tasks[name] for name in shown} >= set(tasks.values()) - {tasks["vocoder"]}
    strips = {path.name for path in (DOCS / "images").glob("strip-*.png")}
    missing = {name for name in strips if f"](images/{name})" not in GALLERY.read_text()}
    assert not missing, f"docs/gallery.md does not show {sorted(missing)}"


def test_the_gallerys_commands_are_understood() -> None:
    for words in command_lines(GALLERY):
        command = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        command.make_context("sparring", list(words))


def test_the_gallery_tells_of_each_picture_by_which_command() -> None:
    text = GALLERY.read_text()
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        assert "](images/" in section and "```bash\n" in section, section.partition("\n")[0]
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"igures.*\]\(\S+\.md", part), part.partition("\n")[0]


def test_the_reference_has_every_public_name_once() -> None:
    names = re.findall(r"^::: sparring\.(\w+)$", (DOCS / "reference.md").read_text(), re.MULTILINE)
    missing = set(sparring.__all__) - set(names)
    assert not missing, f"add `::: sparring.NAME` to docs/reference.md for {sorted(missing)}"
    assert sorted(names) == sorted(sparring.__all__)


def test_the_reference_of_parts_names_modules() -> None:
    for name in re.findall(r"^::: (\S+)$", (DOCS / "reference-parts.md").read_text(), re.MULTILINE):
        assert importlib.import_module(name) is sys.modules[name]
