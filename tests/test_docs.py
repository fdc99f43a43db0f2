"""What the documents name exists: links, verbs, flags, recipes, modules, rooms, the version."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import sparring
from sparring.cli import app
from sparring.cli.flags import summary
from sparring.data import packs
from sparring.domains.image.domain import Image
from sparring.domains.points.domain import Points
from sparring.domains.points.toys import TOYS
from sparring.metrics.scores import FIRST_VERSION, LOWER_IS_BETTER
from sparring.recipes import choices, recipe_functions
from test_readme import blocks, extras, lines, targets

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
CHINESE = ROOT / "README.zh-CN.md"
PAGES = [
    ROOT / n
    for n in ("README.md", CHINESE.name, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
]
PAGES += DOCS
LINKING = [*PAGES, *sorted((ROOT / "benchmarks").glob("*.md"))]
OTHERS = {
    "--no-deps",
    "--standalone",
    "--nproc_per_node",
    "--nproc-per-node",
    "--nnodes",
    "--node-rank",
}
OTHERS |= {"--master-addr", "--master-port", "--constraint", "--editable", "--side"}
"""Flags of torchrun and pip."""

EXTRACTING = (Image((3, 8, 8)), Points((2,)))
NAMES = ("auto", *(name for domain in EXTRACTING for name in domain.judging("").extractors))
"""What `--extractor` takes, beside the address of a function."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

PACKS = [pack.name for pack in packs()]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def codes(page: Path) -> list[str]:
    """What stands between single backticks; the first column of coming-from.md is of others."""
    text = prose(page)
    if page.name == "coming-from.md":
        text = re.sub(r"^\|.*?\|", "|", text, flags=re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text)


def command_lines(page: Path) -> Iterator[list[str]]:
    """Every `sparring ...` of a page, in blocks and in prose, as words after that one."""
    found = [line for kind, text in blocks(page) if kind == "bash" for line in lines(text)]
    for line in [*found, *codes(page)]:
        words = re.sub(r"^(\w+=\S+ )*(\.venv/bin/)?|^torchrun .* -m ", "", line)
        if words.startswith("sparring "):
            yield shlex.split(words)[1:]


def options(command: Any) -> set[str]:
    """All flags of a command, long and short."""
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}


def commands() -> Iterator[Any]:
    """Every command there is."""
    waiting = [typer.main.get_command(app)]
    while waiting:
        command = waiting.pop()
        yield command
        waiting += getattr(command, "commands", {}).values()


