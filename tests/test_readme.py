"""Every code block of the README and of docs/ is run, in order, one fresh folder a page.

Runs are made tiny by the explicit replacements below; nothing else is changed. Lines that need
the network or a missing extra are not run; test_docs.py still checks their verbs and flags.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from sparring.cli import call
from sparring.core.part import resolve
from sparring.data import packs
from sparring.data.kinds import kinds

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs" / "gallery.md"
"""Trains for an hour what other pages train; test_site.py parses its commands."""
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(GALLERY)
OFFLINE = (
    *("hf:", "--track", "efficientnet", "inception", "data get", "--install-completion"),
    "sparring serve",
    *(".mp4", "--web"),
    "--style other.png",
)
"""What a line that is not run has in it."""
PYTHON_REPLACEMENTS = (
    (r"minutes=\d+", "steps=2, batch=8, quiet=True"),
    (r'"(digits|fashion)"', r'"\1.npz"'),
    (r"\.sample\(1000\)", ".sample(9)"),
    (r'"emoji"', '"pairs"'),
)
COMMAND_REPLACEMENTS = (
    (r"^(\w+=\S+ )*(\.venv/bin/)?sparring ", ""),
    (r"^torchrun .* -m sparring ", ""),
    (r"(--data|data check) (digits|fashion)\b", r"\1 \2.npz"),
    (r"--width 24|--perceptual \S+", ""),
    (r"(--data|data check) (emoji|maps|terrain|things)\S*", r"\1 pairs"),
    (r"--data (notes:\S+-\S+|voices/)", "--data voices --seconds 0.06"),
    (r"(--data|data check) (drums|speech|notes)\S*", r"\1 sounds --seconds 0.06"),
    (r"(--data|data check) avatars:\S+", r"\1 pairs"),
    (r"^(train (?:text2image|stargan) .*)--data (?:avatars|captions)", r"\1--data portraits"),
    (r"--data characters:standing\S+", "--data posed --width 8"),
    (r"--data characters:side\S+", "--data sides --width 8"),
    (r"--data characters:wearer\S+", "--data worn --width 8"),
    (r"(--data|data check) avatars( --label-by \S+)?", r"\1 digits.npz"),
    (r"--data pairs/?", "--data pairs --width 8"),
    (
        r"--data (landscapes|photos/ --size 64 (?=--scale|--minutes 30 --run runs/inp))",
        "--data photos --size 16 --width 8 ",
    ),
    (r"^(evaluate .*)-n \d+", r"\1-n 40"),
    (r"^(sample .*)-n \d\d+", r"\1-n 40"),
    (r"--(steps|minutes|batch|checkpoint-every) \S+", ""),
    (r"--size 64", "--size 16"),
    (r"^(train \S+) ", r"\1 --steps 2 --batch 8 --quiet "),
    (r"^train r3 ", "train r3 --width 16 "),
    (r"^(invert|edit) (ready:\S+)", r"\1 \2 --steps 1"),
    (r"--mask 46,72,146,124", "--mask 6,6,40,30"),
    (r"^resume ", "resume --steps 3 --quiet "),
    (r"^data check ", "data check --batch 8 "),
    (r"^demo", "demo --minutes 0.001 --recipe gan --data digits.npz --quiet"),
)
"""Applied in this order to a command of the command line."""

Block = tuple[str, str]

PACKS = [pack.name for pack in packs()]


def blocks(page: Path) -> list[Block]:
    """Kind and text of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """Commands without comments."""
    return [
        line
        for line in (re.sub(r"(^|\s+)#.*", "", row).strip() for row in text.splitlines())
        if line
    ]


