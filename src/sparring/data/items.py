"""Stored items to encoded ones: samples and sources each by their own domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.core.types import Domain, Items

if TYPE_CHECKING:
    from torch import Tensor


def encode(items: Items, domain: Domain, source_domain: Domain | None = None) -> dict[str, Tensor]:
    """The items with "sample" and "source" as float32 tensors; what else is known is kept."""
    encoded = dict(items)
    for name, space in (("sample", domain), ("source", source_domain)):
        if name in encoded and space is not None:
            encoded[name] = space.encode(encoded[name])
    return encoded