def anchors(page: Path) -> set[str]:
    """What `#` may name on a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        address, _, anchor = target.partition("#")
        path = page.parent / address if address else page
        assert path.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}"


@each_page
def test_verbs_and_flags_exist(page: Path) -> None:
    for words in command_lines(page):
        command = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        assert not hasattr(command, "commands") or not words or words[0].startswith("-"), words
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= options(command), f"{page.name}: {used - options(command)}"


@each_page
def test_flags_in_prose_exist(page: Path) -> None:
    known = set().union(*map(options, commands())) | OTHERS
    for code in codes(page):
        flags = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", code))
        assert flags <= known, f"{page.name}: {flags - known}"


@each_page
def test_what_commands_name_exists(page: Path) -> None:
    known = {
        "--loss": [
            n.replace("_", "-") for n in choices.public_names("sparring.losses.adversarial")
        ],
        "--penalty": [n.replace("_", "-") for n in choices.penalty_names()],
        "--network": choices.network_names(),
        "--extractor": [*NAMES, "edges:features", "module:function"],
        "--data": [
            *PACKS,
            *TOYS,
            "photos/",
            "pairs/",
            "people/",
            "sounds/",
            "voices/",
            "spirals",
            "hf:zalando-datasets/fashion_mnist",
        ],
    }
    for words in command_lines(page):
        for flag, value in itertools.pairwise(words):
            if flag in known:
                words_given = {
                    word.partition(":")[0] if word.partition(":")[0] in PACKS else word
                    for word in value.split(",")
                }
                assert words_given <= set(known[flag]), f"{page.name}: {flag} {value}"


@each_page
def test_modules_and_names_exist(page: Path) -> None:
    for code in codes(page):
        for name in re.findall(r"\bsparring(?:\.\w+)+", code):
            found: Any = sparring
            for word in name.split(".")[1:]:
                found = getattr(found, word, None) or importlib.import_module(
                    f"{found.__name__}.{word}"
                )


@each_page
def test_paths_exist(page: Path) -> None:
    rooms = ("src/", "docs/", "tests/", "scripts/", "benchmarks/", ".ci/")
    for code in codes(page):
        for path in (word for word in code.split() if word.startswith(rooms)):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


@each_page
def test_targets_and_extras_exist(page: Path) -> None:
    for code in codes(page):
        if code.startswith("make "):
            assert code.split()[1] in targets(), f"{page.name}: {code}"
        for names in re.findall(r"sparring\[([\w,]+)\]", code):
            assert set(names.split(",")) <= extras(), f"{page.name}: {code}"


def test_recipe_table_is_what_sparring_recipes_lists() -> None:
    section = (ROOT / "README.md").read_text().partition("## Recipes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", section, flags=re.MULTILINE)
    assert rows == [(name, summary(function)) for name, function in recipe_functions().items()]


def test_every_score_and_extractor_is_explained() -> None:
    text = (ROOT / "docs" / "scores.md").read_text()
    for name in (*LOWER_IS_BETTER, *FIRST_VERSION, *NAMES):
        assert f"`{name}`" in text, name


def test_commands_are_found() -> None:
    verbs = {words[0] for words in command_lines(ROOT / "README.md")}
    assert {"demo", "data", "train", "sample", "evaluate", "report", "resume"} <= verbs
    assert ["evaluate"] in command_lines(ROOT / "README.md")


def test_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text()
    assert all(f"(docs/{page.name})" in text for page in DOCS)


def test_the_navigation_of_the_site_lists_every_page() -> None:
    nav = (ROOT / "mkdocs.yml").read_text().partition("nav:\n")[2]
    pages = [*DOCS, *(ROOT / "benchmarks").glob("*.md")]
    missing = [page.name for page in pages if f"{page.name}\n" not in nav]
    assert not missing, f"name these pages under `nav:` in mkdocs.yml: {missing}"


def test_the_chinese_readme_has_the_same_blocks() -> None:
    ours, theirs = blocks(ROOT / "README.md"), blocks(CHINESE)
    for number, (one, other) in enumerate(itertools.zip_longest(ours, theirs), 1):
        assert one == other, (
            f"block {number} of README.zh-CN.md is not that of README.md: copy it as it stands, "
            "and mend the Chinese around it where the English changed"
        )


def test_the_chinese_readme_has_the_same_links_pictures_and_figures() -> None:
    ours, theirs = prose(ROOT / "README.md"), prose(CHINESE)
    for what, pattern in {
        "links and pictures": r"\]\((?!README)([^)\s]+)\)",
        "recipes": r"^\| `([\w-]+)` \|",
        "figures": r"\d[\d,]*\.\d+|\d+,\d{3}",
        "sections": r"^(#+) ",
    }.items():
        found = [sorted(re.findall(pattern, text, flags=re.MULTILINE)) for text in (ours, theirs)]
        missing, gone = set(found[0]) - set(found[1]), set(found[1]) - set(found[0])
        assert found[0] == found[1], (
            f"{what} of README.zh-CN.md are not README.md's: say there what the English says of "
            f"{sorted(missing)}, take out {sorted(gone)}; it has {len(found[1])} of {len(found[0])}"
        )


def test_changelog_begins_with_this_version() -> None:
    found = re.search(r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert found is not None
    assert found[1] == sparring.__version__


def test_architecture_names_every_room_and_no_other() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text().partition("## Rooms\n")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.+?) \|", table, flags=re.MULTILINE)
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    home = Path(sparring.__file__).parent
    for name in named:
        assert (home / name).exists(), name
    packages = {path.parent.name for path in home.glob("*/__init__.py")}
    assert packages <= named, packages - named
