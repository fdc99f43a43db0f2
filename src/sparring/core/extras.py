"""Extras: packages that only some verbs need, and the sentence where they are missing."""

from __future__ import annotations

import importlib.util

from sparring.core.errors import InputError


def check_installed(what: str, extra: str, *packages: str) -> None:
    """The packages that an extra brings are there; none of them is imported.

    Raises:
        InputError: one is not.
    """
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise InputError(f"{what} needs the package {name}: pip install 'sparring[{extra}]'.")
