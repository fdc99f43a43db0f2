"""What requests want of a model: rows of passes that many can share."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from sparring.artifact.model import Model
from sparring.artifact.tiling import at_once
from sparring.artifact.walks import truncate
from sparring.core.errors import InputError
from sparring.core.streams import latents
from sparring.core.types import Condition, Files
from sparring.serving.answers import Answer, Form, samples_as, translation_as
from sparring.serving.batching import Alive, Rows
from sparring.verbs.translate import checked

CELLS = 1 << 15
"""Pixels of a pass; items of more are worked on one by one, where sharing gains nothing."""
SPANS = re.compile(r"[0-9.,\s-]{1,200}")
PLACES = re.compile(r"white|[0-9]{1,6}(,[0-9]{1,6}){3}")
"""What words for a mask may be: none of them is ever taken for a file's name."""


@dataclass(eq=False, kw_only=True)
class Sampling:
    """Samples from nothing: `Model.sample`, in company."""

    model: Model
    name: str
    batch: int
    form: Form
    folder: Path
    count: int
    seed: int
    start: int = 0
    truncation: float | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    """Label, vector, and tokens or a text."""

    @property
    def group(self) -> Hashable:
        """All samples of a model share passes, whatever their seeds and conditions."""
        return self.name, "sample"

    @property
    def size(self) -> int:
        """Rows of a pass, by the samples' extent."""
        return at_once(self.batch, CELLS, self.model.manifest.spec.shape)

    def load(self) -> Rows:
        """Latents, and what the model is told.

        Raises:
            InputError: a label, vector, tokens or text that the model does not know.
        """
        indices = range(self.start, self.start + self.count)
        known = self.model.condition(indices, **self.told)
        latent = latents(self.seed, indices, self.model.manifest.spec.latent)
        if self.truncation is not None:
            latent = truncate(latent, self.truncation)
        fields = {name: value for name, value in known._asdict().items() if value is not None}
        return {"latent": latent, **fields}

    def make(self, rows: Rows, alive: Alive) -> Tensor:
        """Encoded samples (N, *shape)."""
        fields = {name: value for name, value in rows.items() if name != "latent"}
        return self.model.generate(rows["latent"], Condition(**fields))

    def answered(self, made: Tensor) -> Answer:
        """Samples in the form that was asked for."""
        return samples_as(self.form, self.model.domain, made, self.folder)


@dataclass(eq=False, kw_only=True)
class Translating:
    """One item made of another: `Model.translate`, in company."""

    model: Model
    name: str
    batch: int
    form: Form
    folder: Path
    source: Path
    """The server's own copy of what was sent."""
    extent: tuple[int, ...]
    mask: str = ""
    """The server's own copy of a picture, or words that were checked to be none of a file."""
    seed: int = 0
    reverse: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)
    around: Any = None

    @property
    def count(self) -> int:
        """A file is one item."""
        return 1

    @property
    def group(self) -> Hashable:
        """Items of one extent, told alike, share passes, whatever their seeds and masks."""
        told = repr(sorted(self.told.items()))
        return self.name, "translate", self.extent, self.reverse, told, self.stored

    @property
    def size(self) -> int:
        """Rows of a pass, by the extent of what comes out."""
        out = [side * self.model.scale for side in self.extent]
        return at_once(self.batch, CELLS, (1, *out))

    @property
    def stored(self) -> bool:
        """Whether the answer is what the domain stores, or an array of encoded numbers."""
        return self.form is not Form.ARRAY

    @property
    def entry_files(self) -> Files:
        """How what it starts from is read."""
        return files_of(self.model.ends(self.reverse)[0])

    def load(self) -> Rows:
        """The decoded item, its mask and its latent.

        Raises:
            InputError: what was sent cannot be used.
        """
        entry = self.model.ends(self.reverse)[0]
        opened = self.entry_files.open(self.source)
        if opened.stored.shape[1:] != self.extent:
            raise InputError("the file is damaged: it holds another extent than its header says.")
        mask = None
        if self.mask:
            mask = self.entry_files.masker(self.mask)(self.source, opened.stored)
        found = checked(self.model, entry, opened, mask)
        self.around = found.around
        latent = latents(self.seed, range(1), self.model.manifest.spec.latent)
        rows = {"source": found.source[None], "latent": latent}
        return rows if found.mask is None else {**rows, "mask": found.mask[None]}

    def make(self, rows: Rows, alive: Alive) -> Tensor:
        """Stored or encoded results (N, C, *space)."""
        return self.model.translate(
            rows["source"],
            mask=rows.get("mask"),
            style=rows["latent"],
            indices=[0] * len(rows["source"]),
            reverse=self.reverse,
            stored=self.stored,
            progress=lambda done, total: alive(),
            **self.told,
        )

    def answered(self, made: Tensor) -> Answer:
        """The result in the form that was asked for, with what goes around the model."""
        leaving = self.model.ends(self.reverse)[1]
        return translation_as(self.form, files_of(leaving), made, self.around, self.folder)


def files_of(domain: Any) -> Files:
    """How the domain's files go through a model.

    Raises:
        InputError: they do not.
    """
    found: Files | None = domain.files
    if found is None:
        raise InputError("this model works on no single files, so nothing can be sent to it.")
    return found


def region_of(words: str, space: int) -> str:
    """Words for what is missing, of items with so many dimensions of space.

    Raises:
        InputError: any that might be a file's name.
    """
    known = SPANS if space == 1 else PLACES
    if not known.fullmatch(words):
        form = "seconds such as 0.5-0.8" if space == 1 else "white or left,top,right,bottom"
        raise InputError(f"region must be {form}, not {words[:80]!r}; send a mask as a file.")
    return words
