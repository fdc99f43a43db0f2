"""The heads of patch-wise contrastive learning (Park et al., 2020, CUT)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.ranges import Size
from sparring.core.types import Spec
from sparring.networks.layers import initialise, positive


class Projector(nn.Module):
    """Sampled features (M, C_l) of each layer l to unit vectors (M, width).

    A two-layer perceptron for each layer (Park et al., 2020, section 3.2). They exist from the
    start, so that optimisers and checkpoints know them, for the layers that the generator
    returns with `features=True`.

    Args:
        spec: What is made; not read.
        channels: Channels C_l of each layer; the generator's own if none.
        width: Length of the unit vectors; 256 in the paper.
        generator: Whose features are read; it says its channels as `depths`.

    Raises:
        InputError: a setting out of range, or neither channels nor a generator that says them.
    """

    def __init__(
        self,
        spec: Spec,
        channels: tuple[Size, ...] = (),
        width: Size = 64,
        generator: nn.Module | None = None,
    ) -> None:
        super().__init__()
        channels = channels or getattr(generator, "depths", ())
        if not channels:
            raise InputError("a projector needs a generator that says its depths, or channels.")
        positive("channels", *channels)
        positive("width", width)
        self.channels = tuple(channels)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.ReLU(), nn.Linear(width, width))
            for count in channels
        )
        initialise(self, "kaiming", 0.0)

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Unit vectors (M_l, width) in float32, layer by layer.

        Raises:
            InputError: other layers than it was built for.
        """
        got = tuple(feature.shape[-1] for feature in features)
        if got != self.channels:
            raise InputError(f"this projector reads {self.channels} channels a layer, not {got}.")
        with full_precision(features[0]):
            pairs = zip(self.heads, features, strict=True)
            return tuple(F.normalize(head(precise(feature)), dim=1) for head, feature in pairs)
