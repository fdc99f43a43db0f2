"""The shelf: the runs and models that the studio shows, by name; pages name them, never paths."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.artifact import ready
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.artifact.stored import model_folder
from sparring.core.errors import InputError, unknown

if TYPE_CHECKING:
    from sparring.core.types import Task

KEPT = 4
"""Models held in memory."""


class Shelf:
    """The runs of a folder and the ready models, or one run.

    Args:
        place: A run, a model, or a folder of such, which is made where there is none.
        trusted: Packages besides sparring that they may call.

    Raises:
        InputError: the place is a file.
    """

    def __init__(self, place: Path, trusted: Iterable[str] = ()) -> None:
        self.trusted = tuple(trusted)
        self.alone = (place / "recipe.json").is_file()
        if place.exists() and not place.is_dir():
            raise InputError(f"{place} is a file; name a run, or a folder of runs.")
        self.place = place.parent if self.alone else place
        self._only = place.name if self.alone else None
        self._lock = threading.Lock()
        self._models: dict[tuple[str, int], Model] = {}

    def names(self, *abilities: str) -> list[str]:
        """Runs and models that have any of these abilities (all, if none is named).

        Beside those of their tasks there is "paint", of models that make pictures of layouts.
        """
        wanted = set(abilities)
        known = {name: self._abilities(name) for name in self._folders()}
        return [n for n, found in known.items() if found and (not wanted or wanted & found)]

    def folder(self, name: str | None) -> Path:
        """Where the run or model of that name lies.

        Raises:
            InputError: there is none of that name (any more).
        """
        if not name:
            raise InputError("choose a model first; if there is none, train one.")
        known = self._folders()
        if name not in known:
            raise unknown("model", name, known)
        return ready.folder(name) if name.startswith(ready.PREFIX) else self.place / name

    def manifest(self, name: str | None) -> Manifest:
        """What the run or model says of itself.

        Raises:
            InputError: it is not there, or damaged.
        """
        return Manifest.read(self.folder(name), self.trusted)

    def task(self, name: str) -> Task:
        """The task that its recipe has."""
        task: Task = self.manifest(name).recipe.task.build()
        return task

    def model(self, name: str | None) -> Model:
        """The model as it is on disk now; the last few are held in memory.

        Raises:
            InputError: there is none (any more), or it is damaged.
        """
        folder = model_folder(self.folder(name))
        key = (str(folder), _changed(folder))
        with self._lock:
            if key not in self._models:
                self._models = dict([*self._models.items()][1 - KEPT :])
                self._models[key] = Model.load(folder, trusted=self.trusted)
            return self._models[key]

    def _folders(self) -> list[str]:
        if self._only:
            return [self._only]
        found = self.place.glob("*/recipe.json") if self.place.is_dir() else ()
        own = sorted(p.parent.name for p in found if not p.parent.name.startswith("."))
        return [*own, *(ready.PREFIX + name for name in ready.names())]

    def _abilities(self, name: str) -> frozenset[str]:
        """None of a run that is damaged or being written: it is left out of lists."""
        try:
            manifest = self.manifest(name)
            found: frozenset[str] = manifest.recipe.task.build().abilities
        except InputError:
            return frozenset()
        source = manifest.source_domain
        return found | {"paint"} if source is not None and source.name == "Layout" else found


def _changed(folder: Path) -> int:
    """When the model was last written.

    Raises:
        InputError: it has just vanished.
    """
    try:
        return folder.stat().st_mtime_ns
    except OSError as error:
        raise InputError(f"the model {folder} is gone; choose another.") from error
