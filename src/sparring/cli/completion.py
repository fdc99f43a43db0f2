"""What the shell completes: runs, data, losses, penalties, networks; each quick and never an error.

Every function takes the beginning that was typed and gives the words that go on from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

MOST = 200
"""Folders that are looked through for runs."""


def runs(incomplete: str) -> list[str]:
    """Folders of runs and models, at and below what was typed, and those in runs/."""
    typed = Path(incomplete or ".")
    around = typed if incomplete.endswith("/") or not incomplete else typed.parent
    places = [*_folders(around), *_folders(Path("runs"))]
    return _going_on(incomplete, (str(p) for p in places if (p / "recipe.json").is_file()))


def data(incomplete: str) -> list[str]:
    """Packs, toys, and the files and folders that begin so."""
    from sparring.data.kinds import kinds
    from sparring.data.pack import names

    here = Path(incomplete).parent if incomplete else Path()
    files = [str(path) + "/" * path.is_dir() for path in _listed(here)]
    return _going_on(incomplete, [*names(kinds()), *files])


def losses(incomplete: str) -> list[str]:
    """Adversarial losses, as --loss takes them."""
    from sparring.core.part import public_names

    return _going_on(incomplete, _dashed(public_names("sparring.losses.adversarial")))


def penalties(incomplete: str) -> list[str]:
    """Penalties, the last of several with commas."""
    from sparring.recipes.choices import penalty_names

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _going_on(last, _dashed(penalty_names()))]


def networks(incomplete: str) -> list[str]:
    """Architectures, as --network takes them."""
    from sparring.recipes.choices import network_names

    return _going_on(incomplete, _dashed(network_names()))


def _dashed(names: Iterable[str]) -> list[str]:
    return [name.replace("_", "-") for name in names]


def _going_on(incomplete: str, words: Iterable[str]) -> list[str]:
    return sorted({word for word in words if word.startswith(incomplete)})


def _folders(place: Path) -> list[Path]:
    return [path for path in _listed(place) if path.is_dir()]


def _listed(place: Path) -> list[Path]:
    """What is visible in a folder; nothing where it cannot be read."""
    try:
        found = [path for path in place.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(found)[:MOST]
