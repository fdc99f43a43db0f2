"""Answers: which media types a result can be had in, which one is asked for, and its bytes."""

from __future__ import annotations

import base64
import enum
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from torch import Tensor

from sparring.core.types import Domain, Files
from sparring.serving.limits import Refused

MEDIA = {".png": "image/png", ".wav": "audio/wav", ".csv": "text/csv"}
"""The first suffix of a domain's files -> its media type."""
OTHER = "application/octet-stream"
IN_MEMORY = 1 << 20
"""Bytes of an answer that are not read from the disk again as they are sent."""


class Form(enum.Enum):
    """What an answer looks like."""

    OWN = "own"
    """A file of the domain's kind."""
    PREVIEW = "preview"
    """One picture that shows all samples."""
    ARRAY = "array"
    """float32, as `sample --out x.npy` writes."""
    JSON = "json"


class Answer(NamedTuple):
    """Bytes, or an open file that nobody else can find."""

    content: bytes
    file: IO[bytes] | None = None
    length: int = 0


def forms_of_samples(domain: Domain, count: int) -> dict[str, Form]:
    """Media types that so many samples can be had in, the usual one first.

    Several pictures are one picture, as `sample --out x.png` draws; several sounds are no sound.
    """
    own = media_of(domain.suffixes[0])
    shown, array = {"image/png": Form.PREVIEW}, {"application/x-npy": Form.ARRAY}
    alone = {own: Form.OWN} if domain.many or count == 1 else {}
    first = alone or (shown if own == "image/png" else {})
    return {**first, "application/json": Form.JSON, **shown, **array, **first}


def forms_of_translation(domain: Domain, space: int) -> dict[str, Form]:
    """Media types of one result; what networks see as another thing has no array of its own."""
    own = {media_of(domain.suffixes[0]): Form.OWN, "application/json": Form.JSON}
    array = {"application/x-npy": Form.ARRAY} if len(domain.shape) == space + 1 else {}
    return {**own, **array}


def media_of(suffix: str) -> str:
    """The media type of files whose names end so."""
    return MEDIA.get(suffix, OTHER)


def chosen(accept: str, forms: Mapping[str, Form]) -> tuple[str, Form]:
    """The media type that the header Accept asks for, and its form.

    Raises:
        Refused: none of those that there are.
    """
    for wanted in _wanted(accept or "*/*"):
        for media, form in forms.items():
            if wanted in ("*/*", media, f"{media.partition('/')[0]}/*"):
                return media, form
    raise Refused(
        406, f"this can be had as {', '.join(forms)}, not as {accept[:200]!r}; mend Accept."
    )


def _wanted(accept: str) -> Iterator[str]:
    """Media ranges, the best liked first (RFC 9110, section 12.5.1); those of q=0 not at all."""
    liked: list[tuple[float, str]] = []
    for part in accept.lower().split(","):
        media, *parameters = (word.strip() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            liked.append((float(quality), media))
        except ValueError:
            continue
    return (media for quality, media in sorted(liked, key=lambda pair: -pair[0]) if quality > 0)


def samples_as(form: Form, domain: Domain, samples: Tensor, folder: Path) -> Answer:
    """Encoded samples (N, *shape) in a form."""
    if form is Form.ARRAY:
        return _array(samples, folder)
    if form is Form.PREVIEW:
        return _written(folder, ".png", lambda path: domain.preview(samples, path))
    stored = domain.decode(samples)
    if form is Form.JSON and domain.many:
        return _json({"samples": stored.tolist()}, folder)
    if form is Form.JSON:
        files = [_own(domain, one, folder) for one in stored]
        return _listed(media_of(domain.suffixes[0]), files, folder)
    return _own(domain, stored if domain.many else stored[0], folder)


def _own(domain: Domain, stored: Tensor, folder: Path) -> Answer:
    """A file of the domain's kind."""
    return _written(folder, domain.suffixes[0], lambda path: domain.write(stored, path))


def translation_as(form: Form, files: Files, made: Tensor, around: Any, folder: Path) -> Answer:
    """One result (1, C, *space), stored, or encoded where an array is asked for."""
    if form is Form.ARRAY:
        return _array(made, folder)
    suffix = files.named(Path("made")).removeprefix("made")
    whole = _written(folder, suffix, lambda path: files.write(made[0], path, around))
    return whole if form is Form.OWN else _listed(media_of(suffix), [whole], folder)


def _array(samples: Tensor, folder: Path) -> Answer:
    values = samples.numpy().astype(np.float32)
    if values.nbytes < IN_MEMORY:
        small = io.BytesIO()
        np.save(small, values)
        return Answer(small.getvalue(), None, small.tell())
    return _written(folder, ".npy", lambda path: np.save(path, values))


def _json(value: Mapping[str, Any], folder: Path) -> Answer:
    return _written(folder, ".json", lambda path: path.write_text(json.dumps(value)))


def _listed(media: str, files: Sequence[Answer], folder: Path) -> Answer:
    """Files in JSON, as text."""
    contents = [one.file.read() if one.file is not None else one.content for one in files]
    texts = [base64.b64encode(content).decode() for content in contents]
    return _json({"media": media, "samples": texts}, folder)


def _written(folder: Path, suffix: str, write: Callable[[Path], object]) -> Answer:
    """What is written to a file; a large one stays on the disk until it is sent, without a name."""
    path = folder / f"{uuid.uuid4().hex}{suffix}"
    try:
        write(path)
        length = path.stat().st_size
        if length <= IN_MEMORY:
            return Answer(path.read_bytes(), None, length)
        return Answer(b"", path.open("rb"), length)
    finally:
        path.unlink(missing_ok=True)
