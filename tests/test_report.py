"""The report: one page, self-contained, true to the run."""

from __future__ import annotations

import html.parser
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sparring import Model, report
from sparring.core.errors import InputError
from sparring.domains.embedding import uri_of
from sparring.metrics.intervals import Interval
from sparring.metrics.scores import Scores
from sparring.verbs.report import curves, health, pictures, quality, sections

Cli = Callable[..., tuple[int, str, str]]


class Page(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.images = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.images += tag == "img"
        names = ("src", "href", "xlink:href", "action", "srcset")
        self.addresses += [value or "" for name, value in attrs if name in names]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "img", "br", "link"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_the_page_is_whole_and_needs_nothing_else(tiny_run: Path, sparring: Cli) -> None:
    assert sparring("evaluate", tiny_run, "-n", 40)[0] == 0
    code, out, _ = sparring("report", tiny_run)
    assert code == 0
    assert str(tiny_run / "report.html") in out
    text = (tiny_run / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert page.headings == [
        "Samples",
        "How it went, in words",
        "Scores",
        "Curves",
        "Nearest training neighbours",
        "Real data",
        "To do it again",
    ]
    assert "<script" not in text
    assert "@import" not in text
    assert all(a.startswith(("data:image/", "#")) for a in page.addresses)
    assert not re.findall(r"url\((?!#)", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    assert page.images >= 4  # final grid, two on the way, neighbours


def test_the_page_tells_the_run(tiny_run: Path) -> None:
    text = report(tiny_run).read_text()
    manifest = Model.load(tiny_run).manifest
    for word in ("gan", "<b>6</b><span>steps", "<b>48</b><span>real samples seen", "1 x 8 x 8"):
        assert word in text
    assert str(manifest.data["fingerprint"]) in text
    assert manifest.versions["torch"] in text
    assert "sparring.networks.dense:Generator" in text
    assert f"sparring resume {tiny_run}" in text
    assert "sparring train gan --data" in text, "the run's own command line"


def test_the_recipe_given_to_do_it_again_is_the_same(tiny_run: Path, tmp_path: Path) -> None:
    manifest = Model.load(tiny_run).manifest
    python = sections.commands(manifest, tiny_run).partition("# The same run again, in Python:")[2]
    exec(python.replace("seed=0)", "seed=0, quiet=True)"), {})
    again = Path(f"{tiny_run}-again")
    for name in ("model/generator.safetensors",):
        assert (again / name).read_bytes() == (tiny_run / name).read_bytes()


def test_without_its_data_the_page_says_so(tiny_run: Path, sparring: Cli) -> None:
    recipe = tiny_run / "model" / "recipe.json"
    told = json.loads(recipe.read_text())
    told["data"]["address"] = "/nowhere/pictures.npz"
    recipe.write_text(json.dumps(told))
    text = report(tiny_run).read_text()
    assert "The data are not at hand (there is no file or folder /nowhere/pictures.npz)" in text
    assert "Nearest training neighbours" not in text


def test_a_run_without_a_model_still_gets_a_page(tiny_run: Path) -> None:
    shutil.rmtree(tiny_run / "model")
    (tiny_run / "log.jsonl").unlink()
    text = report(tiny_run).read_text()
    assert "The run has written no model yet." in text
    assert "This run has no log yet." in text


def test_no_run_no_page(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a run nor a model"):
        report(tmp_path)


def test_a_vae_shows_reconstructions_and_its_latent_map(
    tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    run = tmp_path / "vae"
    words = "--network dense --latent 2 --batch 8 --steps 2 --log-every 1 --quiet".split()
    assert sparring("train", "vae", "--data", tiny_npz, "--run", run, *words)[0] == 0
    text = report(run).read_text()
    assert "<h2>Latent space</h2>" in text
    assert "each beside its reconstruction" in text
    assert "The whole latent space" in text
    grid = pictures.latent_map(Model.load(run), 3)
    assert grid.shape == (9, 1, 8, 8)


def test_points_get_a_page_without_neighbours(tmp_path: Path, sparring: Cli) -> None:
    run = tmp_path / "ring"
    words = "--widths 8 --discriminator-widths 8 --steps 2 --batch 16 --quiet --log-every 1".split()
    assert sparring("train", "gan", "--data", "ring8", "--run", run, *words)[0] == 0
    page = Page(report(run).read_text())
    assert "Real data" in page.headings
    assert "Nearest training neighbours" not in page.headings


def log_of(**columns: list[float]) -> list[dict[str, float]]:
    names = {name.replace("__", "/"): values for name, values in columns.items()}
    count = max(map(len, names.values()))
    return [
        {"step": step, **{n: v[min(step, len(v) - 1)] for n, v in names.items()}}
        for step in range(count)
    ]


def bad(lines: list[dict[str, float]]) -> str:
    return " ".join(note.text for note in health.notes(lines) if note.good is False)


def test_health_sees_what_went_wrong() -> None:
    fine = log_of(accuracy__real=[0.8] * 8, accuracy__fake=[0.7], gradient_norm__generator=[1.0])
    assert bad(fine) == ""
    assert "neither player wins" in health.notes(fine)[1].text
    winning = log_of(accuracy__real=[0.5] * 8 + [1.0] * 8, accuracy__fake=[1.0])
    assert "it wins nearly always" in bad(winning)
    assert "guessing" in bad(log_of(accuracy__real=[0.5] * 8, accuracy__fake=[0.5]))
    assert "lower --gamma" in bad(log_of(penalty_share__discriminator=[0.9] * 8))
    assert "the discriminator overfits" in bad(log_of(augmentation=[0.9] * 8))
    assert "next to nothing" in bad(log_of(latent__spread=[0.01] * 8))
    assert "spiked to 1000 times" in bad(log_of(gradient_norm__generator=[1.0] * 8 + [1000.0]))
    assert "rolled back 1 times" in bad(log_of(skipped=[0] * 6 + [3, 12], rollbacks=[0] * 7 + [1]))
    assert "the best model is in best/" in bad(log_of(score=[9.0, 3.0, 5.0, 8.0] * 2))


def test_nothing_is_ticked_that_nobody_knows() -> None:
    few = health.notes(log_of(accuracy__real=[0.8] * 3, accuracy__fake=[0.7]))
    assert [note.good for note in few] == [None] and "too few" in few[0].text
    unscored = health.notes(log_of(accuracy__real=[0.8] * 8, accuracy__fake=[0.7]))
    assert unscored[0].good is None and "sparring evaluate" in unscored[0].text


def scored(floor: bool = True, **values: float) -> Scores:
    """Scores with these values, beside a floor of real data."""
    real = {"frechet": 1.0, "kernel": 1.0, "recall": 0.78, "precision": 0.9}
    return Scores(
        scores={name: Interval(value, value, value) for name, value in values.items()},
        n_real=5000,
        n_fake=5000,
        split="held-out",
        seed=0,
        extractor="pixels",
        digest="0",
        resize="none",
        floor=scored(floor=False, **real) if floor else None,
    )


def test_words_come_from_scores() -> None:
    collapsed = quality.notes(scored(frechet=1.5, recall=0.27, precision=0.88))
    assert [note.good for note in collapsed] == [True, False, True]
    assert "Recall is 0.27 against 0.78" in collapsed[1].text
    assert "variety" in collapsed[1].text and "--augment" in collapsed[1].text
    assert [n.good for n in quality.notes(scored(frechet=9.0))] == [False]
    assert [n.good for n in quality.notes(scored(frechet=4.0))] == [None]
    assert quality.notes(scored(floor=False, frechet=4.0)) == []


def test_a_baseline_that_does_better_is_said() -> None:
    beside = {"Telea": scored(perceptual=0.24, l1=0.5), "identity": scored(perceptual=0.5, l1=0.5)}
    found = quality.notes(scored(perceptual=0.27, l1=0.4).beside(beside))
    assert [note.text for note in found] == ["Telea does better in perceptual."]
    won = quality.notes(scored(perceptual=0.2, l1=0.4).beside(beside))
    assert won == [(True, "Better than Telea, identity in every score.")]


def test_health_ignores_numbers_that_are_none() -> None:
    lines = log_of(accuracy__real=[math.nan] * 4 + [0.8] * 4, accuracy__fake=[0.7])
    assert bad(lines) == ""
    assert health.mean(log_of(score=[math.nan, 2.0, 4.0]), "score") == 3.0
    assert health.mean([], "score") is None


def test_curves_thin_out_and_skip_what_is_not_finite() -> None:
    lines = log_of(score=[1.0, math.inf, 3.0, math.nan])
    assert curves.points(lines, "score") == ([0, 2], [1.0, 3.0])
    x, y = curves.points(log_of(score=[2.0] * 1000), "score")
    assert len(x) == len(y) <= curves.POINTS
    assert set(y) == {2.0}


def test_constant_curves_become_a_sentence() -> None:
    lines = log_of(learning_rate__generator=[2e-4] * 5, loss__generator=[1.0, 2.0, 3.0, 2.0, 1.0])
    assert [chart.title for chart, _ in curves.drawn(lines)] == ["Losses"]
    assert curves.constants(lines) == {"learning rate of generator": 2e-4}


def test_a_curve_takes_the_pages_colours() -> None:
    ((_, svg),) = curves.drawn(log_of(loss__generator=[1.0, 2.0, 3.0, 2.0]))
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert curves.INK not in svg and curves.RULE not in svg
    assert "#000000" not in svg


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    from PIL import Image

    small, large = tmp_path / "small.png", tmp_path / "large.png"
    Image.new("L", (40, 40)).save(small)
    Image.effect_noise((1500, 1500), 80).save(large)
    assert uri_of(small).startswith("data:image/png;base64,")
    uri = uri_of(large)
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < large.stat().st_size


def test_grids_are_chosen_evenly() -> None:
    paths = [Path(f"step-{step:08d}.png") for step in range(100, 1100, 100)]
    steps = [pictures.step_of(path) for path in pictures.spread(paths, 4)]
    assert steps == [100, 400, 700, 1000]
    assert pictures.spread(paths[:2], 4) == paths[:2]


def test_durations_in_words() -> None:
    assert sections.duration(42.4) == "42 s"
    assert sections.duration(200.0) == "3 min 20 s"
    assert sections.duration(5 * 3600 + 12 * 60.0) == "5 h 12 min"


def test_names_of_curves_lie_beside_them() -> None:
    names = [f"discriminator/{'a long name of a part ' * 2}{number}" for number in range(7)]
    chart = curves.Chart("Costs of the parts", ("discriminator/",), log=True)
    figure = curves.figure_of(chart, {name: ([0, 1, 2], [1.0, 5.0, 2.0]) for name in names})
    figure.draw_without_rendering()
    (axes,), (legend,) = figure.axes, figure.legends
    assert not axes.get_window_extent().overlaps(legend.get_window_extent())
    assert axes.get_window_extent().height > 0.6 * curves.HEIGHT * figure.dpi
    assert len(legend.get_texts()) == 7
    alone = curves.figure_of(chart, {names[0]: ([0, 1], [1.0, 2.0])})
    assert not alone.legends, "the title says what one curve is"
