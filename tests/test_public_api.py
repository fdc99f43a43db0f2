"""What `import sparring` shows, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sparring


def test_all_is_what_is_there() -> None:
    assert sorted(sparring.__all__) == sparring.__all__
    assert set(sparring.__all__) == set(sparring._HOMES)
    for name in sparring.__all__:
        assert getattr(sparring, name) is not None
        assert name in dir(sparring)


def test_names_are_what_they_say_and_never_modules() -> None:
    from sparring.artifact.model import Model
    from sparring.verbs.report import report
    from sparring.verbs.run import train

    assert sparring.Model is Model
    assert sparring.train is train
    assert sparring.report is report
    for name in sparring.__all__:
        assert callable(getattr(sparring, name)), name


def test_every_public_name_has_a_docstring() -> None:
    for name in sparring.__all__:
        assert getattr(sparring, name).__doc__, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        sparring.trian  # noqa: B018


def test_import_is_light() -> None:
    script = (
        "import sys, sparring, sparring.recipes, sparring.recipes.choices\n"
        "heavy = {'torch', 'numpy', 'accelerate', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
