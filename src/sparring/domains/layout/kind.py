"""Layouts, as data offers them; pairs of pictures bring them along with a palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparring.core.part import Part
from sparring.data.kinds import Kind
from sparring.domains.image.options import OPTIONS

if TYPE_CHECKING:
    import numpy as np


class Shares:
    """What share of all pixels each class of layouts has."""

    def __init__(self, space: Part) -> None:
        self.classes: int = space.arguments["shape"][0]
        self.names = space.arguments.get("names") or [str(n) for n in range(self.classes)]
        self.pixels = [0] * self.classes

    def see(self, stored: np.ndarray) -> None:
        """Take note of layouts (N, 1, H, W)."""
        import numpy as np

        seen = np.bincount(stored.ravel(), minlength=self.classes)
        self.pixels = [a + int(b) for a, b in zip(self.pixels, seen, strict=False)]

    def found(self, what: str) -> tuple[list[tuple[str, str]], list[str]]:
        """The classes, largest first, and a warning of those unseen."""
        total = max(sum(self.pixels), 1)
        ranked = sorted(zip(self.pixels, self.names, strict=True), reverse=True)
        shares = ", ".join(f"{name} {100 * seen / total:.1f} %" for seen, name in ranked[:5])
        facts = [(f"classes of {what}s", shares + _more(self.classes))]
        unseen = [name for seen, name in ranked if not seen]
        if not unseen or not any(self.pixels):
            return facts, []
        listed = ", ".join(unseen[:5]) + _more(len(unseen))
        return facts, [f"no layout to train on shows {listed}, so that cannot be learnt."]


def _more(count: int) -> str:
    return f" and {count - 5} more" if count > 5 else ""


KIND = Kind(
    name="layouts",
    domain="sparring.domains.layout.domain:Layout",
    options=OPTIONS,
    finder=Shares,
)
