"""Embeddings of real items, kept in the cache: they are the same for every run on the data."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import read_tensors, write_tensors
from sparring.data import cache
from sparring.data.content import key_for
from sparring.metrics.extractor import Embedded, Extractor

MOST = 2 << 30
"""Bytes kept; those that were used the longest ago go first."""
WORTH = 1.0
"""Seconds that reading must have taken to be kept; less is not worth a file."""
ABANDONED = 3600.0
"""Seconds after which a file that nobody finished is cleared away."""


def embedded(samples: Tensor, reader: Extractor) -> Embedded:
    """What the extractor says of samples (N, *shape), read from the cache where it is known.

    Its name there is a hash of the samples themselves, as they are after decoding, resizing and
    encoding, and of all that the extractor's last bits depend on. Where the cache cannot be used it
    is done without.

    Raises:
        InputError: as `Extractor.embed`.
    """
    if not reader.lasting:
        return reader.embed(samples)
    path = _place(samples, reader)
    if path is None:
        return reader.embed(samples)
    known = _read(path, len(samples))
    if known is not None:
        reader.tell(len(samples))
        return known
    began = time.monotonic()
    found = reader.embed(samples)
    if time.monotonic() - began >= WORTH:
        with contextlib.suppress(InputError, OSError):
            _keep(path, found)
    return found


def _place(samples: Tensor, reader: Extractor) -> Path | None:
    content = samples.contiguous().cpu()
    digest = hashlib.blake2b(content.view(-1).view(torch.uint8).numpy().data, digest_size=16)
    facts = (tuple(samples.shape), str(samples.dtype), digest.hexdigest())
    how = (reader.name, reader.digest, reader.resize, reader.batch, _source(reader))
    with contextlib.suppress(InputError):
        return cache.folder("embeddings") / f"{key_for(facts, how, _machine(reader))}.safetensors"
    return None


def _source(reader: Extractor) -> str:
    """The code that reads, which may change before any version does."""
    try:
        return inspect.getsource(sys.modules[reader.read.__module__])
    except (KeyError, OSError, TypeError):
        return ""


def _machine(reader: Extractor) -> tuple[object, ...]:
    """What sums are rounded by: the library, the device, its kernels, and how many threads."""
    place = torch.device(reader.device)
    kind = torch.cuda.get_device_name(place) if place.type == "cuda" else ""
    capability = torch.backends.cpu.get_cpu_capability()
    return torch.__version__, place.type, kind, capability, torch.get_num_threads()


def _read(path: Path, count: int) -> Embedded | None:
    """What is kept there, if it is whole."""
    try:
        found = read_tensors(path)
        path.touch()  # used now
        known = Embedded(found["features"], found.get("logits"))
    except (InputError, OSError, KeyError):
        return None
    return known if len(known.features) == count else None


def _keep(path: Path, found: Embedded) -> None:
    tensors = {"features": found.features}
    tensors |= {} if found.logits is None else {"logits": found.logits}
    with cache.whole(path) as draft:
        write_tensors(draft, tensors)
    _bound(path.parent)


def _bound(folder: Path) -> None:
    """Clear away what is over the bound, and what was never finished."""
    there = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another process was faster
            facts = path.stat()
            if path.name.startswith(".") and time.time() - facts.st_mtime > ABANDONED:
                path.unlink()
            elif not path.name.startswith("."):
                there.append((facts.st_mtime, facts.st_size, path))
    total = 0
    for _, size, path in sorted(there, reverse=True):
        total += size
        if total > MOST:
            path.unlink(missing_ok=True)
