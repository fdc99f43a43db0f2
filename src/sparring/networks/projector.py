"""The heads of patch-wise contrastive learning (Park et al., 2020, CUT)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.errors import InputError
from sparring.core.precision import full_precision, precise
from sparring.core.types import Spec
from sparring.networks.layers import initialise, positive


class Projector(nn.Module):
    """Sampled features (M, C_l) of each layer l to unit vectors (M, width).

    A two-layer perceptron for each layer (Park et al., 2020, section 3.2). They exist from the
    start, so that optimisers and checkpoints know them: the recipe names the channels of the
    layers it samples, those that `translator.Generator` returns with `features=True`.

    Args:
        spec: What is made; not read.
        channels: Channels C_l of each layer.
        width: Length of the unit vectors; 256 in the paper.

    Raises:
        InputError: a setting out of range.
    """

    def __init__(self, spec: Spec, channels: tuple[int, ...], width: int = 64) -> None:
        super().__init__()
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
