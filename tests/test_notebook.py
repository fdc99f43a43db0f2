"""docs/notebook.ipynb: its cells run, and what they end in can be shown as the file shows it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from sparring import InputError
from test_model import untrained
from test_readme import ROOT, place
from test_translation import tiny

NOTEBOOK = json.loads((ROOT / "docs" / "notebook.ipynb").read_text())
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
TINY = (
    (r"steps=\d+, quiet", "steps=2, batch=8, quiet"),
    (r'"digits"', '"digits.npz"'),
    (
        r'sparring\.Model\.load\("runs/drums"\)',
        'sparring.train(sparring.recipe_named("wavegan", {"width": 4, "conditional": True}), '
        '"sounds", "runs/drums", seconds=0.06, steps=2, batch=4, quiet=True)',
    ),
)
"""As in test_readme.py; the sounds' model is trained in a shell beforehand."""

__all__ = ["place"]


def run(source: str, space: dict[str, Any]) -> Any:
    """What the last line of a cell gives."""
    for pattern, instead in TINY:
        source = re.sub(pattern, instead, source)
    tree = ast.parse(source)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), "a cell ends in what it shows"
    exec(compile(tree, "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space)


def test_every_cell_runs_and_shows_what_it_ends_in(place: Path) -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in CODE:
        value = run("".join(cell["source"]), space)
        (output,) = cell["outputs"]
        shown = {"text/html": "_repr_html_", "image/png": "_repr_png_", "text/plain": "__repr__"}
        assert set(output["data"]) <= set(shown)
        for kind in output["data"]:
            assert getattr(value, shown[kind])(), kind


def test_its_sounds_play_and_its_models_tell_scores() -> None:
    html = ["".join(cell["outputs"][0]["data"].get("text/html", "")) for cell in CODE]
    assert any("<audio" in page for page in html)
    assert any("floor" in page for page in html)


def test_a_model_draws_itself_with_its_scores_and_samples() -> None:
    model = untrained()
    assert "<table>" not in model._repr_html_()
    model.scores = {
        "scores": {"a<b": {"value": 2.0, "low": 1.5, "high": 2.5}},
        "floor": {"scores": {"a<b": {"value": 0.25, "low": 0.0, "high": 0.5}}},
    }
    html = model._repr_html_()
    assert "&lt;Model gan on data" in html and "Licence of the data: not stated" in html
    assert "<td>a&lt;b<td>2<td>1.5 to 2.5<td>0.25" in html
    assert html.endswith(model.domain.embed(model.sample(8), 8))


def test_a_model_of_pictures_from_pictures_draws_no_samples() -> None:
    html = tiny("pix2pix", width=4)._repr_html_()
    assert "pix2pix" in html and "<img" not in html


def test_translations_show_in_the_domain_that_they_end_in() -> None:
    both, given = tiny("cyclegan", width=4), torch.zeros(2, 3, 20, 24)
    back = both.translate(given, reverse=True)
    assert both.source_domain is not None
    assert both.show(back, reverse=True)._repr_html_() == both.source_domain.embed(back, None)
    one = tiny("pix2pix", width=4)
    assert one.show(one.translate(given))._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="one way"):
        one.show(given, reverse=True)


def test_enlarged_pictures_show_at_their_own_size() -> None:
    model = tiny("superres", width=4)
    shown = model.show(model.upscale(torch.zeros(1, 3, 10, 12)))
    assert shown._repr_png_().startswith(b"\x89PNG")
