"""Where items come from: packs, folders, files, Hugging Face data sets and toys.

Names load when first used: readers live with their domains, which import this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparring.data.checks import CheckReport as CheckReport
    from sparring.data.checks import check as check
    from sparring.data.dataset import Dataset as Dataset
    from sparring.data.feed import Feed as Feed
    from sparring.data.feed import StreamFeed as StreamFeed
    from sparring.data.loading import load as load
    from sparring.data.pack import get as get
    from sparring.data.pack import packs as packs

_ROOMS = {
    "CheckReport": "checks",
    "Dataset": "dataset",
    "Feed": "feed",
    "StreamFeed": "feed",
    "check": "checks",
    "get": "pack",
    "load": "loading",
    "packs": "pack",
}
"""Public name -> its module here (PEP 562)."""

__all__ = ["CheckReport", "Dataset", "Feed", "StreamFeed", "check", "get", "load", "packs"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'sparring.data' has no attribute {name!r}")
    return getattr(importlib.import_module(f"sparring.data.{_ROOMS[name]}"), name)
