"""Which extractor: by name, or the best one there is for the data."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import functional

from sparring.core.errors import InputError, unknown
from sparring.domains.image import judge, pretrained
from sparring.metrics.extractor import Embedded, Extractor

NAMES = ("auto", *judge.SHIPPED, "efficientnet", "inception", "pixels")
"""What `--extractor` takes, beside the address of a function."""
PIXELS = 144
"""Most cells that `pixels` keeps of each channel."""


def extractor(name: str = "auto", *, data_name: str, shape: tuple[int, ...]) -> Extractor:
    """The extractor of this name, for samples of this shape.

    Args:
        name: "digits", "fashion" (shipped judges), "efficientnet", "inception", "pixels",
            "module:function" of the user's own, or "auto": the judge of the pack, else
            EfficientNet-Lite0 for colour pictures where it is installed, else pixels.
        data_name: the data's name, as `Dataset.name`.
        shape: one sample, channels first.

    Raises:
        InputError: an unknown name (the nearest is named), or an extra that is not installed.
    """
    if name == "auto":
        name = _best(data_name, shape)
    if name in judge.SHIPPED:
        return judge.judge(name)
    if ":" in name:
        return custom(name)
    builders = {
        "efficientnet": pretrained.efficientnet,
        "inception": pretrained.inception,
        "pixels": pixels,
    }
    if name not in builders:
        raise unknown("extractor", name, (*NAMES, "module:function"))
    return builders[name]()


def pixels() -> Extractor:
    """No network at all: pictures averaged to at most 12 x 12 cells, points as they are.

    It sees layout, colour and coarse blur, but neither meaning nor texture.
    """
    digest = hashlib.sha256(f"pixels {PIXELS}".encode()).hexdigest()
    return Extractor("pixels", digest, f"mean over at most {PIXELS} cells", _cells)


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
    return Extractor(address, _source_digest(module_name, found), "its own", _reader(found))


def _best(data_name: str, shape: tuple[int, ...]) -> str:
    picture = len(shape) == 3
    if data_name in judge.SHIPPED and picture and shape[0] == 1:
        return data_name
    colour = picture and shape[0] in (3, 4)
    return "efficientnet" if colour and pretrained.efficientnet_installed() else "pixels"


def _cells(samples: Tensor) -> Embedded:
    space = samples.shape[2:]
    if not space:
        return Embedded(samples)
    if len(space) > 3:
        raise InputError(f"'pixels' cannot pool samples of shape {tuple(samples.shape[1:])}.")
    side = int(PIXELS ** (1 / len(space)) + 1e-9)
    pool = getattr(functional, f"adaptive_avg_pool{len(space)}d")
    return Embedded(pool(samples, [min(side, length) for length in space]).flatten(1))


def _reader(found: Callable[[Tensor], Any]) -> Callable[[Tensor], Embedded]:
    def read(samples: Tensor) -> Embedded:
        features = found(samples)
        if not isinstance(features, Tensor):
            kind = type(features).__name__
            raise InputError(f"the extractor must return a tensor (N, F), not a {kind}.")
        return Embedded(features)

    return read


def _source_digest(module_name: str, found: object) -> str:
    """Of the module's source: the nearest there is to a hash of weights unknown to us."""
    try:
        source = inspect.getsource(importlib.import_module(module_name))
    except (OSError, TypeError):
        source = repr(found)
    return hashlib.sha256(source.encode()).hexdigest()
