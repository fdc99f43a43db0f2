"""Extractor: from samples to the feature vectors that scores compare."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sparring.core.errors import InputError, unknown


class Embedded(NamedTuple):
    """What an extractor says of N samples, on the CPU."""

    features: Tensor
    """(N, F) float32."""
    logits: Tensor | None = None
    """(N, classes) float32, where the extractor is a classifier of the data's own labels."""


Read = Callable[[Tensor], Embedded]
"""Float32 samples (N, *shape) to features and logits."""


@dataclass(frozen=True)
class Extractor:
    """A named, hashed map from samples in [-1, 1] to features, applied in batches of one size."""

    name: str
    digest: str
    """SHA-256 of the weights, or of the source code where there are none."""
    resize: str
    """How samples are brought to the size it reads."""
    read: Read
    batch: int = 256
    device: str | torch.device = "cpu"
    """Where samples are read."""
    lasting: bool = True
    """Whether the digest is of all that the features depend on, so that they may be kept."""
    tell: Callable[[int], None] = lambda count: None
    """Called with how many samples were read, each time that some were."""

    def on(self, device: str | torch.device) -> Extractor:
        """The same on another device."""
        return replace(self, device=device)

    def watched(self, total: int, progress: Callable[[str, int, int], None] | None) -> Extractor:
        """The same, telling `progress` how many of `total` samples it has read."""
        if progress is None:
            return self
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            progress("samples read", done, total)
            if done >= total:
                progress("scores and intervals", 0, 0)

        return replace(self, tell=tell)

    def features(self, samples: Tensor | Iterable[Tensor]) -> Tensor:
        """Samples (N, *shape) to features (N, F) float32; raises as `embed` does."""
        return self.embed(samples).features

    def classify(self, samples: Tensor | Iterable[Tensor]) -> Tensor | None:
        """Samples (N, *shape) to logits (N, classes), None where it knows no classes."""
        return self.embed(samples).logits

    def embed(self, samples: Tensor | Iterable[Tensor]) -> Embedded:
        """Features and logits of samples (N, *shape) or of an iterable of such batches.

        Raises:
            InputError: no samples, a wrong type or shape, or NaN among samples or features.
        """
        given = [samples] if isinstance(samples, Tensor) else samples
        with torch.inference_mode():
            found = [self._embed(batch) for whole in given for batch in whole.split(self.batch)]
        if not found:
            raise InputError("there are no samples to score.")
        logits = [part.logits for part in found if part.logits is not None]
        features = torch.cat([part.features for part in found])
        return Embedded(features, torch.cat(logits) if logits else None)

    def _embed(self, samples: Tensor) -> Embedded:
        if not samples.is_floating_point() or samples.ndim < 2:
            kind = f"{samples.dtype} {tuple(samples.shape)}"
            raise InputError(f"samples must be floats in [-1, 1], batch first, not {kind}.")
        if not bool(torch.isfinite(samples).all()):
            raise InputError("the samples hold NaN or infinity; the generator has diverged.")
        features, logits = self.read(samples.float().to(self.device))
        self.tell(len(samples))
        if features.ndim != 2 or len(features) != len(samples):
            shape = tuple(features.shape)
            raise InputError(f"{self.name} gave {shape} for {len(samples)} samples, not (N, F).")
        return Embedded(features.float().cpu(), None if logits is None else logits.float().cpu())


def custom(address: str) -> Extractor:
    """The user's own function "module:function": float32 samples (N, *shape) to features (N, F).

    Raises:
        InputError: no such module or function.
    """
    module_name, _, name = address.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(f"the extractor {address!r} cannot be imported: {error}.") from error
    found = getattr(module, name, None)
    if not callable(found):
        known = [n for n, value in vars(module).items() if callable(value)]
        raise unknown(f"function in {module_name}", name, known)
    return of_function(address, found)


def of_function(
    name: str, function: Callable[[Tensor], Tensor], resize: str = "its own"
) -> Extractor:
    """An extractor of a plain function: float32 samples (N, *shape) to features (N, F)."""

    def read(samples: Tensor) -> Embedded:
        features: Any = function(samples)
        if not isinstance(features, Tensor):
            kind = type(features).__name__
            raise InputError(f"the extractor must return a tensor (N, F), not a {kind}.")
        return Embedded(features)

    return Extractor(name, _source_digest(function), resize, read, lasting=False)


def _source_digest(function: Callable[[Tensor], Tensor]) -> str:
    """Of the module's source: the nearest there is to a hash of weights unknown to us."""
    try:
        source = inspect.getsource(importlib.import_module(function.__module__))
    except (OSError, TypeError):
        source = repr(function)
    return hashlib.sha256(source.encode()).hexdigest()
