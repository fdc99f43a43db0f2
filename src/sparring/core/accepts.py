"""What a network can be built for, in one value that checks and tests ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sparring.core.types import Spec


@dataclass(frozen=True, kw_only=True)
class Accepts:
    """What a network can be built for: it says so as its class's `accepts`."""

    space: frozenset[int] = frozenset({0, 1, 2, 3})
    """Dimensions of space that samples may have: 0 for points, 2 for pictures."""
    conditions: frozenset[str] = frozenset({"label", "vector", "tokens"})
    """Fields of a condition that it can be told."""
    needs: frozenset[str] = frozenset()
    """Those of them that it cannot be without."""
    blocks: bool = True
    """Whether samples may be made of blocks."""
    besides: Callable[[Spec], str] | None = None
    """Says of a spec that fits so far why it does not after all, likewise."""

    def refusal(self, spec: Spec) -> str:
        """Why a network cannot be built from the spec, in a few words; empty where it can."""
        if len(spec.shape) - 1 not in self.space:
            dimensions = " or ".join(map(str, sorted(self.space)))
            return f"works in {dimensions} dimensions of space, not on samples {spec.shape}"
        if spec.conditions - self.conditions:
            return f"can be told no {' and no '.join(sorted(spec.conditions - self.conditions))}"
        if self.needs - spec.conditions:
            return f"needs a {' and a '.join(sorted(self.needs - spec.conditions))}"
        if spec.blocks and not self.blocks:
            return "makes samples of one kind, not of blocks"
        return self.besides(spec) if self.besides else ""


ALL = Accepts(conditions=frozenset({"label", "vector", "tokens", "map"}))
"""What a network is taken to accept that does not say."""