def targets() -> set[str]:
    """What `make` knows."""
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def extras() -> set[str]:
    """What `pip install sparring[...]` knows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return set(project["optional-dependencies"])


def check_pip(words: list[str]) -> None:
    """Requirements exist: this folder, its extras, its constraints."""
    assert "install" in words
    for word in words:
        found = re.search(r"\[([\w,-]+)\]", word)
        assert found is None or set(found[1].split(",")) <= extras(), word
    if "--constraint" in words:
        assert (ROOT / words[words.index("--constraint") + 1]).is_file()


def run_command(line: str) -> None:
    """Run one line of a bash block, or check what cannot be run here."""
    words = shlex.split(line)
    program = next(word for word in words if "=" not in word).rpartition("/")[2]
    if program == "make":
        assert set(words[1:]) <= targets(), line
    elif program == "pip":
        check_pip(words)
    elif program in ("python", "python3"):
        assert words[1] == "-m" or (ROOT / words[1]).is_file(), line
    elif (ROOT / words[0]).is_file():
        assert os.access(ROOT / words[0], os.X_OK), line
    elif program in ("git", "cd", "pytest", "curl"):  # curl's lines: tests/serving/test_page.py
        assert len(words) > 1, line
    elif "data get" in line:
        assert words[-1] in PACKS, line
    elif not any(word in line for word in OFFLINE):
        assert program in ("sparring", "torchrun"), line
        for pattern, instead in COMMAND_REPLACEMENTS:
            line = re.sub(pattern, instead, line)
        code = call(shlex.split(line))
        assert code == 0, line


def run_python(text: str) -> None:
    """Run a block; one that begins with `# name.py` is that module."""
    named = re.match(r"# ([\w/]+\.py)\n", text)
    if named:
        Path(named[1]).parent.mkdir(exist_ok=True)
        Path(named[1]).write_text(text)
        return
    for pattern, instead in PYTHON_REPLACEMENTS:
        text = re.sub(pattern, instead, text)
    exec(compile(text, "block", "exec"), {"__name__": "block"})


FACES = (
    (
        *("red hair", "sunglasses"),
        "a smiling person with light skin, short red hair in spikes and glasses, in a blue shirt",
    ),
    ("black hair", "no glasses", "an angry person with brown skin and black hair in a bun"),
)
"""Hair and glasses of stand-ins for avatars, and what is said of them."""


def write_people(folder: Path, tables: dict[str, tuple[str, tuple[str, str]]]) -> None:
    """Pictures with tables beside them: name -> a column, and its values in turn."""
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (120, 16, 16, 3), dtype=np.uint8)
    for index, values in enumerate(pixels):
        Image.fromarray(values).save(folder / f"{index}.png")
    for name, (columns, values) in tables.items():
        rows = [f"{index},{values[index % 2]}" for index in range(120)]
        (folder / f"{name}.csv").write_text("\n".join([f"file,{columns}", *rows]))


def write_stacks() -> None:
    """Sources of several pictures and maps of parts, for recipes of people; and some beside."""
    random = np.random.default_rng(2)

    def write(path: Path, mapped: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 8 if mapped else 256, (16, 16) if mapped else (16, 16, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        if mapped:
            palette = "".join(f"{part} {30 * part} 0 0 part{part}\n" for part in range(8))
            (path.parent / "palette.txt").write_text(palette)

    for name, maps in {"posed": "01", "sides": "00", "worn": "0110"}.items():
        tops = [("A" if k == 0 else f"A{k + 1}", m == "1") for k, m in enumerate(maps)]
        for index in range(120):
            for top, mapped in [*tops, ("B", False)]:
                write(Path(name) / top / f"{index}.png", mapped)
    for index in range(3):
        write(Path("walk") / f"{index}.png", True)
    for name in ("pose", "worn", "clothes"):
        write(Path("maps") / f"{name}.png", True)
    for name in ("face", "person", "left", "right", "garment"):
        write(Path(f"{name}.png"), False)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tiny stand-ins for the data that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    (tmp_path / "myparts.py").touch()  # the reader's own package, which `--trust` imports
    random, count = np.random.default_rng(0), 90
    held_out, label = np.arange(count) >= 60, np.arange(count) % 10
    names = {"digits": list("0123456789"), "fashion": [*"ABCDEFGHI", "Sneaker"]}
    for name, classes in names.items():
        sample = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays = {"sample": sample, "label": label, "held_out": held_out}
        np.savez(f"{name}.npz", classes=np.array(classes), **arrays)
    (tmp_path / "myparts.py").touch()  # whom the pages trust; own-parts.md writes its own
    for index in range(240):
        path = tmp_path / "photos" / ("cats", "dogs")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 16 + index % 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    for index in range(240):
        for side in ("A", "B"):
            path = tmp_path / "pairs" / side / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    told = {"captions": ("caption", ("black", "blond")), "attributes": ("hair", ("black", "blond"))}
    write_people(tmp_path / "people", told)
    worn = tuple(f"{hair},{glasses}" for hair, glasses, _ in FACES)
    said = tuple(f'"{sentence}"' for _, _, sentence in FACES)
    told = {"captions": ("caption", said), "attributes": ("hair,glasses", worn)}
    write_people(tmp_path / "portraits", told)
    write_stacks()
    for index in range(240):
        path = tmp_path / "sounds" / ("kick", "snare")[index % 2] / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, random.uniform(-0.5, 0.5, 1024), 16_000)
    for index in range(480):
        path = tmp_path / "voices" / "AB"[index % 2] / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, random.uniform(-0.5, 0.5, 1024), 16_000)
    for path in (tmp_path / "talk.wav", tmp_path / "talks" / "a.flac"):
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, random.uniform(-0.5, 0.5, 16_000), 16_000)
    for name, mode in {"smile": "RGB", "photo": "RGB", "bird": "RGBA"}.items():
        pixels = random.integers(0, 256, (40, 60, len(mode)), dtype=np.uint8)
        for path in (tmp_path / f"{name}.png", tmp_path / "faces" / f"{name}.png",
                     tmp_path / "layouts" / f"{name}.png",
                     tmp_path / "blocky" / f"{name}.png"):  # fmt: skip
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(path)
    return tmp_path


@pytest.mark.parametrize(
    "page",
    PAGES,
    ids=lambda page: page.name,
)
def test_every_block_runs(page: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    modules = set(sys.modules)
    found = blocks(page)
    assert found or page.name == "CONTRIBUTING.md"
    for kind, text in found:
        assert kind in ("bash", "python", "text"), f"{page.name}: a block of kind {kind!r}"
        if kind == "bash":
            for line in lines(text):
                run_command(line)
        elif kind == "python":
            run_python(text)
    for name in set(sys.modules) - modules:
        path = place / name.replace(".", "/")
        if path.with_suffix(".py").exists() or path.is_dir():
            del sys.modules[name]
    resolve.cache_clear()
    kinds.cache_clear()


def test_readme_shows_both_commands_first() -> None:
    kind, text = blocks(ROOT / "README.md")[0]
    assert kind == "bash"
    assert lines(text) == ["make demo", "make test"]


def test_python_api_has_about_ten_lines() -> None:
    (text,) = [text for kind, text in blocks(ROOT / "README.md") if kind == "python"]
    assert len([line for line in text.splitlines() if line.strip()]) <= 10


def test_tutorial_prints_the_slopes_it_speaks_of(capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "tutorial.md"
    text = next(text for kind, text in blocks(page) if kind == "python")
    run_python(text)
    slopes = capsys.readouterr().out.split()
    assert slopes == re.findall(r"-0\.\d+", text)
    assert all(slope in page.read_text().partition("```python")[0] for slope in slopes)
